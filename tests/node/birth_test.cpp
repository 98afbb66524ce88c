#include "node/birth.hpp"

#include <chrono>

#include "node/replication_fixture.hpp"

// Rules R3 and R4 of DESIGN.md: a cluster is born once, whatever crashes meanwhile.

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

wire::Welcome empty_node(std::uint32_t id, const ClusterConfig& config) {
  wire::Welcome welcome;
  welcome.from = ServerId{NodeId(id), Incarnation(100 + id)};
  welcome.founding = founding_digest(config);
  return welcome;
}

const ServerId self{NodeId(1), Incarnation(101)};

TEST(BirthTest, OnlyTheLowestIdFoundsAndOnlyWhenAllAgree) {
  const auto config = test_config(3);
  Birth birth(config, self);
  EXPECT_THAT(birth.waiting_for(), ElementsAre(NodeId(2), NodeId(3)));
  birth.welcomed(NodeId(2), empty_node(2, config));
  EXPECT_TRUE(std::holds_alternative<Birth::Wait>(birth.decide()));
  birth.welcomed(NodeId(3), empty_node(3, config));
  const auto decision = birth.decide();
  const auto* found = std::get_if<Birth::Found>(&decision);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->configuration.voters(), 3U);
  EXPECT_NE(found->configuration.find(ServerId{NodeId(3), Incarnation(103)}), nullptr);

  Birth second(config, ServerId{NodeId(2), Incarnation(102)});
  second.welcomed(NodeId(1), empty_node(1, config));
  second.welcomed(NodeId(3), empty_node(3, config));
  EXPECT_TRUE(std::holds_alternative<Birth::Wait>(second.decide()));
}

TEST(BirthTest, AnAnswerCountsOnlyWhileItsLinkIsOpen) {
  const auto config = test_config(2);
  Birth birth(config, self);
  birth.welcomed(NodeId(2), empty_node(2, config));
  birth.lost(NodeId(2));
  EXPECT_TRUE(std::holds_alternative<Birth::Wait>(birth.decide()));
  EXPECT_THAT(birth.waiting_for(), ElementsAre(NodeId(2)));
}

TEST(BirthTest, AnotherFoundingConfigurationIsNoAgreement) {
  const auto config = test_config(2);
  Birth birth(config, self);
  birth.welcomed(NodeId(2), empty_node(2, test_config(3)));
  EXPECT_TRUE(std::holds_alternative<Birth::Wait>(birth.decide()));
  EXPECT_THAT(birth.objection(NodeId(2)), HasSubstr("lists other nodes or addresses"));
}

TEST(BirthTest, ANodeThatBelongsToAClusterIsFollowedNotFounded) {
  const auto config = test_config(2);
  Birth birth(config, self);
  auto welcome = empty_node(2, config);
  welcome.cluster = ClusterId(77);
  birth.welcomed(NodeId(2), welcome);
  const auto joining = birth.decide();
  ASSERT_TRUE(std::holds_alternative<Birth::Join>(joining));
  EXPECT_EQ(std::get<Birth::Join>(joining).cluster, ClusterId(77));

  raft::Member member;
  member.id = self;
  welcome.founded = raft::Configuration{{member}};
  birth.welcomed(NodeId(2), welcome);
  EXPECT_TRUE(std::holds_alternative<Birth::Adopt>(birth.decide()));

  welcome.founded->members[0].id.incarnation = Incarnation(5);   // a former life of this node, not this one
  birth.welcomed(NodeId(2), welcome);
  EXPECT_TRUE(std::holds_alternative<Birth::Join>(birth.decide()));
}

TEST(BirthTest, AnIdentityAndALogThatCannotBeOfOneNodeAreRefused) {
  raft::Configuration founding;
  store::Identity unborn;
  store::Identity born;
  born.cluster = ClusterId(7);
  EXPECT_TRUE(check_log(unborn, raft::Durable(), "d").ok());
  EXPECT_TRUE(check_log(unborn, founding_durable(founding), "d").ok());   // an interrupted birth
  EXPECT_TRUE(check_log(born, founding_durable(founding), "d").ok());
  EXPECT_TRUE(check_log(born, joining_durable(), "d").ok());
  EXPECT_THAT(check_log(born, raft::Durable(), "d").error().message, HasSubstr("the log is gone"));
  auto used = founding_durable(founding);
  used.hard_state.current_term = Term(4);
  EXPECT_THAT(check_log(unborn, used, "d").error().message, HasSubstr("the identity names no cluster"));
  auto cut = founding_durable(founding);
  cut.hard_state.commit_index = Index(9);
  EXPECT_THAT(check_log(born, cut, "d").error().message, HasSubstr("the log lost its end"));
}

TEST(BirthTest, AnArchiveThatIsNoPartOfTheLogIsRefused) {   // R9
  auto durable = founding_durable(raft::Configuration());
  store::ArchivePosition position;
  EXPECT_TRUE(check_archive(position, durable, "d").ok());
  position.applied = raft::EntryId{Term(1), Index(1)};
  EXPECT_TRUE(check_archive(position, durable, "d").ok());
  position.applied = raft::EntryId{Term(2), Index(1)};
  EXPECT_THAT(check_archive(position, durable, "d").error().message, HasSubstr("disagree at index 1"));
  position.applied = raft::EntryId{Term(2), Index(2)};
  EXPECT_THAT(check_archive(position, durable, "d").error().message, HasSubstr("beyond the log's end"));
  durable.base = raft::EntryId{Term(1), Index(7)};   // the log was trimmed, and the archive is a new one
  durable.entries.clear();
  position.applied = {};
  EXPECT_THAT(check_archive(position, durable, "d").error().message, HasSubstr("the log begins after index 7"));
}

// -- whole nodes ----------------------------------------------------------------------------------------------

TEST(BirthOfAClusterTest, WaitsForAllAndNamesWhoIsMissing) {
  TestCluster cluster(3);
  ASSERT_TRUE(cluster.node(1).start().ok());
  ASSERT_TRUE(cluster.node(2).start().ok());
  cluster.world().run_for(5s);
  EXPECT_EQ(cluster.node(1).replication().identity().cluster, ClusterId());
  EXPECT_THAT(cluster.node(1).replication().waiting_for(), ElementsAre(NodeId(3)));
  EXPECT_TRUE(cluster.node(2).said("waiting for node 3 at 10.0.0.3:7101 (10.0.0.3:7101: connection refused)"));
  EXPECT_EQ(cluster.node(1).replication().status().configuration, nullptr);
  ASSERT_TRUE(cluster.node(3).start().ok());
  EXPECT_NE(cluster.wait_for_leader(), nullptr);
}

TEST(BirthOfAClusterTest, DifferentFilesAreNamedAsTheReason) {
  TestCluster cluster(3);
  cluster.node(2).config().nodes[2].client.advertise = "10.0.0.3:9999";
  cluster.start_all();
  cluster.world().run_for(5s);
  EXPECT_EQ(cluster.node(1).replication().identity().cluster, ClusterId());
  EXPECT_TRUE(cluster.node(1).said("waiting for node 2 at 10.0.0.2:7101 (its configuration file lists other nodes"));
}

// Power fails on one node after each single change that its disk sees during the birth; it comes back, and there is one
// cluster with equal logs. On node 1 (the founder) and on node 2 (who is told).
void birth_with_a_crash_after_each_change(std::uint32_t victim) {
  for (std::uint64_t changes = 1;; ++changes) {
    SCOPED_TRACE("a crash after " + std::to_string(changes) + " changes");
    TestCluster cluster(3, changes);
    cluster.node(victim).disk().stop_after(changes);
    bool crashed = false;
    for (std::uint32_t id : {1U, 2U, 3U}) {
      if (id == victim) continue;
      ASSERT_TRUE(cluster.node(id).start().ok());
    }
    try {
      crashed = !cluster.node(victim).start().ok();   // the archive says it as a value
      if (!crashed) cluster.wait([&] { return cluster.leader() != nullptr; });
    } catch (const store::DiskError&) {
      crashed = true;
    }
    if (!crashed && cluster.node(victim).replication().identity().cluster != ClusterId()) break;   // it got through
    cluster.node(victim).crash();
    cluster.world().run_for(1s);
    const auto restarted = cluster.node(victim).start();
    ASSERT_TRUE(restarted.ok()) << restarted.error().message;
    ASSERT_TRUE(cluster.wait([&] {
      for (std::uint32_t id = 1; id <= 3; ++id) {
        if (cluster.node(id).replication().identity().cluster == ClusterId()) return false;
      }
      return cluster.leader() != nullptr;
    }));
    const auto& first = cluster.node(1).replication().identity();
    for (std::uint32_t id = 2; id <= 3; ++id) {
      EXPECT_EQ(cluster.node(id).replication().identity().cluster, first.cluster);
    }
    EXPECT_NE(first.founding.find(ServerId{NodeId(victim), cluster.node(victim).replication().identity().incarnation}),
              nullptr);
    ASSERT_TRUE(cluster.wait([&] { return cluster.leads_with_its_time(); }));
    cluster.leader()->submit("alive");
    EXPECT_TRUE(cluster.wait_until_all_applied("alive"));
    ASSERT_LT(changes, 500U) << "the birth never gets through";
  }
}

TEST(BirthOfAClusterTest, ACrashOfTheFounderAtAnyMomentLeavesOneCluster) { birth_with_a_crash_after_each_change(1); }
TEST(BirthOfAClusterTest, ACrashOfWhoIsToldAtAnyMomentLeavesOneCluster) { birth_with_a_crash_after_each_change(2); }

TEST(BirthOfAClusterTest, AWipedDiskJoinsWithoutAVoteAndSaysSo) {   // R4
  TestCluster cluster(3);
  cluster.start_all();
  ASSERT_NE(cluster.wait_for_leader(), nullptr);
  auto& wiped = cluster.follower();
  const auto cluster_id = wiped.replication().identity().cluster;
  wiped.kill();
  wiped.wipe();
  ASSERT_TRUE(wiped.start().ok());
  ASSERT_TRUE(cluster.wait([&] { return wiped.replication().identity().cluster == cluster_id; }));
  EXPECT_TRUE(wiped.said("born without this data directory"));
  EXPECT_TRUE(wiped.replication().identity().founding.members.empty());
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader()->said("came with another data directory"); }));

  for (std::uint32_t id = 1; id <= 3; ++id) {   // its vote and its acknowledgement must not make a majority
    if (&cluster.node(id) != &wiped && &cluster.node(id) != cluster.leader()) cluster.node(id).kill();
  }
  auto* const alone = &cluster.node(1) == &wiped ? &cluster.node(2) : &cluster.node(1);
  TestReplica& survivor = alone->running() ? *alone : cluster.node(3);
  survivor.submit("no majority");
  cluster.world().run_for(5s);
  EXPECT_TRUE(survivor.applied().empty());
  EXPECT_EQ(wiped.replication().status().configuration, nullptr);

  wiped.kill();   // and it stays a joiner over a restart
  const auto again = wiped.start();
  EXPECT_TRUE(again.ok()) << again.error().message;
}

TEST(BirthOfAClusterTest, AnotherClustersDirectoryIsRejectedByName) {
  TestCluster ours(2, 1);
  ours.start_all();
  ASSERT_NE(ours.wait_for_leader(), nullptr);
  TestCluster theirs(2, 2);
  theirs.start_all();
  ASSERT_NE(theirs.wait_for_leader(), nullptr);

  ours.node(2).kill();
  theirs.node(2).kill();
  const auto foreign = store::load_identity(theirs.node(2).disk());
  const auto own = store::load_identity(ours.node(2).disk());
  ASSERT_TRUE(foreign.ok() && own.ok());
  auto mixed = **own;
  mixed.cluster = (*foreign)->cluster;
  store::save_identity(ours.node(2).disk(), mixed);
  ASSERT_TRUE(ours.node(2).start().ok());
  EXPECT_TRUE(ours.wait([&] { return ours.node(1).said("peer_rejected"); }));
  EXPECT_TRUE(ours.wait([&] { return ours.node(2).said("another cluster's data directory or address"); }));
  EXPECT_FALSE(ours.node(2).replication().leader().leader) << "nobody lets it take part";
}

}  // namespace
}  // namespace parley::node
