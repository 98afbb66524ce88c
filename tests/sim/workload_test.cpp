// People at work on a small cluster whose leaders lose their power, and the judges looking on: nothing is found, and
// enough has happened for that to mean something.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/judges.hpp"
#include "sim/workload.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

struct Outcome {
  std::optional<Violation> violation;
  Counters counters;
  std::uint64_t operations = 0;
  Digest trace;
  std::string outstanding;
};

// People for `time`, a leader's power cut every `crash_every`; then everybody comes to rest.
Outcome run(std::uint64_t seed, Duration time, Duration crash_every) {
  SimCluster cluster(seed, 3);
  World& world = cluster.world();
  History history;
  Judges judges(cluster, history);
  Workload workload(cluster, seed * 31, WorkloadOptions(), history);
  Outcome result;
  world.after_each_step([&] {
    if (result.violation) return;
    result.violation = judges.after_step();
    if (result.violation) world.stop();
  });
  cluster.run_until_leader(30s);
  workload.begin();
  for (const TimePoint end = world.now() + time; world.now() < end && !result.violation;) {
    world.run_for(crash_every);
    SimNode* leader = cluster.leader();
    if (leader == nullptr || world.now() >= end) continue;
    judges.before_crash(leader->id());
    leader->crash();
    world.run_for(1s);
    leader->start();
    judges.node_restarted(leader->id());
  }
  workload.stop();
  world.run_until([&] { return workload.settled(); }, 120s);
  result.outstanding = workload.outstanding();
  cluster.run_until_equal(30s);
  world.run_for(6s);
  if (!result.violation) result.violation = judges.at_end();
  result.counters = judges.counters();
  result.operations = workload.operations();
  result.trace = world.trace_digest();
  world.after_each_step({});
  return result;
}

std::string told(const Outcome& run) { return run.violation ? run.violation->judge + ": " + run.violation->text : ""; }

TEST(Workload, LeadersDieWhilePeopleTalkAndEverythingHolds) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Outcome result = run(seed, 60s, 7s);
    EXPECT_EQ(told(result), "") << "seed " << seed;
    EXPECT_EQ(result.outstanding, "") << "seed " << seed;
    EXPECT_GE(result.operations, 800U) << "seed " << seed;
    EXPECT_GE(result.counters.leader_crashes, 5U) << "seed " << seed;
    EXPECT_GE(result.counters.elections, result.counters.leader_crashes) << "seed " << seed;
    EXPECT_GE(result.counters.messages, 150U) << "seed " << seed;
    EXPECT_GE(result.counters.pushes, 300U) << "seed " << seed;
  }
}

TEST(Workload, TheSameSeedGivesTheSameWork) {
  const Outcome first = run(5, 20s, 6s);
  const Outcome second = run(5, 20s, 6s);
  EXPECT_EQ(first.trace, second.trace);
  EXPECT_EQ(first.operations, second.operations);
  EXPECT_EQ(first.counters.pushes, second.counters.pushes);
  EXPECT_NE(first.trace, run(6, 20s, 6s).trace);
}

}  // namespace
}  // namespace parley::sim
