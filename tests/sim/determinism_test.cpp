// Three production nodes and a production client in the simulated world: the same seed gives the same history, byte for
// byte, and what was acknowledged is there on every node.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/cluster.hpp"
#include "sim/run.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

struct History {
  std::vector<std::string> lines;
  Digest digest;
  std::size_t acknowledged = 0;
  std::size_t received = 0;
  std::size_t leader_crashes = 0;
};

// Ten minutes: a client sends all the while, the leader loses its power every minute, and a follower is cut off.
History ten_minutes(std::uint64_t seed) {
  SimCluster cluster(seed, 3);
  World& world = cluster.world();
  world.keep_trace(true);
  History history;
  EXPECT_TRUE(cluster.run_until_leader(30s));
  SimClient& anna = cluster.add_client("anna");
  anna.begin("#ops", 250ms);
  for (int minute = 0; minute < 10; ++minute) {
    world.run_for(20s);
    if (SimNode* leader = cluster.leader()) {
      leader->crash();
      ++history.leader_crashes;
      world.run_for(5s);
      leader->start();
    }
    world.run_for(10s);
    cluster.fabric().part_both(1, 2);
    cluster.fabric().part_both(1, 3);
    world.run_for(5s);
    cluster.fabric().heal();
    world.run_for(20s);
  }
  anna.finish();
  EXPECT_TRUE(world.run_until([&anna] { return anna.under_way() == 0; }, 60s));
  EXPECT_TRUE(cluster.run_until_equal(60s));
  world.run_for(5s);
  history.lines = world.trace_lines();
  history.digest = world.trace_digest();
  history.acknowledged = anna.acknowledged().size();
  history.received = anna.received().size();
  for (std::size_t i = 0; i < anna.received().size(); ++i) {   // told its own messages: each once, in order
    EXPECT_EQ(anna.received()[i].number, i + 1);
  }
  return history;
}

TEST(Determinism, TheSameSeedGivesTheSameTenMinutesByteForByte) {
  const History first = ten_minutes(7);
  const History second = ten_minutes(7);
  EXPECT_GT(first.acknowledged, 1500U);
  EXPECT_EQ(first.received, first.acknowledged);
  EXPECT_GE(first.leader_crashes, 9U);
  EXPECT_EQ(first.digest, second.digest);
  ASSERT_EQ(first.lines.size(), second.lines.size());
  const auto differing = std::mismatch(first.lines.begin(), first.lines.end(), second.lines.begin());
  ASSERT_EQ(differing.first, first.lines.end()) << *differing.first << "\n" << *differing.second;
}

TEST(Determinism, AnotherSeedGivesAnotherHistory) {
  const auto brief = [](std::uint64_t seed) {
    SimCluster cluster(seed, 3);
    cluster.world().run_for(10s);
    return cluster.world().trace_digest();
  };
  EXPECT_EQ(brief(1), brief(1));
  EXPECT_NE(brief(1), brief(2));
}

// With all faults, each time in the same process: nothing of an earlier run may show in a later one.
TEST(Determinism, ASeedGivesTheSameTraceAHundredTimesOfAHundred) {
  RunOptions options;
  options.seed = 11;
  options.minutes = 0.1;
  options.faults = *parse_faults("all");
  const std::string first = run(options).hash;
  for (int again = 2; again <= 100; ++again) ASSERT_EQ(run(options).hash, first) << again;
}

}  // namespace
}  // namespace parley::sim
