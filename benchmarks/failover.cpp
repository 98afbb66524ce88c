#include <algorithm>
#include <stdexcept>

#include "measurements.hpp"
#include "writer.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t writers_count = 8;
constexpr milliseconds client_retry{5};
constexpr auto settle = 500ms;    // of undisturbed writing before each kill
constexpr auto observe = 3s;      // after the kill, for the gap to show

struct Run {
  BenchCluster& cluster;
  const BenchOptions& options;
  Report& report;
};

// The longest time between two neighbours; times in order.
Duration longest_gap(const std::vector<TimePoint>& times) {
  Duration longest = Duration::zero();
  for (std::size_t i = 1; i < times.size(); ++i) longest = std::max(longest, Duration(times[i] - times[i - 1]));
  return longest;
}

Duration longest_gap_overall(Writers& writers) {
  std::vector<TimePoint> all;
  for (const auto& writer : writers.all()) {
    all.insert(all.end(), writer->acknowledged_at().begin(), writer->acknowledged_at().end());
  }
  std::sort(all.begin(), all.end());
  return longest_gap(all);
}

Duration longest_gap_of_one(Writers& writers) {
  Duration longest = Duration::zero();
  for (const auto& writer : writers.all()) longest = std::max(longest, longest_gap(writer->acknowledged_at()));
  return longest;
}

awaitable<void> one_kill(Run run, Writers& writers, Samples& overall, Samples& single) {
  auto& cluster = run.cluster.cluster();
  const NodeId leader = co_await run.cluster.leader();
  writers.begin();
  co_await cluster.pause(settle);
  writers.forget();
  co_await cluster.pause(settle);
  const auto killed = cluster.supervisor().kill(leader);
  if (!killed.ok()) throw std::runtime_error(killed.error().message);
  co_await cluster.pause(observe);
  co_await writers.end();
  overall.add(longest_gap_overall(writers));
  single.add(longest_gap_of_one(writers));
  co_await cluster.supervisor().wait_until_ended(leader);
  const auto started = cluster.supervisor().start(leader);
  if (!started.ok()) throw std::runtime_error(started.error().message);
  const bool back = co_await cluster.caught_up(20s);
  if (!back) throw std::runtime_error("a killed leader did not come back in time");
}

awaitable<void> measure(Run run) {
  std::vector<NodeId> homes;
  for (const auto& node : run.cluster.cluster().layout().nodes) homes.push_back(node.id);
  Writer::Options pattern;
  pattern.name = "writer";
  pattern.text_bytes = run.options.text_bytes;
  pattern.retry = client_retry;
  Writers writers(run.cluster, writers_count, pattern, homes);
  co_await writers.arrive();
  Samples overall, single;
  for (std::size_t i = 0; i < run.options.kills; ++i) co_await one_kill(run, writers, overall, single);
  run.report.add("leaders killed", "kills", static_cast<double>(run.options.kills), "");
  run.report.add("longest time without any acknowledged write", "gap", overall);
  run.report.add("longest time of any single writer", "single_gap", single);
  run.report.add("failed", "failed", static_cast<double>(writers.failed()), "");
  co_await writers.leave();
}

}  // namespace

Report measure_failover(const BenchOptions& options) {
  Report report("failover");
  BenchCluster cluster(options);
  Run run{cluster, options, report};
  cluster.run([&run] { return measure(run); });
  return report;
}

}  // namespace parley::bench
