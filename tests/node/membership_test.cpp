#include <chrono>

#include "node/replication_fixture.hpp"

// Members come and go and leadership is handed over, as operators ask for it.

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Action = wire::MemberAction;
using Outcome = wire::MemberReply::Outcome;

// Three nodes that were born together, and a fourth that nobody knows yet.
class MembershipTest : public ::testing::Test {
 protected:
  MembershipTest() {
    for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).config() = test_config(3);
  }
  void SetUp() override {
    for (std::uint32_t id = 1; id <= 3; ++id) ASSERT_TRUE(cluster.node(id).start().ok());
    ASSERT_NE(cluster.wait_for_leader(), nullptr);
    cluster.world().run_for(1s);
  }
  wire::MemberReply ask(TestReplica& node, Action action, std::uint32_t about, bool force = false) {
    wire::MemberRequest request;
    request.action = action;
    request.node = NodeId(about);
    request.force = force;
    if (action == Action::add) {
      request.peer_address = "10.0.0." + std::to_string(about) + ":7101";
      request.client_address = "10.0.0." + std::to_string(about) + ":7201";
    }
    const std::size_t before = node.replies().size();
    node.administer(std::move(request));
    cluster.wait([&] { return node.replies().size() > before; });
    return node.replies().size() > before ? node.replies().back() : wire::MemberReply{};
  }
  void ask_and_wait(TestReplica& node, Action action, std::uint32_t about) {
    ask(node, action, about);
    cluster.world().run_for(1s);
  }
  // The removed node is told, and ends.
  wire::MemberReply remove_by_force(TestReplica& leader, TestReplica& removed) {
    const std::size_t before = leader.replies().size();
    EXPECT_THROW(ask(leader, Action::remove, removed.id().value, true), Replaced);
    removed.kill();
    cluster.wait([&] { return leader.replies().size() > before; });
    return leader.replies().size() > before ? leader.replies().back() : wire::MemberReply{};
  }
  TestReplica& follower(std::uint32_t but = 0) {
    for (std::uint32_t id = 1;; ++id) {
      if (&cluster.node(id) != cluster.leader() && id != but) return cluster.node(id);
    }
  }
  TestCluster cluster{4};
};

TEST_F(MembershipTest, LeadershipIsHandedOverToWhomIsNamedWhoeverIsAsked) {
  for (const bool ask_leader : {true, false}) {
    auto& target = follower();
    auto& asked = ask_leader ? *cluster.leader() : follower(target.id().value);
    const auto reply = ask(asked, Action::transfer, target.id().value);
    EXPECT_EQ(reply.outcome, Outcome::done) << reply.text;
    EXPECT_EQ(cluster.wait_for_leader(), &target);
  }
}

TEST_F(MembershipTest, LeadershipIsNotHandedToWhoIsNotHeardOrNoMember) {
  auto& dead = follower();
  dead.kill();
  cluster.world().run_for(1s);
  EXPECT_EQ(ask(*cluster.leader(), Action::transfer, dead.id().value).outcome, Outcome::refused);
  const auto reply = ask(*cluster.leader(), Action::transfer, 4);
  EXPECT_EQ(reply.outcome, Outcome::refused);
  EXPECT_THAT(reply.text, HasSubstr("no member"));
}

TEST_F(MembershipTest, AnUnknownNodeIsToldToBeAddedAndBecomesAVoterOnceItIs) {
  auto& fourth = cluster.node(4);
  ASSERT_TRUE(fourth.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return fourth.said("parley member add 4"); })) << cluster.story();
  EXPECT_EQ(fourth.replication().consensus(), nullptr) << "it took part in something";

  const auto reply = ask(follower(), Action::add, 4);
  EXPECT_EQ(reply.outcome, Outcome::done) << reply.text;
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(4); })) << cluster.story();
  EXPECT_EQ(cluster.voters(), 4U);
  fourth.submit("from the fourth");
  EXPECT_TRUE(cluster.wait_until_all_applied("from the fourth"));
  EXPECT_EQ(ask(fourth, Action::add, 4).text, "node 4 is a member already, at these addresses");
}

// Its own file lists itself and a follower: where the leader is it hears from its call alone, which may come before the
// newcomer knows of any cluster.
TEST_F(MembershipTest, ANewcomerWhoseFileNamesNoLeaderAnswersWhoeverOfItsClusterCalls) {
  auto& fourth = cluster.node(4);
  const auto known = follower().id();
  std::erase_if(fourth.config().nodes, [&](const auto& node) { return node.id != known && node.id != fourth.id(); });
  cluster.fabric().part_both(4, known.value);
  EXPECT_EQ(ask(*cluster.leader(), Action::add, 4).outcome, Outcome::done);
  ASSERT_TRUE(fourth.start().ok());
  auto& leader = *cluster.leader();
  ASSERT_TRUE(cluster.wait([&] { return leader.replication().connected(fourth.id()); })) << cluster.story();
  ASSERT_EQ(fourth.replication().consensus(), nullptr) << "else this shows nothing";
  cluster.fabric().heal();
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(4); })) << cluster.story();

  fourth.kill();   // and where it is called when it belongs to the cluster already
  fourth.wipe();
  cluster.fabric().part_both(4, leader.id().value);
  ASSERT_TRUE(fourth.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return fourth.replication().consensus() != nullptr; })) << cluster.story();
  cluster.fabric().heal();
  const auto knows_members = [&] { return fourth.replication().status().configuration != nullptr; };
  ASSERT_TRUE(cluster.wait(knows_members)) << cluster.story();
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(4); }, 60s)) << cluster.story();
}

TEST_F(MembershipTest, ANodeThatHasMovedIsReachedThereAndTellsTheClusterItself) {   // R6
  auto& moved = follower();
  moved.kill();
  auto& own = moved.config().nodes.at(moved.id().value - 1);
  const std::string address = "10.0.0." + std::to_string(moved.id().value) + ":7301";
  own.peer.advertise = own.peer.listen = address;
  ASSERT_TRUE(moved.start().ok());
  const auto known_at = [&](TestReplica& node) {
    return node.replication().status().configuration->find(moved.id())->peer_address;
  };
  ASSERT_TRUE(cluster.wait([&] { return known_at(*cluster.leader()) == address; })) << cluster.story();
  EXPECT_TRUE(moved.said("by its own file it is at " + address));
  auto& leader = *cluster.leader();
  EXPECT_TRUE(cluster.wait([&] { return leader.replication().connected(moved.id()); })) << cluster.story();
  leader.submit("to who has moved");
  EXPECT_TRUE(cluster.wait_until_all_applied("to who has moved"));
  cluster.world().run_for(5s);
  EXPECT_EQ(cluster.voters(), 3U) << "and nothing else was changed";
}

// A new machine in the place of one that died for good: neither file nor log names where it is.
TEST_F(MembershipTest, ALostDiskThatComesBackAtAnotherAddressIsFilledThere) {
  auto& lost = follower();
  lost.kill();
  lost.wipe();
  auto& own = lost.config().nodes.at(lost.id().value - 1);
  own.peer.advertise = own.peer.listen = "10.0.0." + std::to_string(lost.id().value) + ":7301";
  ASSERT_TRUE(lost.start().ok());
  const auto knows_members = [&] { return lost.replication().status().configuration != nullptr; };
  ASSERT_TRUE(cluster.wait(knows_members)) << cluster.story();
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(lost.id().value); }, 60s)) << cluster.story();
  const auto& leader = cluster.leader()->replication();
  EXPECT_EQ(leader.status().configuration->find(lost.id())->peer_address, own.peer.advertise) << "and has said so";
}

// Once a start: an operator who knows better has the last word while it runs.
TEST_F(MembershipTest, WhoIsMovedByAnOperatorStaysThere) {
  auto& moved = follower();
  wire::MemberRequest request;
  request.action = Action::add;
  request.node = moved.id();
  request.client_address = "10.0.7.7:7201";
  auto& leader = *cluster.leader();
  leader.administer(std::move(request));
  ASSERT_TRUE(cluster.wait([&] { return !leader.replies().empty(); }));
  EXPECT_EQ(leader.replies().front().outcome, Outcome::done) << leader.replies().front().text;
  cluster.world().run_for(10s);
  EXPECT_EQ(leader.replication().status().configuration->find(moved.id())->client_address, "10.0.7.7:7201");
}

TEST_F(MembershipTest, NewAddressesOfWhoIsNoMemberMakeItNone) {
  const auto reply = ask(*cluster.leader(), Action::relocate, 4);
  EXPECT_EQ(reply.outcome, Outcome::refused);
  EXPECT_EQ(reply.text, "node 4 is no member");
  EXPECT_EQ(cluster.leader()->replication().status().configuration->find(NodeId(4)), nullptr);
}

TEST_F(MembershipTest, ARemovedNodeIsToldAndEnds) {
  auto& removed = follower();
  auto& leader = *cluster.leader();
  EXPECT_THROW(ask_and_wait(leader, Action::remove, removed.id().value), Replaced);
  removed.kill();   // as its process ends with that
  ASSERT_TRUE(cluster.wait([&] { return !leader.replies().empty(); }));
  EXPECT_EQ(leader.replies().front().outcome, Outcome::done) << leader.replies().front().text;
  EXPECT_EQ(cluster.voters(), 2U);
}

TEST_F(MembershipTest, ARemovedNodeThatWasAwayIsToldWhenItComesBack) {
  auto& removed = follower();
  removed.kill();
  cluster.world().run_for(1s);
  EXPECT_EQ(ask(*cluster.leader(), Action::remove, removed.id().value).outcome, Outcome::done);
  cluster.world().run_for(5s);
  ASSERT_TRUE(removed.start().ok());
  EXPECT_THROW(cluster.world().run_for(5s), Replaced);
}

// Decision 0014: a place that was added by its addresses is nobody's yet, so nobody was replaced by it.
TEST_F(MembershipTest, ARemovedNodeThatIsAddedAgainTakesItsPlaceOverItsOldDataDirectory) {
  auto& removed = follower();
  removed.kill();
  cluster.world().run_for(1s);
  EXPECT_EQ(ask(*cluster.leader(), Action::remove, removed.id().value).outcome, Outcome::done);
  EXPECT_EQ(ask(*cluster.leader(), Action::add, removed.id().value).outcome, Outcome::done);
  ASSERT_TRUE(removed.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(removed.id().value); })) << cluster.story();
  EXPECT_EQ(cluster.voters(), 3U);
  removed.submit("from who was away");
  EXPECT_TRUE(cluster.wait_until_all_applied("from who was away"));
}

// Decision 0023: it knows neither that the fourth is a member nor where it is, and only the fourth has the entries that
// say so.
TEST_F(MembershipTest, ANodeThatWasAwayFollowsALeaderThatWasTakenInMeanwhile) {
  auto& away = follower();
  away.kill();
  cluster.world().run_for(1s);
  ASSERT_TRUE(cluster.node(4).start().ok());
  EXPECT_EQ(ask(*cluster.leader(), Action::add, 4).outcome, Outcome::done);
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(4); })) << cluster.story();
  EXPECT_EQ(ask(*cluster.leader(), Action::transfer, 4).outcome, Outcome::done);
  ASSERT_TRUE(away.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr && cluster.votes(away.id().value); }))
      << cluster.story();
  EXPECT_EQ(cluster.leader(), &cluster.node(4)) << "else this shows nothing";
  away.submit("from who was away");
  EXPECT_TRUE(cluster.wait_until_all_applied("from who was away"));
}

TEST_F(MembershipTest, ALeaderThatIsToBeRemovedHandsOverFirst) {
  auto& old_leader = *cluster.leader();
  const auto reply = ask(old_leader, Action::remove, old_leader.id().value);
  EXPECT_EQ(reply.outcome, Outcome::later) << reply.text;
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr && cluster.leader() != &old_leader; }));
  auto& leader = *cluster.leader();
  EXPECT_THROW(ask_and_wait(leader, Action::remove, old_leader.id().value), Replaced);
  old_leader.kill();
  ASSERT_TRUE(cluster.wait([&] { return !leader.replies().empty(); }));
  EXPECT_EQ(leader.replies().front().outcome, Outcome::done) << leader.replies().front().text;
  EXPECT_EQ(cluster.voters(), 2U);
}

TEST_F(MembershipTest, ANodeWhoseFileSaysOtherwiseTellsWhatWouldMakeItSo) {
  ASSERT_TRUE(cluster.node(4).start().ok());
  EXPECT_EQ(ask(*cluster.leader(), Action::add, 4).outcome, Outcome::done);
  auto& restarted = follower();
  EXPECT_FALSE(restarted.said("parley member remove 4"));
  restarted.kill();
  ASSERT_TRUE(restarted.start().ok());
  EXPECT_TRUE(cluster.wait([&] { return restarted.said("parley member remove 4"); })) << cluster.story();
}

TEST_F(MembershipTest, WhatWouldLoseTheQuorumIsRefused) {
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).min_voters = 3;   // nothing shrinks by itself
  cluster.world().run_for(1s);
  auto& dead = follower();
  dead.kill();
  cluster.world().run_for(1s);
  auto& alive = follower(dead.id().value);
  const auto reply = ask(*cluster.leader(), Action::remove, alive.id().value);
  EXPECT_EQ(reply.outcome, Outcome::refused);
  EXPECT_THAT(reply.text, HasSubstr("--force"));
  EXPECT_EQ(cluster.voters(), 3U);
  EXPECT_EQ(ask(*cluster.leader(), Action::remove, dead.id().value).outcome, Outcome::done) << "the dead one may go";
  EXPECT_EQ(cluster.voters(), 2U);
}

// The votes of the dead go first, so nothing ever waits for them.
TEST_F(MembershipTest, ByForceTheVotesOfTheDeadGoFirstAndWritingGoesOn) {
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).min_voters = 3;
  cluster.world().run_for(1s);
  auto& leader = *cluster.leader();
  auto& dead = follower();
  auto& removed = follower(dead.id().value);
  dead.kill();
  cluster.world().run_for(1s);
  const auto reply = remove_by_force(leader, removed);
  EXPECT_EQ(reply.outcome, Outcome::done) << reply.text;
  EXPECT_THAT(reply.text, HasSubstr("is a member no more"));
  const auto status = [&] { return leader.replication().status(); };
  EXPECT_EQ(status().configuration->voters(), 1U);
  EXPECT_EQ(status().configuration->find(removed.id()), nullptr);
  EXPECT_EQ(status().role, raft::Role::leader);
  leader.submit("goes on");
  ASSERT_TRUE(cluster.wait([&] { return status().commit_index == status().last_index; }, 1s));
  ASSERT_TRUE(dead.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(dead.id().value); })) << cluster.story();
  EXPECT_EQ(cluster.voters(), 2U);
}

TEST_F(MembershipTest, ByForceOfFourWithTwoDeadTheLeaderGoesOnAlone) {
  ASSERT_TRUE(cluster.node(4).start().ok());
  EXPECT_EQ(ask(*cluster.leader(), Action::add, 4).outcome, Outcome::done);
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(4); })) << cluster.story();
  for (std::uint32_t id = 1; id <= 4; ++id) cluster.node(id).min_voters = 4;
  cluster.world().run_for(1s);
  auto& leader = *cluster.leader();
  auto& removed = follower();
  for (std::uint32_t id = 1; id <= 4; ++id) {
    if (&cluster.node(id) != &removed && &cluster.node(id) != &leader) cluster.node(id).kill();
  }
  cluster.world().run_for(1s);
  EXPECT_EQ(ask(leader, Action::remove, removed.id().value).outcome, Outcome::refused);
  const auto reply = remove_by_force(leader, removed);
  EXPECT_EQ(reply.outcome, Outcome::done) << reply.text;
  const auto status = leader.replication().status();
  EXPECT_EQ(status.role, raft::Role::leader);
  EXPECT_EQ(status.configuration->voters(), 1U);
  EXPECT_EQ(status.commit_index, status.last_index);
}

TEST_F(MembershipTest, AWipedNodeOfThreeWithMinVotersThreeIsRemovedAndAddedByHand) {
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).min_voters = 3;
  cluster.world().run_for(1s);
  auto& wiped = follower();
  wiped.kill();
  wiped.wipe();
  ASSERT_TRUE(wiped.start().ok());
  cluster.world().run_for(10s);
  EXPECT_TRUE(cluster.votes(wiped.id().value)) << "the former one still";
  EXPECT_EQ(wiped.replication().status().configuration, nullptr);
  EXPECT_EQ(ask(*cluster.leader(), Action::remove, wiped.id().value).outcome, Outcome::done);
  EXPECT_EQ(ask(*cluster.leader(), Action::add, wiped.id().value).outcome, Outcome::done);
  ASSERT_TRUE(cluster.wait([&] { return cluster.votes(wiped.id().value); })) << cluster.story();
  EXPECT_EQ(cluster.voters(), 3U);
}

TEST_F(MembershipTest, WithoutALeaderItIsLater) {
  auto& alone = *cluster.leader();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    if (&cluster.node(id) != &alone) cluster.node(id).kill();
  }
  cluster.world().run_for(2s);
  EXPECT_EQ(ask(alone, Action::transfer, 4).outcome, Outcome::later);
}

}  // namespace
}  // namespace parley::node
