// Which node a client talks to, and what becomes of questions and messages when that changes.
#include "cli/client_fixture.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using Lines = std::vector<std::string>;

TEST_F(ClientTest, GoesToTheLeaderThatTheFirstNodeNames) {
  cluster_.set_leader(3);
  start_ready();
  EXPECT_EQ(connected_to(), 3U);
  EXPECT_EQ(client_->leader().node, 3U);
}

TEST_F(ClientTest, StaysWhereItIsWhenToldTo) {
  options_.follow_leader = false;
  servers_ = {"node2:1"};
  cluster_.set_leader(3);
  start_ready();
  EXPECT_EQ(connected_to(), 2U);
  node(2).notify("leader", {{"node", 1}, {"address", "node1:1"}});
  world_.run_for(2s);
  EXPECT_EQ(connected_to(), 2U);
  EXPECT_EQ(client_->leader().node, 1U);
}

TEST_F(ClientTest, MovesWhenTheLeaderDoesAndNothingIsLost) {
  start_ready();
  kind(send("one"));
  cluster_.set_leader(2);
  node(1).notify("leader", {{"node", 2}, {"address", "node2:1"}});
  ASSERT_TRUE(world_.run_until([&] { return connected_to() == 2; }));
  EXPECT_EQ(kind(send("two")), Kind::done);
  EXPECT_EQ(node(2).requests("send"), Lines{"send seq=2 first=2"});
  EXPECT_EQ(recorder_.leaders, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(ClientTest, StaysOnAFollowerWhenTheLeaderCanNotBeReached) {
  cluster_.set_leader(3);
  node(3).go_down();
  start_ready();
  EXPECT_NE(connected_to(), 3U);
  EXPECT_EQ(kind(send("one")), Kind::done);
}

TEST_F(ClientTest, ABrokenConnectionIsReplacedWithinTensOfMilliseconds) {
  start_ready();
  world_.run_for(5s);
  const TimePoint broken = world_.now();
  cluster_.set_leader(2);
  node(1).go_down();
  world_.run_for(0ms);
  ASSERT_TRUE(ready());
  EXPECT_EQ(connected_to(), 2U);
  EXPECT_LE(world_.now() - broken, 60ms);
}

TEST_F(ClientTest, LearnsOtherNodesFromTheHello) {
  servers_ = {"node1:1"};
  start_ready();
  EXPECT_EQ(client_->servers(), (Lines{"node1:1", "node2:1", "node3:1"}));
  cluster_.set_leader(3);
  node(1).go_down();
  world_.run_for(0ms);
  ASSERT_TRUE(ready());
  EXPECT_EQ(connected_to(), 3U);
}

TEST_F(ClientTest, ComesBackByItselfAfterAllNodesWereDown) {
  start_ready();
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  world_.run_for(30s);
  EXPECT_NE(client_->connection().phase, ConnectionState::Phase::ready);
  node(2).come_up();
  cluster_.set_leader(2);
  ASSERT_TRUE(world_.run_until([&] { return client_->connection().phase == ConnectionState::Phase::ready; }, 3s));
}

TEST_F(ClientTest, ANodeThatDoesNotAnswerIsGivenUp) {
  start_ready();
  node(1).expect("send").never_answer();
  node(1).expect("hello").never_answer();   // and hangs when asked again
  const auto ticket = send("one");
  EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
}

TEST_F(ClientTest, AMachineThatLostItsPowerIsLeftWhileARequestWaits) {
  start_ready();
  cluster_.set_leader(2);
  node(1).lose_power();
  const auto ticket = send("one");
  const Duration at_most = options_.ping_after_request + options_.ping_timeout + 200ms;
  EXPECT_EQ(outcome(ticket, at_most).kind, Kind::done);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
}

// Who only reads owes nothing and is owed nothing: without a question of its own it would wait for ever.
TEST_F(ClientTest, AMachineThatLostItsPowerIsLeftByWhoOnlyReads) {
  start_ready();
  cluster_.set_leader(2);
  node(1).lose_power();
  const Duration at_most = options_.ping_after + options_.ping_timeout + 200ms;
  ASSERT_TRUE(world_.run_until([&] { return connected_to() == 2; }, at_most));
}

TEST_F(ClientTest, ANodeThatIsThereIsNotLeftHoweverLongARequestTakes) {
  start_ready();
  node(1).expect("send").never_answer();
  const auto ticket = send("one");
  world_.run_for(options_.no_outcome_patience - 100ms);
  EXPECT_FALSE(outcomes_[ticket]);
  EXPECT_EQ(connected_to(), 1U);
  EXPECT_EQ(node(1).connections(), 1U);
  EXPECT_GE(node(1).requests("ping").size(), 5U);
}

// A leader that is cut off with half of the voters goes on leading, and carries out nothing (R2). Seed 50869.
TEST_F(ClientTest, ANodeThatCarriesOutNothingIsLeftForAnother) {
  start_ready();
  for (int i = 0; i < 1000; ++i) node(1).expect("send").later(200ms, "busy");
  const auto ticket = send("one");
  world_.run_for(options_.no_outcome_patience - 100ms);
  EXPECT_EQ(connected_to(), 1U);
  cluster_.set_leader(2);   // the others have elected one; node 1 has not heard of it
  EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_EQ(connected_to(), 2U);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
}

// Its archive is damaged, and nobody is there to fill it. Seed 1300104.
TEST_F(ClientTest, ANodeThatCanNotSayWhatWasMissedIsLeftForAnother) {
  start_ready();
  log_in("ann");
  for (int i = 0; i < 1000; ++i) node(2).expect("sync").later(400ms, "no_leader");
  cluster_.set_leader(2);
  node(1).go_down();
  ASSERT_TRUE(world_.run_until([&] { return connected_to() == 2; }, 5s));
  node(1).come_up();
  cluster_.add_message("missed");
  cluster_.set_leader(3);
  node(2).notify("leader", {{"node", nullptr}, {"address", nullptr}});   // it alone does not know
  EXPECT_TRUE(world_.run_until([&] { return recorder_.messages == Lines{"missed"}; }, 10s));
  EXPECT_NE(connected_to(), 2U);
}

TEST_F(ClientTest, AFailedSyncDoesNotKeepANodeThatCarriesOutNothing) {
  start_ready();
  log_in("ann");
  for (int i = 0; i < 1000; ++i) node(2).expect("sync").later(400ms, "busy");
  cluster_.set_leader(2);
  node(1).go_down();
  ASSERT_TRUE(world_.run_until([&] { return connected_to() == 2; }, 5s));
  cluster_.set_leader(3);
  cluster_.add_message("missed");
  EXPECT_TRUE(world_.run_until([&] { return recorder_.messages == Lines{"missed"}; },
                               options_.no_outcome_patience + 10s));
}

TEST_F(ClientTest, ANodeThatTalksIsNotAsked) {
  start_ready();
  for (int i = 0; i < 10; ++i) {
    world_.run_for(options_.ping_after - 100ms);
    node(1).notify("marker", {{"in", "#room"}, {"number", i}});
  }
  EXPECT_TRUE(node(1).requests("ping").empty());
  world_.run_for(2 * options_.ping_after);
  EXPECT_FALSE(node(1).requests("ping").empty());
}

TEST_F(ClientTest, LeavesANodeThatKnowsNoLeader) {
  start_ready();
  cluster_.set_leader(2);
  node(1).notify("leader", {{"node", nullptr}, {"address", nullptr}});   // cut off from the others
  ASSERT_TRUE(world_.run_until([&] { return connected_to() == 2; }, 5s));
}

// It puts off the sync that follows a login, for as long as it is cut off. Seed 7000364.
TEST_F(ClientTest, LeavesANodeThatKnowsNoLeaderAlsoWhereASyncIsPutOff) {
  start_ready();
  for (int i = 0; i < 1000; ++i) node(1).expect("sync").later(100ms);
  ASSERT_TRUE(log_in("anna").done());
  world_.run_for(1s);
  EXPECT_GE(node(1).requests("sync").size(), 5U);
  EXPECT_LE(node(1).requests("sync").size(), 15U);
  cluster_.set_leader(2);
  node(1).notify("leader", {{"node", nullptr}, {"address", nullptr}});
  ASSERT_TRUE(world_.run_until([&] { return connected_to() == 2; }, 5s));
}

TEST_F(ClientTest, AReadIsAskedAgainElsewhere) {
  start_ready();
  node(1).expect("history").drop_before_it_is_carried_out();
  EXPECT_EQ(kind(ask("history")), Kind::done);
}

TEST_F(ClientTest, ReadWhichMovesTheMarkerIsNotAskedAgain) {
  start_ready();
  node(1).expect("read").drop_after_it_was_carried_out();
  const Outcome result = outcome(ask("read"));
  EXPECT_EQ(result.kind, Kind::unknown);
  EXPECT_EQ(result.reason, "connection_lost");
}

TEST_F(ClientTest, AQuestionEndsAtItsDeadline) {
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  start();
  const TimePoint begun = world_.now();
  const Outcome result = outcome(ask("who", begun + 2s));
  EXPECT_EQ(result.kind, Kind::unknown);
  EXPECT_EQ(result.reason, "no_answer");
  EXPECT_EQ(world_.now() - begun, 2s);
}

TEST_F(ClientTest, AQuestionWaitsOutALater) {
  start_ready();
  node(1).expect("search").later(300ms, "busy");
  EXPECT_EQ(kind(ask("search")), Kind::done);
}

TEST_F(ClientTest, GibberishFromANodeLeadsToAnother) {
  start_ready();
  node(1).say("{\"jsonrpc\":\"2.0\",");
  node(1).go_down();
  cluster_.set_leader(2);
  world_.run_for(0ms);
  ASSERT_TRUE(ready());
  EXPECT_EQ(connected_to(), 2U);
}

TEST_F(ClientTest, NotificationsOfALaterVersionAreIgnored) {
  start_ready();
  node(1).notify("hologram", {{"x", 1}});
  node(1).notify("message", {{"nonsense", true}});
  node(1).notify("marker", {{"in", "#room"}, {"number", 4}});
  node(1).notify("room", {{"what", "joined"}, {"room", "#room"}, {"name", "bea"}, {"cursor", 5}});
  world_.run_for(10ms);
  EXPECT_EQ(client_->connection().phase, ConnectionState::Phase::ready);
  EXPECT_EQ(recorder_.markers, Lines{"#room4"});
  EXPECT_EQ(recorder_.rooms, Lines{"joined #room"});
}

}  // namespace
}  // namespace parley::cli
