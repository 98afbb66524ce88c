// Reads are of what was committed when they came, or say that they may be old (dissertation 6.4).
#include "node/machine_fixture.hpp"

namespace parley::node::test {
namespace {

using namespace std::chrono_literals;

class FreshnessTest : public MachineTest {
 public:
  explicit FreshnessTest(milliseconds stale_read_max = 24h) {
    cluster.stale_read_max = stale_read_max;
    start();
    ann.emplace(member("ann"));
    ann->do_result("send", {{"to", "@ann"}, {"text", "x"}});
  }
  json::object history() { return ann->result("history", {{"in", "@ann"}}); }
  std::optional<TestClient> ann;
};

TEST_F(FreshnessTest, WithoutALeaderReadsAreServedAndMarkedStaleWithTheirAge) {
  EXPECT_FALSE(ann->result("unread").contains("stale"));
  replication->no_leader();
  run_for(2s);
  const auto read = history();
  EXPECT_TRUE(read.at("stale").as_bool());
  EXPECT_GE(number(read, "age_ms"), 2000u);
  EXPECT_EQ(read.at("messages").as_array().size(), 1u);
  EXPECT_EQ(network().get("/readyz")->status, 503);
  replication->new_term();
  EXPECT_FALSE(ann->result("unread").contains("stale"));
}

// A leader that was cut off does not know it yet: nobody confirms its reads (catalogue 14).
TEST_F(FreshnessTest, WhatNobodyConfirmsIsMarkedStaleThoughALeaderIsKnown) {
  replication->answers_reads = false;
  const auto read = history();
  EXPECT_TRUE(read.at("stale").as_bool());
  EXPECT_EQ(read.at("messages").as_array().size(), 1u);
  replication->answers_reads = true;
  EXPECT_FALSE(history().contains("stale"));
}

TEST_F(FreshnessTest, AReadOutlastsAShortElectionAndIsFresh) {
  replication->no_leader();
  const auto id = ann->send("unread", {});
  run_for(100ms);
  EXPECT_FALSE(ann->answer(id));
  replication->new_term();
  EXPECT_FALSE(ann->wait(id).at("result").as_object().contains("stale"));
}

TEST_F(FreshnessTest, WhatWasCommittedWhenTheReadCameIsWaitedFor) {
  replication->commit_at_once = false;
  json::object note = ann->sequenced({{"to", "@ann"}, {"text", "on its way"}});
  ann->send("send", std::move(note));
  run_for(10ms);
  const auto read = ann->send("history", {{"in", "@ann"}});
  replication->commit_all();   // after the read was sent, before the node looks at it: committed, not applied
  EXPECT_EQ(ann->wait(read).at("result").at("messages").as_array().size(), 2u);
}

class ShortFreshnessTest : public FreshnessTest {
 public:
  ShortFreshnessTest() : FreshnessTest(5s) {}
};

TEST_F(ShortFreshnessTest, BeyondTheAgeThatIsAllowedReadsAreNotServed) {
  replication->no_leader();
  run_for(4s);
  EXPECT_TRUE(history().contains("stale"));
  run_for(2s);
  EXPECT_EQ(ann->reason("history", {{"in", "@ann"}}), "no_leader");
}

// It knows no age then, only that what it read from its disk is no younger than it is up.
TEST_F(ShortFreshnessTest, AfterARestartWithoutALeaderTheTimeThatItIsUpIsTheLeastAge) {
  const auto token = ann->token();
  replication->no_leader();
  stop();
  start();
  ann.emplace(connect());
  ann->result("resume", {{"token", token}});
  const auto read = history();
  EXPECT_TRUE(read.at("stale").as_bool());
  EXPECT_FALSE(read.contains("age_ms"));
  EXPECT_EQ(read.at("messages").as_array().size(), 1u);
  run_for(6s);
  EXPECT_EQ(ann->reason("history", {{"in", "@ann"}}), "no_leader");
  replication->new_term();
  EXPECT_FALSE(history().contains("stale"));
}

TEST_F(FreshnessTest, ALoginThatEndsWhileItsReadWaitsIsNotServed) {
  replication->answers_reads = false;
  const auto read = ann->send("history", {{"in", "@ann"}});
  run_for(10ms);
  auto other = connect();
  other.open("another-key-that-is-long-enough");
  other.result("resume", {{"token", ann->token()}});
  other.do_result("logout");
  run_for(10ms);
  const auto answer = ann->answer(read);   // none, when its connection was closed first
  EXPECT_TRUE(!answer || answer->contains("error"));
}

}  // namespace
}  // namespace parley::node::test
