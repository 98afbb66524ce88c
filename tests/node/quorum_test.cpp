#include <chrono>

#include "node/replication_fixture.hpp"

// Dynamic quorum, planned stops and lost disks, on production consensus sides over simulated cables and disks.

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class QuorumTest : public ::testing::Test {
 protected:
  void start() {
    cluster.start_all();
    ASSERT_NE(cluster.wait_for_leader(), nullptr);
    cluster.world().run_for(1s);   // links that have stood a while are redialled at once when they break
  }
  bool writes(TestReplica& node, const std::string& command) {
    node.submit(command);
    return cluster.wait_until_all_applied(command);
  }
  // And that is committed: before, another failure may come too early.
  bool shrinks_to(std::size_t voters, Duration at_most = 10s) {
    return cluster.wait([&] {
      if (cluster.voters() != voters) return false;
      const auto status = cluster.leader()->replication().status();
      return status.commit_index == status.last_index;
    }, at_most);
  }
  TestReplica& other_than(const TestReplica& one, const TestReplica& two) {
    for (std::uint32_t id = 1;; ++id) {
      if (&cluster.node(id) != &one && &cluster.node(id) != &two) return cluster.node(id);
    }
  }
  TestCluster cluster{3};
};

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

// -- lost disks (R4) --------------------------------------------------------------------------------------------------

TEST_F(QuorumTest, AWipedNodeTakesTheFormerOnesPlaceByItself) {
  start();
  ASSERT_TRUE(writes(*cluster.leader(), "before"));
  auto& wiped = cluster.follower();
  const auto former = wiped.replication().identity().incarnation;
  wiped.kill();
  wiped.wipe();
  ASSERT_TRUE(wiped.start().ok());
  ASSERT_TRUE(cluster.wait([&] {
    const auto* leading = cluster.leader();
    if (leading == nullptr) return false;
    const auto configuration = cluster.leader()->replication().status().configuration;
    return configuration->is_voter(wiped.replication().consensus() == nullptr
                                       ? ServerId{}
                                       : ServerId{wiped.id(), wiped.replication().identity().incarnation});
  })) << "it is a voter under its new incarnation";
  EXPECT_NE(wiped.replication().identity().incarnation, former);
  EXPECT_EQ(cluster.voters(), 3U);
  EXPECT_TRUE(cluster.wait_until_all_applied("before"));
  EXPECT_TRUE(writes(wiped, "after"));
}

// Who did not hear the new data directory call remembers the former one, which is gone.
TEST_F(QuorumTest, AReplacedDataDirectoryIsNeverGivenItsPlaceBack) {
  start();
  auto& leader = *cluster.leader();
  auto& wiped = cluster.follower();
  auto& deaf = other_than(leader, wiped);
  cluster.fabric().part_both(deaf.id().value, wiped.id().value);
  wiped.kill();
  wiped.wipe();
  ASSERT_TRUE(wiped.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return leader.said("goes on with the data directory that it came with"); }));
  ASSERT_TRUE(cluster.wait([&] { return cluster.voters() == 3 && cluster.votes(wiped.id().value); }));
  ASSERT_TRUE(writes(leader, "with the new one"));

  wire::MemberRequest handover;
  handover.action = wire::MemberAction::transfer;
  handover.node = deaf.id();
  leader.administer(std::move(handover));
  ASSERT_TRUE(cluster.wait([&] { return deaf.replication().status().role == raft::Role::leader; }));
  cluster.world().run_for(5s);
  EXPECT_TRUE(deaf.said("becomes a learner"));
  EXPECT_FALSE(deaf.said("goes on with the data directory that it came with"));
  EXPECT_FALSE(wiped.ended());
  cluster.fabric().heal();
  EXPECT_TRUE(cluster.wait([&] { return cluster.voters() == 3; })) << cluster.story();
  EXPECT_TRUE(writes(deaf, "all"));
}

// Node `deaf` was away while the place of the lost disk was given to another one, which was lost, too; the third one
// calls it before it has heard of that. Once it knows, that call counts for nothing, and nobody else is asked.
TEST(QuorumOfFive, WhoCalledBeforeTheLatestWasKnownIsAskedAgain) {
  TestCluster cluster(5);
  cluster.start_all();
  TestReplica* leader = cluster.wait_for_leader();
  ASSERT_NE(leader, nullptr);
  cluster.world().run_for(1s);
  auto& lost = cluster.node(leader->id() == NodeId(1) ? 2 : 1);
  auto& deaf = cluster.node(leader->id() == NodeId(5) ? 4 : 5);
  const auto cut = [&](TestReplica& one, bool but_each_other) {
    for (std::uint32_t other = 1; other <= 5; ++other) {
      const bool spared = but_each_other && (other == lost.id().value || other == deaf.id().value);
      if (other != one.id().value && !spared) cluster.fabric().part_both(one.id().value, other);
    }
  };
  const auto replace = [&] {
    lost.kill();
    lost.wipe();
    ASSERT_TRUE(lost.start().ok());
  };
  cut(deaf, false);
  replace();
  ASSERT_TRUE(cluster.wait([&] { return leader->said("goes on with the data directory that it came with"); }));
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(lost.id().value); }));

  cluster.fabric().heal();
  cut(deaf, true);
  cut(lost, true);
  replace();
  ASSERT_TRUE(cluster.wait([&] { return lost.said("cluster_joined"); })) << cluster.story();
  cluster.world().run_for(1s);   // it calls once more, as one of this cluster
  cluster.fabric().heal();
  cut(lost, true);
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(deaf.id().value); }, 60s)) << cluster.story();
  wire::MemberRequest handover;
  handover.action = wire::MemberAction::transfer;
  handover.node = deaf.id();
  leader->administer(std::move(handover));
  ASSERT_TRUE(cluster.wait([&] { return deaf.replication().status().role == raft::Role::leader; })) << cluster.story();
  EXPECT_TRUE(cluster.wait([&] { return deaf.said("goes on with the data directory that it came with"); }))
      << cluster.story();
  cluster.fabric().heal();
  EXPECT_TRUE(cluster.wait([&] { return cluster.voters() == 5; }, 60s)) << cluster.story();
}

// -- disks that went back in time (R4) --------------------------------------------------------------------------------

TEST_F(QuorumTest, ADiskThatWasSetBackIsToldSoAndCountsForNothing) {
  start();
  auto& leader = *cluster.leader();
  auto& set_back = cluster.follower();
  ASSERT_TRUE(writes(leader, "before"));
  auto earlier = set_back.disk().clone();
  ASSERT_TRUE(writes(leader, "after"));
  set_back.kill();
  set_back.put_back(std::move(earlier));
  ASSERT_TRUE(set_back.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return set_back.rolled_back(); }, 1s)) << cluster.story();
  EXPECT_TRUE(leader.said("came back with less of the log than it had acknowledged"));
  EXPECT_TRUE(set_back.said("it was set back"));
}

// As a file system that loses nothing does.
TEST_F(QuorumTest, ADiskThatIsAsItWasIsNot) {
  start();
  auto& leader = *cluster.leader();
  auto& other = cluster.follower();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(writes(leader, "message " + std::to_string(i)));
    if (i % 2 == 0) other.kill();
    else other.crash();
    leader.submit("while it is away " + std::to_string(i));
    ASSERT_TRUE(other.start().ok());
    ASSERT_TRUE(cluster.wait([&] { return cluster.voters() == 3 && cluster.votes(other.id().value); }));
  }
  EXPECT_TRUE(writes(leader, "end"));
  EXPECT_FALSE(other.rolled_back());
}

// Before, a leader with one follower left took the refusals of such a disk for old ones, and waited for ever.
TEST_F(QuorumTest, OneOfTwoVotersWhoseDiskWasSetBackDoesNotStallTheOther) {
  start();
  auto& leader = *cluster.leader();
  auto& first = cluster.follower();
  auto& second = other_than(leader, first);
  first.kill();
  ASSERT_TRUE(shrinks_to(2));
  auto earlier = second.disk().clone();
  leader.submit("after");
  ASSERT_TRUE(cluster.wait([&] { return !second.applied().empty(); }));
  second.kill();
  second.put_back(std::move(earlier));
  ASSERT_TRUE(second.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return second.rolled_back(); }, 1s)) << cluster.story();
  second.kill();
  second.wipe();   // as a node does that sets its data aside
  ASSERT_TRUE(second.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.voters() == 2 && cluster.votes(second.id().value); }));
  EXPECT_TRUE(writes(leader, "together"));
}

// -- disks that lost a vote (R4, decision 0028) -----------------------------------------------------------------------

class LostVoteTest : public QuorumTest {
 protected:
  // The leader dies; whoever asks next is given the vote of `voter`, whose disk then is as it was before, although it
  // had reported that write done. Nothing was written to the log meanwhile. Returns who was given it; null: nobody yet.
  TestReplica* lose_a_vote(TestReplica& former, TestReplica& voter) {
    const auto before = term_and_vote(voter);
    auto earlier = voter.disk().clone();
    former.kill();
    const auto votes = [&] {
      const auto now = term_and_vote(voter);
      const bool other = now.term > before.term && now.voted_for && now.voted_for->node != voter.id();
      return other && voter.replication().consensus()->hard_state_is_durable();
    };
    if (!cluster.wait(votes, 5s)) return nullptr;
    auto& given = cluster.node(term_and_vote(voter).voted_for->node.value);
    const auto heard = [&] {
      return given.replication().consensus()->spoken(server(voter)) == term_and_vote(voter);
    };
    if (!cluster.wait(heard, 100ms)) return nullptr;
    voter.kill();
    voter.put_back(std::move(earlier));
    return &given;
  }
  static raft::TermAndVote term_and_vote(TestReplica& node) {
    return raft::term_and_vote(node.replication().consensus()->hard_state());
  }
  static ServerId server(TestReplica& node) { return {node.id(), node.replication().identity().incarnation}; }
};

TEST_F(LostVoteTest, AVoteThatADiskLostIsNoticedByWhoWasGivenIt) {
  start();
  ASSERT_TRUE(writes(*cluster.leader(), "before"));
  auto& former = *cluster.leader();
  auto& voter = cluster.follower();
  auto* given = lose_a_vote(former, voter);
  ASSERT_NE(given, nullptr) << cluster.story();
  ASSERT_TRUE(former.start().ok());   // so the log of the one that forgot is not needed
  ASSERT_TRUE(cluster.wait([&] { return given->replication().connected(former.id()); }));
  ASSERT_TRUE(voter.start().ok());
  EXPECT_TRUE(cluster.wait([&] { return voter.rolled_back(); }, 2s)) << cluster.story();
  EXPECT_TRUE(given->said("or without a term or vote that it had told")) << cluster.story();
  EXPECT_TRUE(voter.said("this node had voted in term"));
}

// The third one is away: without its log the candidate would be alone. They wait, as for a lost disk, until the third
// one is back: then the log is given up, or a later term comes, in which the lost vote can't be given again.
TEST_F(LostVoteTest, AWholeLogIsNotGivenUpWhileTheOthersNeedIt) {
  start();
  ASSERT_TRUE(writes(*cluster.leader(), "before"));
  auto& former = *cluster.leader();
  auto& voter = cluster.follower();
  auto* given = lose_a_vote(former, voter);
  ASSERT_NE(given, nullptr) << cluster.story();
  const Index committed = given->replication().status().commit_index;
  const Term lost = term_and_vote(*given).term;
  ASSERT_TRUE(voter.start().ok());
  cluster.world().run_for(10s);
  EXPECT_FALSE(voter.rolled_back());
  EXPECT_TRUE(voter.said("it keeps what it has, since the others may need it")) << cluster.story();
  EXPECT_FALSE(given->replication().connected(voter.id()) && voter.replication().connected(given->id()));
  EXPECT_EQ(given->replication().status().commit_index, committed) << "by a voter that forgot whom it voted for";
  ASSERT_TRUE(former.start().ok());
  const auto settled = [&] { return voter.rolled_back() || voter.replication().connected(given->id()); };
  ASSERT_TRUE(cluster.wait(settled)) << cluster.story();
  EXPECT_TRUE(voter.rolled_back() || term_and_vote(voter).term > lost);
  EXPECT_TRUE(cluster.wait([&] { return given->replication().status().commit_index > committed; })) << cluster.story();
}

// What it had been told and never answered it may forget, as a power cut in the middle of that write does.
TEST_F(LostVoteTest, WhoForgetsAVoteThatItNeverGaveAwayIsLetIn) {
  start();
  auto& leader = *cluster.leader();
  auto& one = cluster.follower();
  auto& other = other_than(leader, one);
  const Term before = term_and_vote(one).term;
  auto earlier = std::map<NodeId, std::unique_ptr<store::MemoryDisk>>();
  for (TestReplica* node : {&one, &other}) earlier[node->id()] = node->disk().clone();
  leader.kill();
  const auto campaigns = [before](TestReplica& node) { return term_and_vote(node).term > before; };
  ASSERT_TRUE(cluster.wait([&] { return campaigns(one) || campaigns(other); }, 5s));
  auto& candidate = campaigns(one) ? one : other;
  auto& voter = campaigns(one) ? other : one;
  ASSERT_EQ(term_and_vote(voter).term, before);
  cluster.fabric().part(voter.id().value, candidate.id().value);
  ASSERT_TRUE(cluster.wait([&] { return term_and_vote(voter).voted_for == server(candidate); }, 1s));
  voter.kill();
  voter.put_back(std::move(earlier[voter.id()]));
  cluster.fabric().heal();
  ASSERT_TRUE(leader.start().ok());
  ASSERT_TRUE(voter.start().ok());
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  cluster.world().run_for(1s);
  EXPECT_TRUE(writes(voter, "together")) << cluster.story();
  EXPECT_FALSE(voter.rolled_back());
  EXPECT_FALSE(voter.said("does not know that")) << cluster.story();
}

}  // namespace
}  // namespace parley::node
