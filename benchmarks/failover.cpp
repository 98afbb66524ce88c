#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>

#include "gaps.hpp"

namespace parley::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto settle = 500ms;    // of undisturbed writing before each kill
constexpr auto observe = 3s;      // after the kill, for the gap to show
constexpr auto worth_telling = 100ms;   // the bar: whoever looks into it finds the moment in the nodes' logs

void tell(NodeId leader, Duration gap) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::fprintf(stderr, "node %u was killed 3 s before %02d:%02d:%02d UTC: %lld ms without an acknowledged write\n",
               leader.value, utc.tm_hour, utc.tm_min, utc.tm_sec,
               static_cast<long long>(std::chrono::duration_cast<milliseconds>(gap).count()));
}

awaitable<void> one_kill(Run run, Writers& writers, Samples& overall, Samples& single) {
  auto& cluster = run.cluster.cluster();
  const NodeId leader = co_await run.cluster.leader();
  writers.begin();
  co_await cluster.pause(settle);
  writers.forget();
  const TimePoint from = run.cluster.clock().now();
  co_await cluster.pause(settle);
  require(cluster.supervisor().kill(leader));
  co_await cluster.pause(observe);
  const TimePoint to = run.cluster.clock().now();
  co_await writers.end();
  const Duration gap = longest_gap_overall(writers, from, to);
  if (gap > worth_telling) tell(leader, gap);
  overall.add(gap);
  single.add(longest_gap_of_one(writers, from, to));
  co_await cluster.supervisor().wait_until_ended(leader);
  require(cluster.supervisor().start(leader));
  const bool back = co_await cluster.caught_up(20s);
  if (!back) throw std::runtime_error("a killed leader did not come back in time");
}

awaitable<void> measure(Run run) {
  Writers writers = spread_writers(run);
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

Report measure_failover(const BenchOptions& options) { return measured("failover", options, measure); }

}  // namespace parley::bench
