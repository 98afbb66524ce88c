#include <algorithm>
#include <fstream>

#include "gaps.hpp"
#include "sent.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto settle = 300ms;              // of undisturbed writing before each stop
constexpr const char* bound_event = "stop_cut_short";   // in a node's log: a planned stop that took its bound

struct Found {
  Samples overall, single, leaders, stops, returns;
  std::size_t moved = 0;                    // connections that the stops broke
};

awaitable<void> one_stop(Run run, Writers& writers, NodeId node, Found& found) {
  auto& cluster = run.cluster.cluster();
  net::Clock& clock = run.cluster.clock();
  co_await cluster.pause(settle);
  const NodeId leader = co_await run.cluster.leader();
  writers.forget();
  for (const auto& writer : writers.all()) found.moved += writer->node() == node ? 1U : 0U;
  const TimePoint from = clock.now();
  require(cluster.supervisor().stop(node));
  co_await cluster.supervisor().wait_until_ended(node);
  const TimePoint ended = clock.now();
  require(cluster.supervisor().start(node));
  co_await until_whole(run);
  found.returns.add(clock.now() - ended);
  co_await cluster.pause(settle);
  const TimePoint to = clock.now();
  const Duration gap = longest_gap_overall(writers, from, to);
  found.overall.add(gap);
  if (node == leader) found.leaders.add(gap);
  found.single.add(longest_gap_of_one(writers, from, to));
  found.stops.add(ended - from);
}

std::size_t cut_short(BenchCluster& cluster) {
  std::size_t count = 0;
  for (const auto& node : cluster.cluster().layout().nodes) {
    std::ifstream log(cluster.cluster().supervisor().log_file(node.id));
    for (std::string line; std::getline(log, line);) count += line.find(bound_event) != std::string::npos ? 1U : 0U;
  }
  return count;
}

awaitable<void> judge(Run run, Writers& writers) {
  const SentCounts sent = co_await count_sent(run.cluster, writers);
  const std::size_t failed = writers.failed_ever();
  run.report.add("acknowledged", "acknowledged", static_cast<double>(sent.acknowledged), "");
  run.report.add("failed", "failed", static_cast<double>(failed), "");
  run.report.add("lost", "lost", static_cast<double>(sent.lost), "");
  run.report.add("doubled", "doubled", static_cast<double>(sent.doubled), "");
  if (failed > 0) run.report.fail("a send failed");
  if (sent.lost > 0) run.report.fail("a send that was acknowledged is not in the room");
  if (sent.doubled > 0) run.report.fail("a send is in the room more than once");
}

awaitable<void> measure(Run run) {
  Writers writers = spread_writers(run);
  co_await writers.arrive();
  writers.begin();
  Found found;
  for (std::size_t round = 0; round < run.options.rounds; ++round) {
    for (const auto& node : run.cluster.cluster().layout().nodes) co_await one_stop(run, writers, node.id, found);
  }
  co_await writers.end();
  run.report.add("planned stops", "stops", static_cast<double>(found.stops.count()), "");
  run.report.add("longest time without any acknowledged write", "gap", found.overall);
  run.report.add("the same, when the leader was stopped", "leader_gap", found.leaders);
  run.report.add("longest time of any single writer", "single_gap", found.single);
  run.report.add("from SIGTERM to the end of the process", "stop", found.stops);
  run.report.add("from its start to a voter that is caught up", "return", found.returns);
  run.report.add("stops that took their bound", "stops_cut_short", static_cast<double>(cut_short(run.cluster)), "");
  run.report.add("connections that had to move", "moved", static_cast<double>(found.moved), "");
  co_await judge(run, writers);
  co_await writers.leave();
}

}  // namespace

Report measure_rolling(const BenchOptions& options) { return measured("rolling", options, measure); }

}  // namespace parley::bench
