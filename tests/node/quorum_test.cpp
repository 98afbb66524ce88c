#include <chrono>

#include "node/quorum_fixture.hpp"

// Dynamic quorum, planned stops and cut cables, on production consensus sides over simulated cables and disks.

namespace parley::node {
namespace {

using namespace std::chrono_literals;

// -- two failures, one after the other (P6) ---------------------------------------------------------------------------

TEST_F(QuorumTest, AfterOneFollowerAndThenTheOtherTheLeaderGoesOn) {
  start();
  auto& leader = *cluster.leader();
  auto& first = cluster.follower();
  auto& second = other_than(leader, first);
  first.kill();
  ASSERT_TRUE(shrinks_to(2, 400ms)) << "its port refuses: soon";
  const std::string name = "node " + std::to_string(first.id().value);
  EXPECT_TRUE(leader.said("quorum: " + name + " becomes a learner: its port has refused for 100 ms; 2 voters"));
  second.kill();
  leader.submit("alone");
  ASSERT_TRUE(cluster.wait([&] { return !leader.applied().empty(); }, 1s));
  EXPECT_EQ(cluster.voters(), 1U);

  ASSERT_TRUE(first.start().ok());
  ASSERT_TRUE(second.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.voters() == 3; })) << "both are voters again, by themselves";
  ASSERT_TRUE(writes(leader, "together"));
  EXPECT_EQ(first.applied(), leader.applied());
}

TEST_F(QuorumTest, WhoWentOnAloneIsWaitedFor) {
  start();
  auto& leader = *cluster.leader();
  auto& first = cluster.follower();
  auto& second = other_than(leader, first);
  first.kill();
  ASSERT_TRUE(shrinks_to(2));
  second.kill();
  ASSERT_TRUE(shrinks_to(1));
  leader.kill();
  ASSERT_TRUE(first.start().ok());
  ASSERT_TRUE(second.start().ok());
  first.submit("never without the last voter");
  cluster.world().run_for(5s);
  EXPECT_NE(first.replication().status().role, raft::Role::leader);
  EXPECT_NE(second.replication().status().role, raft::Role::leader);
  ASSERT_TRUE(leader.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() == &leader && cluster.voters() == 3; })) << cluster.story();
  EXPECT_TRUE(writes(first, "with it"));
}

TEST_F(QuorumTest, ASilentVoterIsGivenAGraceAndATimeIsTold) {
  start();
  auto& leader = *cluster.leader();
  auto& silent = cluster.follower();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    if (id != silent.id().value) cluster.fabric().part_both(id, silent.id().value);
  }
  cluster.world().run_for(1s);
  EXPECT_EQ(leader.replication().status().configuration->voters(), 3U);
  const auto view = leader.replication().quorum();
  ASSERT_TRUE(view && view->acts_at);
  EXPECT_EQ(view->resilience.bearable, 0U);
  EXPECT_LE(*view->acts_at - cluster.world().now(), 700ms);
  cluster.world().run_for(1s);
  EXPECT_EQ(leader.replication().status().configuration->voters(), 2U);
  EXPECT_EQ(leader.replication().quorum()->resilience.bearable, 1U);
  EXPECT_FALSE(silent.replication().quorum()) << "who does not lead knows nothing of it";
  cluster.fabric().heal();
  EXPECT_TRUE(cluster.wait([&] { return cluster.voters() == 3; }));
}

TEST_F(QuorumTest, WithMinVotersThreeNothingShrinks) {
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).min_voters = 3;
  start();
  cluster.follower().kill();
  cluster.world().run_for(5s);
  EXPECT_EQ(cluster.voters(), 3U);
}

// -- planned stops ----------------------------------------------------------------------------------------------------

TEST_F(QuorumTest, ALeaderThatStopsHandsOverFirstAndItsSeatIsKept) {
  start();
  auto& leader = *cluster.leader();
  leader.leave();
  const TimePoint asked = cluster.world().now();
  ASSERT_TRUE(cluster.wait([&] { return leader.ended(); }, 2s));
  EXPECT_LT(cluster.world().now() - asked, 300ms) << "no election timeout has to pass";
  auto& follower = other_than(leader, leader);
  const auto next = follower.replication().leader().leader;
  ASSERT_TRUE(next && *next != leader.id()) << "the next leader is known when it leaves";
  leader.kill();
  cluster.world().run_for(10s);
  EXPECT_EQ(cluster.voters(), 3U) << "it said that it stops on purpose";
  cluster.world().run_for(60s);
  EXPECT_EQ(cluster.voters(), 2U) << "but not for ever";
}

// A rolling restart has come to the last node, the leader: the others stopped on purpose a moment ago, and are back.
TEST_F(QuorumTest, WhoHasReturnedFromAPlannedStopIsHandedOverTo) {
  start();
  auto& leader = *cluster.leader();
  auto& first = cluster.follower();
  auto& second = other_than(leader, first);
  for (TestReplica* away : {&first, &second}) {
    away->leave();
    ASSERT_TRUE(cluster.wait([&] { return away->ended(); }));
    away->kill();
    cluster.world().run_for(100ms);
    ASSERT_TRUE(away->start().ok());
    ASSERT_TRUE(writes(leader, "with node " + std::to_string(away->id().value)));
  }
  leader.leave();
  const TimePoint asked = cluster.world().now();
  ASSERT_TRUE(cluster.wait([&] { return leader.ended(); }, 2s));
  EXPECT_LT(cluster.world().now() - asked, 100ms) << "far less than an election timeout";
  EXPECT_TRUE(leader.said("hand_over: handing over to node")) << cluster.story();
  const auto next = second.replication().leader().leader;
  EXPECT_TRUE(next && *next != leader.id()) << "the next leader is known when it leaves";
}

// The target never has all while the writes go on: they have to end for it.
TEST_F(QuorumTest, UnderLoadAPlannedStopTakesNoLonger) {
  start();
  cluster.fabric().options().latency_least = 1ms;
  cluster.fabric().options().latency_most = 3ms;
  auto& leader = *cluster.leader();
  leader.leave();
  const TimePoint asked = cluster.world().now();
  while (!leader.ended() && cluster.world().now() - asked < 2s) {
    for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).submit("load");
    cluster.world().run_for(200us);
  }
  EXPECT_LT(cluster.world().now() - asked, 200ms);
  EXPECT_FALSE(leader.said("stop_cut_short"));
}

// There was nobody to hand over to, as it heard nobody. The others needn't wait until they see its port refuse, which a
// quick restart never lets them.
TEST_F(QuorumTest, WhoStopsWithoutHandingOverIsSucceededAtOnce) {
  start();
  auto& leader = *cluster.leader();
  auto& first = cluster.follower();
  auto& second = other_than(leader, first);
  for (const TestReplica* one : {&first, &second}) cluster.fabric().part(one->id().value, leader.id().value);
  cluster.world().run_for(250ms);
  ASSERT_EQ(leader.replication().status().role, raft::Role::leader);
  const auto former = leader.replication().status().term;
  leader.leave();
  ASSERT_TRUE(cluster.wait([&] { return first.said("planned_stop") && second.said("planned_stop"); }, 50ms));
  ASSERT_FALSE(leader.said("hand_over"));
  leader.kill();
  cluster.fabric().heal();
  ASSERT_TRUE(leader.start().ok());
  const TimePoint restarted = cluster.world().now();
  const auto succeeded = [&] {
    const auto next = second.replication().leader();
    return next.leader && next == first.replication().leader() && next.term > former;
  };
  ASSERT_TRUE(cluster.wait(succeeded, 2s)) << cluster.story();
  EXPECT_LT(cluster.world().now() - restarted, 150ms) << cluster.story();
}

TEST_F(QuorumTest, WhoReturnsFromAPlannedStopDoesNotLoseItsSeatBeforeItIsHeard) {
  start();
  auto& leader = *cluster.leader();
  auto& away = cluster.follower();
  cluster.fabric().options().latency_least = cluster.fabric().options().latency_most = 8ms;
  for (int i = 0; i < 40; ++i) {   // whenever the leader happens to look
    away.leave();
    ASSERT_TRUE(cluster.wait([&] { return away.ended(); }));
    away.kill();
    cluster.world().run_for(3s + i * 1300us);
    ASSERT_TRUE(away.start().ok());
    cluster.world().run_for(1s);
    ASSERT_FALSE(leader.said("becomes a learner")) << "after " << i;
  }
}

TEST_F(QuorumTest, WhatIsSubmittedDuringAHandOverIsRefusedAsBusyNeverLost) {
  start();
  auto& leader = *cluster.leader();
  auto& follower = cluster.follower();
  leader.leave();
  std::size_t asked = 0;
  for (; asked < 200; ++asked) {
    follower.submit("s" + std::to_string(asked));
    cluster.world().run_for(1ms);
  }
  ASSERT_TRUE(cluster.wait([&] { return follower.outcomes().size() == asked; }));
  cluster.world().run_for(1s);
  std::size_t proposed = 0;
  for (const auto& outcome : follower.outcomes()) {
    if (outcome.outcome == Submitted::Outcome::proposed && follower.applied().contains(outcome.entry)) ++proposed;
  }
  EXPECT_EQ(follower.applied().size(), proposed) << "what was refused happened all the same";
  EXPECT_GT(proposed, asked / 2);
}

TEST_F(QuorumTest, ASoleVoterThatStopsMakesALearnerItsSuccessor) {
  start();
  auto& leader = *cluster.leader();
  auto& first = cluster.follower();
  auto& second = other_than(leader, first);
  first.kill();
  ASSERT_TRUE(shrinks_to(2));
  second.kill();
  ASSERT_TRUE(shrinks_to(1));
  ASSERT_TRUE(first.start().ok());
  const auto caught_up = [&] {
    for (const auto& peer : leader.replication().status().peers) {
      if (peer.id.node == first.id()) return peer.replicating && peer.match_index > Index(0);
    }
    return false;
  };
  ASSERT_TRUE(cluster.wait(caught_up));
  ASSERT_EQ(cluster.voters(), 1U) << "it has not been steady for long enough to be promoted by itself";
  leader.leave();
  ASSERT_TRUE(cluster.wait([&] { return leader.ended(); }, 3s));
  leader.kill();
  ASSERT_TRUE(cluster.wait([&] { return first.replication().status().role == raft::Role::leader; }));
  EXPECT_TRUE(writes(first, "it goes on")) << "it waits for the seat of the one that stopped\n" << cluster.story();
}

TEST_F(QuorumTest, EverybodyStopsAndAllAreVotersAfterwards) {
  start();
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).leave();
  const auto all_ended = [&] { return cluster.node(1).ended() && cluster.node(2).ended() && cluster.node(3).ended(); };
  ASSERT_TRUE(cluster.wait(all_ended, 3s));
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).kill();
  start();
  EXPECT_EQ(cluster.voters(), 3U);
  EXPECT_TRUE(writes(cluster.node(1), "again"));
}

// -- cut cables -------------------------------------------------------------------------------------------------------

// Its link to the former leader stands, and is silent. What it may have said there is asked for again, with its number.
TEST_F(QuorumTest, WhatWasForwardedToALeaderThatIsCutOffIsUnknownOnceThereIsAnother) {
  start();
  auto& leader = *cluster.leader();
  auto& asked = cluster.follower();
  auto& third = other_than(leader, asked);
  for (const TestReplica* one : {&asked, &third}) cluster.fabric().part_both(one->id().value, leader.id().value);
  asked.submit("on its way for ever");
  const auto another = [&] {
    const auto next = asked.replication().leader().leader;
    return next && *next != leader.id();
  };
  ASSERT_TRUE(cluster.wait(another, 2s));
  EXPECT_TRUE(cluster.wait([&] { return !asked.outcomes().empty(); }, 5ms)) << "only after its own timeout";
  ASSERT_FALSE(asked.outcomes().empty());
  EXPECT_EQ(asked.outcomes().front().outcome, Submitted::Outcome::unknown);
}

}  // namespace
}  // namespace parley::node
