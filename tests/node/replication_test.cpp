#include <chrono>

#include "node/replication_fixture.hpp"

// Three production consensus sides over simulated cables and disks, in virtual time.

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ReplicationTest : public ::testing::Test {
 protected:
  void start() {
    cluster.start_all();
    ASSERT_NE(cluster.wait_for_leader(), nullptr);
  }
  // Submits and waits for the outcome.
  Submitted submit(TestReplica& node, const std::string& command) {
    const std::size_t before = node.outcomes().size();
    node.submit(command);
    cluster.wait([&] { return node.outcomes().size() > before; });
    return node.outcomes().size() > before ? node.outcomes().back() : Submitted{};
  }
  TestCluster cluster{3};
};

TEST_F(ReplicationTest, ThreeNodesAreBornAsOneClusterAndElectOneLeader) {
  start();
  const auto& first = cluster.node(1).replication().identity();
  for (std::uint32_t id = 2; id <= 3; ++id) {
    const auto& identity = cluster.node(id).replication().identity();
    EXPECT_EQ(identity.cluster, first.cluster);
    EXPECT_EQ(identity.founding, first.founding);
    EXPECT_TRUE(cluster.node(id).replication().waiting_for().empty());
  }
  EXPECT_NE(first.cluster, ClusterId());
  EXPECT_EQ(first.founding.voters(), 3U);
  EXPECT_EQ(cluster.leader()->replication().leader().client_address,
            "10.0.0." + std::to_string(cluster.leader()->id().value) + ":7201");
}

TEST_F(ReplicationTest, ASingleNodeIsAClusterByItself) {
  TestCluster alone(1);
  alone.start_all();
  ASSERT_NE(alone.wait_for_leader(), nullptr);
  alone.node(1).submit("hello");
  EXPECT_TRUE(alone.wait_until_all_applied("hello"));
}

TEST_F(ReplicationTest, ACommandSubmittedOnTheLeaderIsAppliedUnderItsIdEverywhere) {
  start();
  const auto submitted = submit(*cluster.leader(), "hello");
  ASSERT_EQ(submitted.outcome, Submitted::Outcome::proposed);
  ASSERT_TRUE(cluster.wait_until_all_applied("hello"));
  for (std::uint32_t id = 1; id <= 3; ++id) EXPECT_EQ(cluster.node(id).applied().at(submitted.entry), "hello");
}

TEST_F(ReplicationTest, AFollowerForwardsToTheLeader) {
  start();
  const auto submitted = submit(cluster.follower(), "from afar");
  ASSERT_EQ(submitted.outcome, Submitted::Outcome::proposed);
  ASSERT_TRUE(cluster.wait_until_all_applied("from afar"));
  EXPECT_EQ(cluster.node(1).applied().at(submitted.entry), "from afar");
}

TEST_F(ReplicationTest, ATooLargeCommandIsRefusedHereAndOverTheLink) {
  start();
  const std::string large(raft::Options().command_bytes_max + 1, 'x');
  EXPECT_EQ(submit(*cluster.leader(), large).outcome, Submitted::Outcome::too_large);
  EXPECT_EQ(submit(cluster.follower(), large).outcome, Submitted::Outcome::too_large);
}

TEST_F(ReplicationTest, AReadOnAFollowerIsConfirmedAtTheLeadersCommit) {
  start();
  const auto submitted = submit(*cluster.leader(), "before the read");
  ASSERT_TRUE(cluster.wait_until_all_applied("before the read"));
  auto& follower = cluster.follower();
  follower.read();
  ASSERT_TRUE(cluster.wait([&] { return !follower.reads().empty(); }));
  ASSERT_TRUE(follower.reads().front().has_value());
  EXPECT_GE(*follower.reads().front(), submitted.entry.index);
}

TEST_F(ReplicationTest, WithoutAMajorityNothingIsDoneAndNoReadConfirmed) {
  start();
  auto* leader = cluster.leader();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    if (&cluster.node(id) != leader) cluster.node(id).kill();
  }
  leader->submit("alone");
  leader->read();
  ASSERT_TRUE(cluster.wait([&] { return !leader->reads().empty(); }, 20s));
  EXPECT_FALSE(leader->reads().front().has_value());
  EXPECT_TRUE(leader->applied().empty());
}

TEST_F(ReplicationTest, AfterAPowerCutOfAllNodesWhatWasCommittedIsThere) {
  start();
  const auto submitted = submit(*cluster.leader(), "keep me");
  ASSERT_TRUE(cluster.wait_until_all_applied("keep me"));
  const auto cluster_id = cluster.node(1).replication().identity().cluster;
  for (std::uint32_t id = 1; id <= 3; ++id) cluster.node(id).crash();
  start();
  ASSERT_TRUE(cluster.wait_until_all_applied("keep me"));
  for (std::uint32_t id = 1; id <= 3; ++id) {
    EXPECT_EQ(cluster.node(id).applied().at(submitted.entry), "keep me");
    EXPECT_EQ(cluster.node(id).replication().identity().cluster, cluster_id);
  }
}

TEST_F(ReplicationTest, AKilledLeaderIsReplacedLongBeforeAnElectionTimeout) {   // R5
  start();
  cluster.world().run_for(2s);
  cluster.leader()->kill();
  const TimePoint killed = cluster.world().now();
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  EXPECT_LT(cluster.world().now() - killed, 100ms);
}

TEST_F(ReplicationTest, AKilledNodeCatchesUpWhenItReturns) {
  start();
  auto& late = cluster.follower();
  late.kill();
  for (int i = 0; i < 50; ++i) cluster.leader()->submit("message " + std::to_string(i));
  ASSERT_TRUE(cluster.wait_until_all_applied("message 49"));
  ASSERT_TRUE(late.start().ok());
  EXPECT_TRUE(cluster.wait_until_all_applied("message 49"));
  EXPECT_EQ(late.applied(), cluster.leader()->applied());
}

TEST_F(ReplicationTest, ACutOffLeaderAcknowledgesNothingAndFollowsAfterHealing) {
  start();
  auto* const old_leader = cluster.leader();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    if (id != old_leader->id().value) cluster.fabric().part_both(id, old_leader->id().value);
  }
  old_leader->submit("into the void");
  ASSERT_TRUE(cluster.wait([&] { return cluster.leads_with_its_time() && cluster.leader() != old_leader; }));
  submit(*cluster.leader(), "by the majority");
  EXPECT_TRUE(old_leader->applied().empty());
  cluster.fabric().heal();
  EXPECT_TRUE(cluster.wait_until_all_applied("by the majority"));
  for (const auto& [id, command] : old_leader->applied()) EXPECT_EQ(command, "by the majority");
}

TEST_F(ReplicationTest, AForwardWhoseAnswerCannotComeIsUnknown) {
  start();
  auto& follower = cluster.follower();
  cluster.fabric().part(cluster.leader()->id().value, follower.id().value);   // its answer is held up
  EXPECT_EQ(submit(follower, "lost answer").outcome, Submitted::Outcome::unknown);
}

TEST_F(ReplicationTest, AForwardOverABrokenLinkIsUnknownAtOnce) {
  start();
  auto& follower = cluster.follower();
  cluster.fabric().part(follower.id().value, cluster.leader()->id().value);
  follower.submit("on the cable");
  cluster.world().run_for(1ms);
  ASSERT_TRUE(follower.outcomes().empty());
  cluster.fabric().break_links(1, 2);
  cluster.fabric().break_links(1, 3);
  cluster.fabric().break_links(2, 3);
  cluster.world().run_for(1ms);
  ASSERT_EQ(follower.outcomes().size(), 1U);
  EXPECT_EQ(follower.outcomes().front().outcome, Submitted::Outcome::unknown);
}

TEST_F(ReplicationTest, LeaderChangesAreToldOnTheStrandAndLogged) {
  start();
  auto& follower = cluster.follower();
  int told = 0;
  follower.replication().on_leader_change([&] { ++told; });
  auto* const old_leader = cluster.leader();
  old_leader->kill();
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  EXPECT_GE(told, 1);
  const auto now_leads = "leader_changed: node " + std::to_string(cluster.leader()->id().value) + " leads in term ";
  EXPECT_TRUE(follower.said(now_leads)) << now_leads;
}

TEST_F(ReplicationTest, PresenceReachesConnectedPeersOnlyAndGoesWithTheLink) {   // R20
  start();
  cluster.node(1).replication().announce_presence({7, 9});
  cluster.node(2).replication().announce_presence({9, 11});
  auto& third = cluster.node(3).replication();
  ASSERT_TRUE(cluster.wait([&] { return third.remote_presence() == std::vector<std::uint64_t>({7, 9, 11}); }));
  cluster.node(1).replication().announce_presence({});
  ASSERT_TRUE(cluster.wait([&] { return third.remote_presence() == std::vector<std::uint64_t>({9, 11}); }));
  cluster.node(2).kill();
  EXPECT_TRUE(cluster.wait([&] { return third.remote_presence().empty(); }));
  EXPECT_FALSE(third.connected(NodeId(2)));
}

TEST_F(ReplicationTest, PresenceThatChangesOftenIsSentSeldom) {
  start();
  const auto before = cluster.fabric().delivered();
  cluster.world().run_for(1s);
  const auto quiet = cluster.fabric().delivered() - before;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    cluster.node(1).replication().announce_presence({i});
    cluster.world().run_for(1ms);
  }
  const auto busy = cluster.fabric().delivered() - before - quiet;
  EXPECT_LE(busy, quiet + 2 * 7);   // two peers, at most every 200 ms
}

// R10: the state machines here are given their digests by the test.
TEST_F(ReplicationTest, WhoComesToAnotherDigestThanTheOthersGivesItselfUp) {
  start();
  const Digest right = digest("right");
  auto& wrong = cluster.follower();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    auto& node = cluster.node(id);
    node.replication().announce_digest(Index(7), right);
    node.replication().announce_digest(Index(8), &node == &wrong ? digest("wrong") : right);
  }
  ASSERT_TRUE(cluster.wait([&] { return wrong.rolled_back(); }, 1s)) << cluster.story();
  EXPECT_TRUE(wrong.said("most voters agree with each other against this node"));
  cluster.world().run_for(1s);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    if (&cluster.node(id) == &wrong) continue;
    EXPECT_FALSE(cluster.node(id).rolled_back());
    EXPECT_TRUE(cluster.node(id).said("they have gone different ways"));
    EXPECT_EQ(cluster.node(id).replication().digests().compared, 4U);
    EXPECT_EQ(cluster.node(id).replication().digests().differed, 1U);
  }
}

TEST_F(ReplicationTest, StoppingEndsEveryTask) {
  start();
  auto& follower = cluster.follower();
  follower.stop();
  EXPECT_TRUE(cluster.wait([&] { return follower.ended(); }, 5s));
}

TEST_F(ReplicationTest, ADiskThatFailsEndsTheNode) {
  start();
  store::MemoryDisk::Fault fault;
  fault.operation = store::MemoryDisk::Operation::sync;
  auto* const leader = cluster.leader();
  leader->disk().fail(fault);
  leader->submit("never durable");
  EXPECT_THROW(cluster.world().run_for(1s), store::DiskError);
}

}  // namespace
}  // namespace parley::node
