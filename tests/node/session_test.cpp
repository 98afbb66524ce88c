// Connections: who is let in, who is cut off and why, what everybody is told.

#include <gmock/gmock.h>

#include "node/limits.hpp"
#include "node/machine_fixture.hpp"
#include "node/pulse.hpp"
#include "node/session_hub.hpp"

namespace parley::node::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class SessionTest : public MachineTest {};

TEST_F(SessionTest, ASlowReaderIsCutOffWithAReasonAndReadsOnFromItsCursor) {
  cluster.session_outbox_max = 16;
  start();
  auto ann = member("ann");
  auto bob = member("bob");
  bob.connection().stall(true);
  for (int i = 0; i < 20; ++i) ann.do_result("send", {{"to", "@bob"}, {"text", "x"}});
  run_for(2s);
  EXPECT_TRUE(bob.connection().closed());
  EXPECT_EQ(bob.connection().close_reason(), "slow_reader");
  EXPECT_THAT(network().get("/metrics")->body, HasSubstr("parley_slow_readers_total 1\n"));
  auto again = connect();
  again.result("resume", {{"token", bob.token()}});
  EXPECT_EQ(again.result("sync", {{"generation", 1}, {"cursor", 0}}).at("messages").as_array().size(), 20u);
}

TEST_F(SessionTest, ASlowReaderThatRecoversInTimeIsToldWhy) {
  cluster.session_outbox_max = 4;
  start();
  auto ann = member("ann");
  auto bob = member("bob");
  bob.connection().stall(true);
  for (int i = 0; i < 6; ++i) ann.do_result("send", {{"to", "@bob"}, {"text", "x"}});
  bob.connection().stall(false);
  ASSERT_TRUE(run_until([&] { return bob.connection().closed(); }));
  ASSERT_EQ(bob.notifications("closing").size(), 1u);
  EXPECT_EQ(text(bob.notifications("closing")[0], "reason"), "slow_reader");
}

// A planned stop: whoever waits for something gets it first, nobody keeps the node by asking on.
TEST_F(SessionTest, ANodeThatRetiresAnswersWhatWasAskedAndSaysFarewell) {
  start();
  auto ann = member("ann");
  auto idle = connect();
  idle.result("hello", {{"protocol", 1}});
  replication->commit_at_once = false;
  const auto before = replication->last();
  const auto asked = ann.send("send", ann.sequenced({{"to", "@ann"}, {"text", "before"}}));
  run_for(50ms);
  machine().retire();
  const auto too_late = ann.send("send", ann.sequenced({{"to", "@ann"}, {"text", "after"}}));
  ASSERT_TRUE(run_until([&] { return idle.connection().closed(); }));
  EXPECT_EQ(text(idle.notifications("closing").at(0), "reason"), "node_stopping");
  run_for(1s);
  EXPECT_FALSE(ann.connection().closed());
  EXPECT_FALSE(machine().retired());
  EXPECT_EQ(text(ann.answer(too_late).value().at("error").at("data").as_object(), "outcome"), "later");
  EXPECT_EQ(replication->last() - before, 1u) << "what came afterwards is not carried out";

  replication->commit_all();
  ASSERT_TRUE(run_until([&] { return ann.connection().closed(); }));
  EXPECT_TRUE(ann.answer(asked).value().contains("result")) << "before the farewell";
  EXPECT_EQ(text(ann.notifications("closing").at(0), "reason"), "node_stopping");
  EXPECT_TRUE(machine().retired());
  auto late = connect();
  ASSERT_TRUE(run_until([&] { return late.connection().closed(); }));
  EXPECT_EQ(text(late.notifications("closing").at(0), "reason"), "node_stopping");
}

TEST_F(SessionTest, BeyondSessionsMaxOneIsTurnedAwayWithAReasonAndTheOthersStay) {
  cluster.sessions_max = 2;
  start();
  auto one = connect();
  auto two = connect();
  one.result("status");
  two.result("status");
  auto three = connect();
  ASSERT_TRUE(run_until([&] { return three.connection().closed(); }));
  EXPECT_EQ(text(three.notifications("closing").at(0), "reason"), "too_many");
  two.connection().hang_up();
  run_for(50ms);
  auto four = connect();
  four.result("status");
  one.result("status");
}

TEST_F(SessionTest, WhoIsNotLoggedInGivesWayAfterAWhileWhenAllPlacesAreTaken) {
  cluster.sessions_max = 2;
  start();
  auto ann = member("ann");
  auto stranger = connect();
  stranger.result("status");
  run_for(stranger_stay);
  auto next = connect();
  next.result("status");
  ASSERT_TRUE(run_until([&] { return stranger.connection().closed(); }));
  EXPECT_EQ(text(stranger.notifications("closing").at(0), "reason"), "too_many");
  ann.result("unread");
}

TEST_F(SessionTest, OneAddressCanNotTakeAllConnectionsButTheLoopbackMay) {
  start();
  std::vector<TestClient> clients;
  for (std::size_t i = 0; i <= address_sessions_max; ++i) clients.push_back(connect("10.1.2.3:" + std::to_string(i)));
  run_for(50ms);
  EXPECT_TRUE(clients.back().connection().closed());
  EXPECT_FALSE(clients.front().connection().closed());
  connect("10.1.2.4:1").result("status");
}

TEST_F(SessionTest, WhoSaysNothingIsNotKept) {
  start();
  auto silent = connect();
  auto talker = connect();
  talker.result("status");
  run_for(hello_timeout + 2s);
  EXPECT_TRUE(silent.connection().closed());
  EXPECT_FALSE(talker.connection().closed());
}

TEST_F(SessionTest, TooManyRequestsUnderWayAreNotReadUntilSomeAreAnswered) {
  start();
  auto ann = member("ann");
  replication->commit_at_once = false;
  const auto at = ann.next;
  std::vector<std::uint64_t> ids;
  for (std::uint64_t i = 0; i < under_way_max + 10; ++i) {
    ids.push_back(ann.send("send", {{"to", "@ann"}, {"text", "x"}, {"seq", at + i}, {"first", 1}}));
  }
  const auto before = replication->last();
  run_for(100ms);
  EXPECT_EQ(replication->last() - before, under_way_max);
  replication->commit_at_once = true;
  replication->commit_all();
  for (const auto id : ids) EXPECT_TRUE(ann.wait(id).contains("result"));
}

TEST_F(SessionTest, StrangersAreServedSlowlyWhenTheyAskTooMuchAndMembersAsBefore) {
  start();
  auto ann = member("ann");
  auto stranger = connect("10.6.6.6:1");
  int later = 0;
  for (int i = 0; i < 1100; ++i) {
    const auto answer = stranger.ask("status");
    if (!answer.contains("error")) continue;
    EXPECT_EQ(answer.at("error").at("data").at("reason").as_string(), "too_many_requests");
    ++later;
  }
  EXPECT_GT(later, 0);
  ann.result("status");
  run_for(1s);
  stranger.result("status");
}

TEST_F(SessionTest, TheLeaderIsToldToWhoSaidHelloWhenItChanges) {
  start();
  auto ann = connect();
  auto quiet = connect();
  ann.result("hello", {{"protocol", 1}});
  quiet.result("status");
  replication->no_leader();
  run_for(50ms);
  replication->new_term();
  run_for(50ms);
  const auto told = ann.notifications("leader");
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(told[0].at("node").is_null());
  EXPECT_EQ(told[1].at("node").to_number<int>(), 1);
  EXPECT_EQ(text(told[1], "address"), "fake:7201");
  EXPECT_TRUE(quiet.notifications("leader").empty());
}

QuorumView quorum_of(std::size_t voters, std::size_t alive, std::optional<TimePoint> acts_at = {}) {
  return QuorumView{raft::Resilience::of(voters, alive, 1), acts_at};
}

// Only a leader knows, and only once the others have had the time to answer it.
TEST_F(SessionTest, WhetherOneMoreFailureIsBearableIsToldWhenItChanges) {
  replication->quorum_view = quorum_of(3, 3);
  start();
  auto ann = connect();
  EXPECT_FALSE(ann.result("hello", {{"protocol", 1}}).contains("bearable"));
  run_for(10s);
  ASSERT_EQ(ann.notifications("leader").size(), 1u);
  EXPECT_EQ(ann.notifications("leader")[0].at("node").to_number<int>(), 1);
  EXPECT_EQ(text(ann.notifications("leader")[0], "bearable"), "yes");
  EXPECT_FALSE(ann.notifications("leader")[0].contains("copies")) << "they change with every message";
  replication->quorum_view = quorum_of(3, 2, world.now() + 5s);
  run_for(2s);
  ASSERT_EQ(ann.notifications("leader").size(), 2u);
  const auto soon = ann.notifications("leader")[1];
  EXPECT_EQ(text(soon, "bearable"), "soon");
  EXPECT_EQ(number(soon, "copies"), 1u);   // of the script's one voter
  EXPECT_GT(number(soon, "bearable_in_ms"), 3'900u);
  EXPECT_LE(number(soon, "bearable_in_ms"), 5'000u);
  replication->quorum_view = quorum_of(1, 1);
  run_for(2s);
  ASSERT_EQ(ann.notifications("leader").size(), 3u);
  EXPECT_EQ(text(ann.notifications("leader")[2], "bearable"), "no");
  EXPECT_FALSE(ann.notifications("leader")[2].contains("bearable_in_ms"));
  auto late = connect();
  EXPECT_EQ(text(late.result("hello", {{"protocol", 1}}), "bearable"), "no");
}

TEST_F(SessionTest, WhoDoesNotLeadSaysNothingOfCopies) {
  replication->quorum_view = quorum_of(3, 3);
  start();
  auto ann = connect();
  ann.result("hello", {{"protocol", 1}});
  run_for(3s);
  replication->no_leader();
  run_for(50ms);
  ASSERT_EQ(ann.notifications("leader").size(), 2u);
  EXPECT_TRUE(ann.notifications("leader")[0].contains("bearable"));
  EXPECT_FALSE(ann.notifications("leader")[1].contains("bearable"));
  EXPECT_FALSE(connect().result("hello", {{"protocol", 1}}).contains("bearable"));
  run_for(5s);
  EXPECT_EQ(ann.notifications("leader").size(), 2u);
  replication->new_term();
  run_for(10ms);
  EXPECT_FALSE(ann.notifications("leader").at(2).contains("bearable")) << "it has not heard the others yet";
  run_for(3s);
  EXPECT_EQ(text(ann.notifications("leader").at(3), "bearable"), "yes");
}

TEST_F(SessionTest, WhatComesAndGoesIsToldOnceASecondAtMost) {
  replication->quorum_view = quorum_of(3, 3);
  start();
  auto ann = connect();
  ann.result("hello", {{"protocol", 1}});
  run_for(3s);
  const auto before = ann.notifications("leader").size();
  for (std::size_t i = 0; i < 100; ++i) {
    replication->quorum_view = quorum_of(3, 2 + i % 2);
    run_for(70ms);
  }
  const auto told = ann.notifications("leader").size() - before;
  EXPECT_GE(told, 2u);
  EXPECT_LE(told, 8u);   // in seven seconds
}

TEST_F(SessionTest, APushIsNeverAheadOfWhatAReadOnThisNodeShows) {
  start();
  auto ann = member("ann");
  auto bob = member("bob");
  ann.send("send", ann.sequenced({{"to", "@bob"}, {"text", "x"}}));
  ASSERT_TRUE(run_until([&] { return !bob.notifications("message").empty(); }));
  EXPECT_EQ(bob.result("history", {{"in", "@ann"}}).at("last").to_number<int>(), 1);
  EXPECT_EQ(bob.result("unread").at("places").at(0).at("unread").to_number<int>(), 1);
}

TEST_F(SessionTest, ManyInARoomGetTheSameNotification) {
  start();
  auto ann = member("ann");
  ann.do_result("room.create", {{"room", "hall"}});
  std::vector<TestClient> others;
  for (int i = 0; i < 5; ++i) {
    others.push_back(member("guest" + std::to_string(i)));
    others.back().do_result("room.join", {{"room", "hall"}});
  }
  ann.do_result("send", {{"to", "#hall"}, {"text", "hi all"}});
  run_for(50ms);
  for (auto& other : others) {
    ASSERT_EQ(other.notifications("message").size(), 1u);
    EXPECT_EQ(text(other.notifications("message")[0], "in"), "#hall");
  }
}

TEST_F(SessionTest, AConnectionThatGoesWithRequestsUnderWayHarmsNobody) {
  start();
  auto ann = member("ann");
  replication->commit_at_once = false;
  ann.send("send", ann.sequenced({{"to", "@ann"}, {"text", "x"}}));
  ann.send("history", {{"in", "@ann"}});
  run_for(1ms);
  ann.connection().hang_up();
  run_for(50ms);
  replication->commit_at_once = true;
  replication->commit_all();
  run_for(50ms);
  auto again = connect();
  again.result("resume", {{"token", ann.token()}});
  EXPECT_EQ(again.result("history", {{"in", "@ann"}}).at("last").to_number<int>(), 1);
}

// -- pages -----------------------------------------------------------------------------------------------------------

TEST_F(SessionTest, PagesSayWhetherTheNodeLivesAndServes) {
  start();
  EXPECT_EQ(network().get("/healthz")->status, 200);
  EXPECT_EQ(network().get("/readyz")->status, 200);
  replication->waiting = {NodeId{2}, NodeId{3}};
  EXPECT_EQ(network().get("/readyz")->status, 503);
  EXPECT_THAT(network().get("/readyz")->body, HasSubstr("2 3"));
  EXPECT_FALSE(network().get("/etc/passwd"));
  auto ann = member("ann");
  ann.error("fly");
  const auto metrics = network().get("/metrics")->body;
  EXPECT_THAT(metrics, HasSubstr("parley_role{role=\"leader\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("parley_requests_total{method=\"login\",outcome=\"done\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("parley_requests_total{method=\"none\",outcome=\"invalid\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("parley_sessions 1\n"));
}

TEST_F(SessionTest, MetricsTellOfCopiesAndWhetherOneMoreFailureIsBearable) {
  start();
  const auto metrics = [this] { return network().get("/metrics")->body; };
  replication->quorum_view = quorum_of(3, 3);
  EXPECT_THAT(metrics(), HasSubstr("\nparley_copies 1\n"));   // of the script's one voter
  EXPECT_THAT(metrics(), HasSubstr("\nparley_failure_bearable 1\n"));
  EXPECT_THAT(metrics(), Not(HasSubstr("parley_failure_bearable_in_ms")));
  replication->quorum_view = quorum_of(3, 2, world.now() + 700ms);
  EXPECT_THAT(metrics(), HasSubstr("\nparley_failure_bearable 0\n"));
  EXPECT_THAT(metrics(), HasSubstr("\nparley_failure_bearable_in_ms 700\n"));
  replication->quorum_view = quorum_of(3, 2);
  EXPECT_THAT(metrics(), HasSubstr("\nparley_failure_bearable 0\n"));
  EXPECT_THAT(metrics(), Not(HasSubstr("parley_failure_bearable_in_ms"))) << "nobody knows when";
  replication->commit_at_once = false;
  auto ann = connect();
  ann.send("client.open", {{"key", "a-key-that-only-i-know"}});
  run_for(10ms);
  replication->persisted = Index{0};
  replication->commit_all();
  EXPECT_THAT(metrics(), HasSubstr("\nparley_copies 0\n")) << "its own disk has not all that is committed";
}

TEST_F(SessionTest, MetricsTellHowLongTheDiskTakes) {
  Pulse pulse(Logger::discard());
  pulse.log_written(3ms, TimePoint(1s));
  pulse.log_written(5s, TimePoint(6s));
  replication->pulse_view = &pulse;
  start();
  const auto metrics = network().get("/metrics")->body;
  EXPECT_THAT(metrics, HasSubstr("# TYPE parley_log_write_seconds histogram\n"
                                 "parley_log_write_seconds_bucket{le=\"0.001\"} 0\n"
                                 "parley_log_write_seconds_bucket{le=\"0.002\"} 0\n"
                                 "parley_log_write_seconds_bucket{le=\"0.004\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("parley_log_write_seconds_bucket{le=\"4.096\"} 1\n"
                                 "parley_log_write_seconds_bucket{le=\"+Inf\"} 2\n"
                                 "parley_log_write_seconds_sum 5.003000\n"
                                 "parley_log_write_seconds_count 2\n"));
  EXPECT_THAT(metrics, HasSubstr("parley_woken_late_seconds_count 0\n"));
}

TEST_F(SessionTest, NotReadyUntilWhatWasCommittedAtTheStartIsApplied) {
  replication->answers_reads = false;
  start();
  EXPECT_EQ(network().get("/readyz")->status, 503);
  replication->answers_reads = true;
  run_for(1s);
  EXPECT_EQ(network().get("/readyz")->status, 200);
}

TEST_F(SessionTest, APortThatIsTakenIsNamed) {
  self.client.listen = "taken";
  EXPECT_THROW(start(), std::runtime_error);
}

// -- the operator token ----------------------------------------------------------------------------------------------

TEST_F(SessionTest, TheOperatorTokenSurvivesARestartAndIsMadeAnewWhenACrashLeftItEmpty) {
  start();
  const auto token = disk.contents("operator.token");
  stop();
  start();
  EXPECT_EQ(disk.contents("operator.token"), token);
  kill();
  disk.overwrite("operator.token", "");
  start();
  EXPECT_GE(disk.contents("operator.token").size(), 43u);
  EXPECT_NE(disk.contents("operator.token"), "");
}

}  // namespace
}  // namespace parley::node::test
