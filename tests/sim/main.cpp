// parley-sim: docs/TESTING.md, "The simulated world".
#include <malloc.h>

#include <cstdio>
#include <exception>

#include "sim/fault_plan.hpp"
#include "sim/options.hpp"
#include "sim/pool.hpp"
#include "sim/report.hpp"
#include "sim/shrink.hpp"

namespace parley::sim {
namespace {

constexpr int heap_kept = 1024 * 1024 * 1024;
constexpr int heap_step = 16 * 1024 * 1024;

class Program {
 public:
  explicit Program(SimOptions options) : options_(std::move(options)) {}

  int main() {
    if (options_.run.trace != RunOptions::Trace::none) {   // what is told is told in the order in which it happens
      RunResult result = run(options_.run);
      took(options_.run.seed, result);
    } else {
      const OnResult on_result = [this](std::uint64_t seed, const RunResult& result) { return took(seed, result); };
      run_in_processes(options_.run, options_.last_seed, options_.jobs, on_result);
    }
    if (options_.json) std::printf("%s\n", totals_.json().c_str());
    else std::printf("%s", totals_.text().c_str());
    return failed_ ? 1 : 0;
  }

 private:
  bool took(std::uint64_t seed, const RunResult& result) {
    totals_.add(result);
    if (options_.json) std::printf("%s\n", to_json(seed, result).c_str());
    else if (!options_.quiet) std::printf("%s\n", to_line(seed, result).c_str());
    else if (totals_.runs() % 100 == 0) std::printf("... up to seed %llu: %s", number(seed), totals_.text().c_str());
    std::fflush(stdout);
    RunOptions run = options_.run;
    run.seed = seed;
    run.trace = RunOptions::Trace::none;
    if (result.violation) {
      failed_ = true;
      tell_violation(run, result);
      return options_.keep_going;
    }
    return !options_.verify_determinism || same_again(run, result);
  }

  void tell_violation(const RunOptions& run, const RunResult& result) {
    std::printf("\nVIOLATION of seed %llu, found by judge \"%s\":\n  %s\nReplay it:\n  %s\n", number(run.seed),
                result.violation->judge.c_str(), result.violation->text.c_str(),
                replay_command(run, options_.faults).c_str());
    std::fflush(stdout);
    if (!options_.shrink) return;
    RunOptions smallest = run;
    RunResult whole = result;
    if (whole.planned == 0) whole.planned = make_plan_of(run).events.size();   // it died before it could say
    const Shrunk shrunk = shrink(run, whole, run_in_process);
    smallest.only = shrunk.events;
    std::printf("\nSmallest schedule after %zu attempts: %zu of %zu faults, and still: %s\n", shrunk.attempts,
                shrunk.events.size(), whole.planned, shrunk.violation.text.c_str());
    for (const FaultEvent& event : make_plan_of(run).events) {
      if (shrunk.events.contains(event.number)) std::printf("  %s\n", describe(event).c_str());
    }
    std::printf("Replay it:\n  %s\n", replay_command(smallest, options_.faults).c_str());
    std::fflush(stdout);
  }

  static FaultPlan make_plan_of(const RunOptions& run) {
    return make_plan(run.seed, run.nodes, run.faults, phase_of(run));
  }

  bool same_again(const RunOptions& run, const RunResult& first) {
    const RunResult second = run_in_process(run);
    if (second.hash == first.hash) return true;
    failed_ = true;
    std::printf("\nNOT DETERMINISTIC: seed %llu gave trace hash %s, then %s\n  %s\n", number(run.seed),
                first.hash.c_str(), second.hash.c_str(), replay_command(run, options_.faults).c_str());
    return options_.keep_going;
  }

  static unsigned long long number(std::uint64_t value) { return value; }

  SimOptions options_;
  Totals totals_;
  bool failed_ = false;
};

}  // namespace
}  // namespace parley::sim

int main(int argc, char** argv) {
  // Runs take and give back the same few megabytes all the time: not from and to the kernel.
  mallopt(M_TRIM_THRESHOLD, parley::sim::heap_kept);
  mallopt(M_MMAP_THRESHOLD, parley::sim::heap_kept);
  mallopt(M_TOP_PAD, parley::sim::heap_step);
  try {
    auto parsed = parley::sim::parse_options(argc, argv);
    if (const int* code = std::get_if<int>(&parsed)) return *code;
    return parley::sim::Program(std::move(std::get<parley::sim::SimOptions>(parsed))).main();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "parley-sim: %s\n", error.what());
    return 1;
  }
}
