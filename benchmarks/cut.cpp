#include <algorithm>
#include <map>

#include "gaps.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto settle = 500ms;    // of undisturbed writing before each cut
constexpr auto observe = 4s;      // after it, for the gap to show
constexpr std::size_t ordinary_writers = 4;

// Of those who are at another node than the one that is cut off, those who stay at it, and those who follow the leader
// as people's clients do.
struct Gaps {
  Samples elsewhere, single, staying, ordinary;
};

awaitable<void> one_cut(Run run, Writers& writers, Writers& ordinary, Gaps& gaps) {
  auto& cluster = run.cluster.cluster();
  const NodeId leader = co_await run.cluster.leader();
  co_await cluster.pause(settle);
  writers.forget();
  ordinary.forget();
  std::map<const Writer*, NodeId> place;
  for (const auto& writer : writers.all()) place[writer.get()] = writer->node();
  const TimePoint from = run.cluster.clock().now();
  require(cluster.supervisor().cut(leader));
  co_await cluster.pause(observe);
  const TimePoint to = run.cluster.clock().now();
  const auto outside = [&place, leader](const Writer& writer) { return place.at(&writer) != leader; };
  const auto any = [&writers](const WriterFilter& which) {
    return std::ranges::any_of(writers.all(), [&](const auto& writer) { return which(*writer); });
  };
  if (any(outside)) {
    gaps.elsewhere.add(longest_gap_overall(writers, from, to, outside));
    gaps.single.add(longest_gap_of_one(writers, from, to, outside));
  }
  gaps.ordinary.add(longest_gap_of_one(ordinary, from, to));
  const auto inside = [&outside](const Writer& writer) { return !outside(writer); };
  if (any(inside)) gaps.staying.add(longest_gap_of_one(writers, from, to, inside));
  cluster.supervisor().heal();
  co_await until_whole(run);
}

awaitable<void> measure(Run run) {
  Writers writers = spread_writers(run);
  co_await writers.arrive();
  writers.begin();
  Writer::Options pattern;
  pattern.name = "ordinary";
  pattern.text_bytes = run.options.text_bytes;
  Writers ordinary(run.cluster, ordinary_writers, pattern);
  co_await ordinary.arrive();
  ordinary.begin();
  Gaps gaps;
  for (std::size_t i = 0; i < run.options.cuts; ++i) co_await one_cut(run, writers, ordinary, gaps);
  co_await writers.end();
  co_await ordinary.end();
  run.report.add("leaders cut off", "cuts", static_cast<double>(run.options.cuts), "");
  run.report.add("longest time without a write acknowledged to a client of the other nodes", "gap", gaps.elsewhere);
  run.report.add("longest time of any single client of the other nodes", "single_gap", gaps.single);
  run.report.add("longest time of any client that follows the leader", "ordinary_gap", gaps.ordinary);
  run.report.add("longest time of any client that stays at the one that was cut off", "staying_gap", gaps.staying);
  run.report.add("failed", "failed", static_cast<double>(writers.failed_ever() + ordinary.failed_ever()), "");
  co_await writers.leave();
  co_await ordinary.leave();
}

}  // namespace

Report measure_cut(const BenchOptions& options) { return measured("cut", options, measure); }

}  // namespace parley::bench
