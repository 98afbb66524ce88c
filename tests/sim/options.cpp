#include "sim/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace parley::sim {
namespace {

void list_faults() {
  std::printf("%-18s %-20s %s\n", "name", "RELIABILITY.md", "what");
  for (const FaultInfo& row : fault_table()) {
    std::printf("%-18s %-20s %s\n", std::string(row.name).c_str(), std::string(row.ids).c_str(),
                std::string(row.text).c_str());
  }
}

// "17" or "1..1000".
bool parse_seeds(const std::string& text, SimOptions& options) {
  std::size_t used = 0;
  try {
    options.run.seed = options.last_seed = std::stoull(text, &used);
    if (used == text.size()) return true;
    if (text.compare(used, 2, "..") != 0) return false;
    const std::string last = text.substr(used + 2);
    options.last_seed = std::stoull(last, &used);
    return used == last.size() && options.last_seed >= options.run.seed;
  } catch (const std::exception&) {
    return false;
  }
}

std::set<std::size_t> numbers(const std::vector<std::size_t>& list) { return {list.begin(), list.end()}; }

int usage_error(const std::string& text) {
  std::fprintf(stderr, "parley-sim: %s\n", text.c_str());
  return 2;
}

}  // namespace

std::variant<SimOptions, int> parse_options(int argc, const char* const* argv) {
  SimOptions options;
  std::string seeds = "1";
  std::vector<std::size_t> only;
  bool list = false;
  bool trace = false;
  bool trace_all = false;
  CLI::App app("Runs whole Parley clusters in a simulated world, under faults, from a seed each.", "parley-sim");
  app.add_option("--seed,--seeds", seeds, "One seed, or a range: 1..1000")->capture_default_str();
  app.add_option("--minutes", options.run.minutes, "Virtual minutes with faults")->capture_default_str();
  app.add_option("--nodes", options.run.nodes, "3 or 5")->check(CLI::IsMember({3, 5}))->capture_default_str();
  app.add_option("--faults", options.faults, "all, none, or names; -name takes one away")->capture_default_str();
  app.add_option("--only", only, "Carry out only these events of the plan")->delimiter(',');
  app.add_option("--people", options.run.workload.people, "Who talks")->capture_default_str();
  app.add_option("--rate", options.run.workload.operations_per_second, "Their operations a second")
      ->capture_default_str();
  app.add_option("--jobs,-j", options.jobs, "Processes")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_flag("--trace", trace, "Print what happens");
  app.add_flag("--trace-all", trace_all, "... every message on every cable, too");
  app.add_flag("--shrink", options.shrink, "At a violation: look for the smallest schedule that still fails");
  app.add_flag("--verify-determinism", options.verify_determinism, "Run each seed twice and compare");
  app.add_flag("--keep-going", options.keep_going, "Go on with the next seed after a violation");
  app.add_flag("--quiet", options.quiet, "A line for every hundred seeds");
  app.add_flag("--json", options.json, "A JSON object a seed, then one of totals");
  app.add_flag("--list-faults", list, "Name all faults");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (list) {
    list_faults();
    return 0;
  }
  if (!parse_seeds(seeds, options)) return usage_error("--seed takes a number or a range like 1..1000");
  auto faults = parse_faults(options.faults);
  if (!faults.ok()) return usage_error(faults.error().message);
  options.run.faults = std::move(*faults);
  if (!only.empty()) options.run.only = numbers(only);
  if (trace) options.run.trace = RunOptions::Trace::readable;
  if (trace_all) options.run.trace = RunOptions::Trace::full;
  return options;
}

std::string replay_command(const RunOptions& run, const std::string& faults) {
  const WorkloadOptions usual;
  char minutes[32];
  std::snprintf(minutes, sizeof minutes, "%g", run.minutes);
  std::string command = "parley-sim --seed " + std::to_string(run.seed) + " --minutes " + minutes + " --nodes " +
                        std::to_string(run.nodes) + " --faults " + faults;
  if (run.workload.people != usual.people) command += " --people " + std::to_string(run.workload.people);
  if (run.workload.operations_per_second != usual.operations_per_second) {
    command += " --rate " + std::to_string(run.workload.operations_per_second);
  }
  if (run.only) {
    command += " --only ";
    if (run.only->empty()) command += "999999";   // no plan has so many
    bool first = true;
    for (const std::size_t number : *run.only) {
      command += (first ? "" : ",") + std::to_string(number);
      first = false;
    }
  }
  return command + " --trace";
}

}  // namespace parley::sim
