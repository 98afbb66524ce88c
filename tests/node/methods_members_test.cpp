// Members and the leadership: the methods of docs/PROTOCOL.md section 6 that are for operators and administrators.
#include <gmock/gmock.h>

#include "node/machine_fixture.hpp"

namespace parley::node::test {
namespace {

using ::testing::HasSubstr;

class MemberMethodsTest : public MachineTest {
 protected:
  void SetUp() override { start(); }
  TestClient boss() {
    auto token = disk.contents("operator.token");
    token.pop_back();
    auto client = connect();
    client.result("operator", {{"token", token}});
    return client;
  }
};

TEST_F(MemberMethodsTest, NobodyWithoutTheTokenOrAnAdministratorsLoginIsHeard) {
  auto stranger = connect();
  auto ann = member("ann");
  for (const auto* method : {"cluster.add", "cluster.remove", "cluster.promote", "cluster.transfer"}) {
    EXPECT_EQ(stranger.reason(method, {{"node", 2}}), "forbidden") << method;
    EXPECT_EQ(ann.reason(method, {{"node", 2}}), "forbidden") << method;
  }
  EXPECT_EQ(stranger.reason("cluster.members"), "forbidden");
  EXPECT_EQ(ann.reason("cluster.members"), "forbidden");
  EXPECT_TRUE(replication->administered.empty());
}

TEST_F(MemberMethodsTest, AnAdministratorsLoginIsEnoughUntilItIsTakenAway) {
  auto operator_client = boss();
  operator_client.open("an-operators-key-0123456789");
  auto ann = member("ann");
  operator_client.do_result("admin.admin", {{"account", "ann"}, {"administrator", true}});
  ann.result("cluster.members");
  operator_client.do_result("admin.admin", {{"account", "ann"}, {"administrator", false}});
  EXPECT_EQ(ann.reason("cluster.members"), "forbidden");
}

TEST_F(MemberMethodsTest, WhatIsAskedReachesTheConsensusSideAsItWasMeant) {
  auto client = boss();
  replication->member_reply.outcome = wire::MemberReply::Outcome::done;
  replication->member_reply.text = "node 4 is a learner";
  const auto result =
      client.result("cluster.add", {{"node", 4}, {"peer", "10.0.0.4:7101"}, {"client", "10.0.0.4:7201"}});
  EXPECT_EQ(text(result, "text"), "node 4 is a learner");
  client.result("cluster.remove", {{"node", 4}, {"force", true}});
  client.result("cluster.promote", {{"node", 4}});
  client.result("cluster.transfer", {{"node", 2}});
  ASSERT_EQ(replication->administered.size(), 4U);
  const auto& add = replication->administered[0];
  EXPECT_EQ(add.action, wire::MemberAction::add);
  EXPECT_EQ(add.node, NodeId(4));
  EXPECT_EQ(add.peer_address, "10.0.0.4:7101");
  EXPECT_EQ(add.client_address, "10.0.0.4:7201");
  EXPECT_EQ(replication->administered[1].action, wire::MemberAction::remove);
  EXPECT_TRUE(replication->administered[1].force);
  EXPECT_EQ(replication->administered[2].action, wire::MemberAction::promote);
  EXPECT_EQ(replication->administered[3].action, wire::MemberAction::transfer);
  EXPECT_EQ(replication->administered[3].node, NodeId(2));
}

TEST_F(MemberMethodsTest, EachOutcomeIsToldInItsOwnWay) {
  auto client = boss();
  auto& reply = replication->member_reply;
  reply.text = "because of that";
  const json::object ask{{"node", 2}};
  reply.outcome = wire::MemberReply::Outcome::refused;
  auto error = client.error("cluster.transfer", ask);
  EXPECT_EQ(code(error), -32000);
  EXPECT_EQ(text(error.at("data").as_object(), "reason"), "member_refused");
  EXPECT_EQ(text(error, "message"), "because of that");
  reply.outcome = wire::MemberReply::Outcome::later;
  error = client.error("cluster.transfer", ask);
  EXPECT_EQ(code(error), -32001);
  EXPECT_TRUE(error.at("data").as_object().contains("retry_after_ms"));
  reply.outcome = wire::MemberReply::Outcome::unknown;
  error = client.error("cluster.transfer", ask);
  EXPECT_EQ(code(error), -32002);
  EXPECT_EQ(text(error.at("data").as_object(), "outcome"), "unknown");
}

TEST_F(MemberMethodsTest, WrongParametersNameThemselves) {
  auto client = boss();
  EXPECT_THAT(text(client.error("cluster.transfer"), "message"), HasSubstr("node"));
  EXPECT_THAT(text(client.error("cluster.transfer", {{"node", 0}}), "message"), HasSubstr("node"));
  EXPECT_THAT(text(client.error("cluster.transfer", {{"node", 70'000}}), "message"), HasSubstr("node"));
  EXPECT_THAT(text(client.error("cluster.add", {{"node", 4}, {"peer", "nonsense"}}), "message"), HasSubstr("peer"));
  EXPECT_TRUE(replication->administered.empty());
}

TEST_F(MemberMethodsTest, StatusTellsWhenOneMoreFailureWillBeBearable) {
  auto client = connect();
  replication->quorum_view = QuorumView{raft::Resilience::of(3, 2, 1), world.now() + std::chrono::milliseconds(700)};
  auto status = client.result("status");
  EXPECT_EQ(text(status, "bearable"), "soon");
  EXPECT_NEAR(static_cast<double>(number(status, "bearable_in_ms")), 700, 50);
  replication->quorum_view = QuorumView{raft::Resilience::of(2, 2, 1), std::nullopt};
  status = client.result("status");
  EXPECT_EQ(text(status, "bearable"), "yes");
  EXPECT_FALSE(status.contains("bearable_in_ms"));
}

}  // namespace
}  // namespace parley::node::test
