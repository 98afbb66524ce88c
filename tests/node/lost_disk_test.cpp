#include <chrono>

#include "node/quorum_fixture.hpp"

// Lost disks, disks that went back in time and disks that lost a vote (R4), on production consensus sides over
// simulated cables and disks.

namespace parley::node {
namespace {

using namespace std::chrono_literals;

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
  // had reported that write done. Nothing was written to the log meanwhile.
  void start_and_lose_a_vote() {
    start();
    ASSERT_TRUE(writes(*cluster.leader(), "before"));
    former = cluster.leader();
    voter = &cluster.follower();
    given = lose_a_vote();
    ASSERT_NE(given, nullptr) << cluster.story();
  }
  static raft::TermAndVote term_and_vote(TestReplica& node) {
    return raft::term_and_vote(node.replication().consensus()->hard_state());
  }
  static ServerId server(TestReplica& node) { return {node.id(), node.replication().identity().incarnation}; }

  TestReplica* former = nullptr;   // the leader that died
  TestReplica* voter = nullptr;    // killed; its disk has lost its vote
  TestReplica* given = nullptr;    // who was given it

 private:
  // Returns who was given it; null: nobody yet.
  TestReplica* lose_a_vote() {
    const auto before = term_and_vote(*voter);
    auto earlier = voter->disk().clone();
    former->kill();
    const auto votes = [&] {
      const auto now = term_and_vote(*voter);
      const bool other = now.term > before.term && now.voted_for && now.voted_for->node != voter->id();
      return other && voter->replication().consensus()->hard_state_is_durable();
    };
    if (!cluster.wait(votes, 5s)) return nullptr;
    auto& candidate = cluster.node(term_and_vote(*voter).voted_for->node.value);
    const auto heard = [&] {
      return candidate.replication().consensus()->spoken(server(*voter)) == term_and_vote(*voter);
    };
    if (!cluster.wait(heard, 100ms)) return nullptr;
    voter->kill();
    voter->put_back(std::move(earlier));
    return &candidate;
  }
};

TEST_F(LostVoteTest, AVoteThatADiskLostIsNoticedByWhoWasGivenIt) {
  ASSERT_NO_FATAL_FAILURE(start_and_lose_a_vote());
  ASSERT_TRUE(former->start().ok());   // so the log of the one that forgot is not needed
  ASSERT_TRUE(cluster.wait([&] { return given->replication().connected(former->id()); }));
  ASSERT_TRUE(voter->start().ok());
  EXPECT_TRUE(cluster.wait([&] { return voter->rolled_back(); }, 2s)) << cluster.story();
  EXPECT_TRUE(given->said("or without a term or vote that it had told")) << cluster.story();
  EXPECT_TRUE(voter->said("this node had voted in term"));
}

// The third one is away: without its log the candidate would be alone. They wait, as for a lost disk, until the third
// one is back: then the log is given up, or a later term comes, in which the lost vote can't be given again.
TEST_F(LostVoteTest, AWholeLogIsNotGivenUpWhileTheOthersNeedIt) {
  ASSERT_NO_FATAL_FAILURE(start_and_lose_a_vote());
  const Index committed = given->replication().status().commit_index;
  const Term lost = term_and_vote(*given).term;
  ASSERT_TRUE(voter->start().ok());
  cluster.world().run_for(10s);
  EXPECT_FALSE(voter->rolled_back());
  EXPECT_TRUE(voter->said("it keeps what it has, since the others may need it")) << cluster.story();
  EXPECT_FALSE(given->replication().connected(voter->id()) && voter->replication().connected(given->id()));
  EXPECT_EQ(given->replication().status().commit_index, committed) << "by a voter that forgot whom it voted for";
  ASSERT_TRUE(former->start().ok());
  const auto settled = [&] { return voter->rolled_back() || voter->replication().connected(given->id()); };
  ASSERT_TRUE(cluster.wait(settled)) << cluster.story();
  EXPECT_TRUE(voter->rolled_back() || term_and_vote(*voter).term > lost);
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
  auto& forgetful = campaigns(one) ? other : one;
  ASSERT_EQ(term_and_vote(forgetful).term, before);
  cluster.fabric().part(forgetful.id().value, candidate.id().value);
  ASSERT_TRUE(cluster.wait([&] { return term_and_vote(forgetful).voted_for == server(candidate); }, 1s));
  forgetful.kill();
  forgetful.put_back(std::move(earlier[forgetful.id()]));
  cluster.fabric().heal();
  ASSERT_TRUE(leader.start().ok());
  ASSERT_TRUE(forgetful.start().ok());
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  cluster.world().run_for(1s);
  EXPECT_TRUE(writes(forgetful, "together")) << cluster.story();
  EXPECT_FALSE(forgetful.rolled_back());
  EXPECT_FALSE(forgetful.said("does not know that")) << cluster.story();
}

}  // namespace
}  // namespace parley::node
