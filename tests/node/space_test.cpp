// Disks that are nearly full (decision 0026): who has space leads; where nobody has, nothing that the archive grows by
// is taken, what was acknowledged stays, and all goes on by itself.
#include <chrono>

#include "node/limits.hpp"
#include "node/replication_fixture.hpp"
#include "wire/command_codec.hpp"

namespace parley::node {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = 1024 * 1024;
const std::uint64_t least = ClusterConfig().disk_free_min_mb * mebibyte;

class SpaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster.start_all();
    ASSERT_NE(cluster.wait_for_leader(), nullptr);
    ASSERT_TRUE(cluster.wait([this] { return cluster.leads_with_its_time(); }));
  }
  Submitted submit(TestReplica& node, const std::string& command) {
    const std::size_t before = node.outcomes().size();
    node.submit(command);
    EXPECT_TRUE(cluster.wait([&] { return node.outcomes().size() > before; }));
    return node.outcomes().empty() ? Submitted() : node.outcomes().back();
  }
  void run_for(Duration time) {
    cluster.wait([] { return false; }, time);
  }
  bool all_know(bool is_short) {
    return cluster.wait([this, is_short] {
      for (std::uint32_t i = 1; i <= cluster.size(); ++i) {
        const auto space = cluster.node(i).replication().space();
        if (!space || space->is_short != is_short) return false;
      }
      return true;
    });
  }
  void set_all(std::uint64_t bytes) {
    for (std::uint32_t i = 1; i <= cluster.size(); ++i) cluster.node(i).disk().set_free_bytes(bytes);
  }
  NodeId leader() { return cluster.leader() == nullptr ? NodeId(0) : cluster.leader()->id(); }

  TestCluster cluster{3};
};

TEST_F(SpaceTest, ALeaderWhoseDiskIsNearlyFullHandsOverAndEverythingGoesOn) {
  TestReplica& former = *cluster.leader();
  former.disk().set_free_bytes(least - 1);
  ASSERT_TRUE(cluster.wait([&] { return leader().value != 0 && leader() != former.id(); }, 3s)) << cluster.story();
  EXPECT_TRUE(former.said("disk_short"));
  EXPECT_TRUE(former.said("hand_over"));
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  EXPECT_EQ(submit(former, "forwarded").outcome, Submitted::Outcome::proposed);
  EXPECT_TRUE(cluster.wait_until_all_applied("forwarded")) << "it stays a voter, and takes what the leader sends";
}

TEST_F(SpaceTest, WhoIsShortIsNoSuccessorOfAnother) {
  const NodeId first = leader();
  TestReplica& second = cluster.follower();
  second.disk().set_free_bytes(least / 2);
  ASSERT_TRUE(cluster.wait([&] { return second.said("disk_short"); }, 3s));
  run_for(100ms);   // the others have been told
  cluster.node(first.value).disk().set_free_bytes(least / 2);
  ASSERT_TRUE(cluster.wait([&] { return leader().value != 0 && leader() != first; }, 3s)) << cluster.story();
  EXPECT_NE(leader(), second.id()) << cluster.story();
}

TEST_F(SpaceTest, WhereAllAreShortNothingNewIsTakenReadsGoOnAndItResumesByItself) {
  const auto kept = submit(*cluster.leader(), "before");
  ASSERT_EQ(kept.outcome, Submitted::Outcome::proposed);
  ASSERT_TRUE(cluster.wait_until_all_applied("before"));

  set_all(least - 1);
  ASSERT_TRUE(all_know(true));
  run_for(3s);   // whatever was under way when they found out
  const NodeId settled = leader();
  ASSERT_NE(settled, NodeId(0)) << cluster.story();
  EXPECT_EQ(submit(*cluster.leader(), "refused").outcome, Submitted::Outcome::disk_full);
  EXPECT_EQ(submit(cluster.follower(), "refused, forwarded").outcome, Submitted::Outcome::disk_full);
  TestReplica& reader = cluster.follower();
  reader.read();
  ASSERT_TRUE(cluster.wait([&] { return !reader.reads().empty(); }));
  ASSERT_TRUE(reader.reads().back().has_value()) << "reads go on";
  EXPECT_GE(*reader.reads().back(), kept.entry.index);
  run_for(10s);
  EXPECT_EQ(leader(), settled) << "nobody is better: no leadership goes round\n" << cluster.story();

  set_all(least + 1);
  run_for(3s);
  EXPECT_EQ(submit(*cluster.leader(), "not yet").outcome, Submitted::Outcome::disk_full) << "a tenth more is wanted";
  set_all(least + least / 10);
  ASSERT_TRUE(all_know(false));
  EXPECT_EQ(submit(cluster.follower(), "after").outcome, Submitted::Outcome::proposed);
  ASSERT_TRUE(cluster.wait_until_all_applied("after"));
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const auto& applied = cluster.node(i).applied();
    EXPECT_TRUE(applied.contains(kept.entry));
    for (const auto& [entry, command] : applied) EXPECT_NE(command.substr(0, 7), "refused") << "node " << i;
  }
}

// It was told nothing while it knew no member, and nobody believed it while it was none.
TEST_F(SpaceTest, WhoJoinsMeanwhileIsToldToo) {
  set_all(least - 1);
  ASSERT_TRUE(all_know(true));
  TestReplica& wiped = cluster.follower();
  wiped.kill();
  wiped.wipe();
  wiped.disk().set_free_bytes(least - 1);
  ASSERT_TRUE(wiped.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return cluster.voters() == 3 && cluster.votes(wiped.id().value); }))
      << cluster.story();
  run_for(5s);
  const NodeId settled = leader();
  const Term term = cluster.leader()->replication().status().term;
  run_for(20s);
  EXPECT_EQ(leader(), settled) << cluster.story();
  EXPECT_EQ(cluster.leader()->replication().status().term, term) << cluster.story();
}

TEST_F(SpaceTest, WhatTheArchiveDoesNotGrowByIsTaken) {
  set_all(least - 1);
  ASSERT_TRUE(all_know(true));
  run_for(3s);
  chat::Sequenced sequenced;
  sequenced.client = chat::ClientId(7);
  sequenced.sequence = chat::Sequence(1);
  sequenced.first_outstanding = chat::Sequence(1);
  const auto outcome = [&](chat::Request request) {
    sequenced.request = std::move(request);
    return submit(cluster.follower(), wire::encode(chat::Command(sequenced))).outcome;
  };
  EXPECT_EQ(outcome(chat::Logout{}), Submitted::Outcome::proposed);
  EXPECT_EQ(outcome(chat::SetBanned{}), Submitted::Outcome::proposed);
  EXPECT_EQ(outcome(chat::SendRoom{"ops", "text"}), Submitted::Outcome::disk_full);
  EXPECT_EQ(outcome(chat::EditMessage{}), Submitted::Outcome::disk_full);
  EXPECT_EQ(outcome(chat::Register{"ann", "phc", std::nullopt}), Submitted::Outcome::disk_full);
  EXPECT_EQ(submit(*cluster.leader(), wire::encode(chat::Command(chat::OpenClient{}))).outcome,
            Submitted::Outcome::proposed) << "whoever comes in";
}

TEST_F(SpaceTest, VotersChangeAllTheSame) {
  set_all(least - 1);
  ASSERT_TRUE(all_know(true));
  run_for(3s);
  TestReplica& dies = cluster.follower();
  const auto number = dies.id().value;
  dies.kill();
  EXPECT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr && !cluster.votes(number); })) << cluster.story();
}

TEST(SpaceWatchTest, TurnedOffItLeadsWithWhateverIsLeft) {
  TestCluster cluster(3);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    cluster.node(i).config().disk_free_min_mb = 0;
    cluster.node(i).disk().set_free_bytes(1);
  }
  cluster.start_all();
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  ASSERT_TRUE(cluster.wait([&] {
    return cluster.leads_with_its_time() && cluster.leader()->replication().space().has_value();
  }));
  cluster.leader()->submit("taken");
  ASSERT_TRUE(cluster.wait_until_all_applied("taken"));
  EXPECT_EQ(cluster.leader()->replication().space()->free_bytes, 1U);
}

}  // namespace
}  // namespace parley::node
