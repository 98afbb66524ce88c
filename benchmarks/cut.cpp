#include <map>

#include "gaps.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto settle = 500ms;    // of undisturbed writing before each cut
constexpr auto observe = 3s;      // after it, for the gap to show

awaitable<void> one_cut(Run run, Writers& writers, Samples& elsewhere, Samples& at_leader) {
  auto& cluster = run.cluster.cluster();
  const NodeId leader = co_await run.cluster.leader();
  co_await cluster.pause(settle);
  writers.forget();
  std::map<const Writer*, NodeId> place;
  for (const auto& writer : writers.all()) place[writer.get()] = writer->node();
  const TimePoint from = run.cluster.clock().now();
  require(cluster.supervisor().cut(leader));
  co_await cluster.pause(observe);
  const TimePoint to = run.cluster.clock().now();
  const auto outside = [&place, leader](const Writer& writer) { return place.at(&writer) != leader; };
  elsewhere.add(longest_gap_overall(writers, from, to, outside));
  for (const auto& writer : writers.all()) {
    if (outside(*writer)) continue;
    const auto itself = [&writer](const Writer& one) { return &one == writer.get(); };
    at_leader.add(longest_gap_of_one(writers, from, to, itself));
  }
  cluster.supervisor().heal();
  co_await until_whole(run);
}

awaitable<void> measure(Run run) {
  Writers writers = spread_writers(run);
  co_await writers.arrive();
  writers.begin();
  Samples elsewhere, at_leader;
  for (std::size_t i = 0; i < run.options.cuts; ++i) co_await one_cut(run, writers, elsewhere, at_leader);
  co_await writers.end();
  run.report.add("leaders cut off", "cuts", static_cast<double>(run.options.cuts), "");
  run.report.add("longest time without a write acknowledged to a client of the other nodes", "gap", elsewhere);
  run.report.add("longest time of each client of the leader that was cut off", "gap_at_leader", at_leader);
  run.report.add("failed", "failed", static_cast<double>(writers.failed_ever()), "");
  co_await writers.leave();
}

}  // namespace

Report measure_cut(const BenchOptions& options) {
  Report report("cut");
  BenchCluster cluster(options);
  Run run{cluster, options, report};
  cluster.run([&run] { return measure(run); });
  return report;
}

}  // namespace parley::bench
