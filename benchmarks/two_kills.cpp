#include <algorithm>
#include <functional>
#include <optional>

#include "gaps.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto settle = 500ms;     // of undisturbed writing before each try
constexpr auto observe = 2s;       // after the second kill; only then are both started again
// What is acknowledged so soon after the second kill may owe it to what that node said before.
constexpr auto last_words = 100ms;

struct Step {
  milliseconds apart{};
  std::size_t survived = 0;
  Samples gaps;                    // of the tries that were survived
};

awaitable<void> one_try(Run run, Writers& writers, Step& step) {
  auto& cluster = run.cluster.cluster();
  net::Clock& clock = run.cluster.clock();
  const NodeId leader = co_await run.cluster.leader();
  std::vector<NodeId> followers;
  for (const auto& node : cluster.layout().nodes) {
    if (node.id != leader) followers.push_back(node.id);
  }
  co_await cluster.pause(settle);
  writers.forget();
  const TimePoint from = clock.now();
  require(cluster.supervisor().kill(followers.at(0)));
  co_await cluster.supervisor().wait_until_ended(followers.at(0));   // on a busy machine even that takes a while
  co_await cluster.pause(step.apart);
  require(cluster.supervisor().kill(followers.at(1)));
  const TimePoint second = clock.now();
  co_await cluster.pause(observe);
  const TimePoint to = clock.now();
  const auto goes_on = [&](const auto& writer) {
    const auto& times = writer->acknowledged_at();
    return !times.empty() && times.back() > second + last_words;
  };
  if (std::ranges::any_of(writers.all(), goes_on)) {
    ++step.survived;
    step.gaps.add(longest_gap_overall(writers, from, to));
  }
  for (const NodeId node : followers) {
    co_await cluster.supervisor().wait_until_ended(node);
    require(cluster.supervisor().start(node));
  }
  co_await until_whole(run);
}

awaitable<void> measure(Run run, Step& step) {
  Writers writers = spread_writers(run);
  co_await writers.arrive();
  writers.begin();
  for (std::size_t i = 0; i < run.options.tries; ++i) co_await one_try(run, writers, step);
  co_await writers.end();
  if (writers.failed_ever() > 0) run.report.fail("a send failed");
  co_await writers.leave();
}

void add(Report& report, const Step& step, std::size_t tries) {
  const std::string apart = std::to_string(step.apart.count());
  const std::string label = apart + " ms apart: went on, of " + std::to_string(tries) + " tries";
  report.add(label, "survived_" + apart, static_cast<double>(step.survived), "");
  if (step.gaps.count() == 0) return;
  report.add(apart + " ms apart: longest time without any acknowledged write", "gap_" + apart, step.gaps);
}

}  // namespace

// A cluster for each distance: a node that falls out again and again is taken back ever later.
Report measure_two_kills(const BenchOptions& options) {
  Report report("two-kills");
  std::vector<std::size_t> distances = options.apart;
  std::ranges::sort(distances, std::greater<>());
  std::optional<std::size_t> smallest;
  bool all = true;
  BenchOptions three = options;
  three.nodes = 3;
  for (const std::size_t apart : distances) {
    Step step;
    step.apart = milliseconds(apart);
    BenchOptions own = three;
    if (!own.directory.empty()) own.directory /= std::to_string(apart);
    BenchCluster cluster(own);
    Run run{cluster, options, report};
    cluster.run([&run, &step] { return measure(run, step); });
    add(report, step, options.tries);
    all = all && step.survived == options.tries;
    if (all) smallest = apart;
  }
  if (smallest) {
    report.add("smallest distance that was always survived", "smallest_ms", static_cast<double>(*smallest), "ms");
  }
  return report;
}

}  // namespace parley::bench
