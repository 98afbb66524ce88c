// Sequenced requests: carried out at most once, in order, whatever becomes of connections and nodes.
#include "cli/client_fixture.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using Lines = std::vector<std::string>;

TEST_F(ClientTest, OpensAClientSessionWithTheFirstRequestAndNumbersFromOne) {
  start_ready();
  EXPECT_TRUE(node(1).requests("client.open").empty());
  const auto first = send("one");
  const auto second = send("two");
  EXPECT_EQ(kind(first), Kind::done);
  EXPECT_EQ(kind(second), Kind::done);
  EXPECT_EQ(node(1).requests("client.open").size(), 1U);
  EXPECT_EQ(node(1).requests("send"), (Lines{"send seq=1 first=1", "send seq=2 first=1"}));
  EXPECT_EQ(cluster_.executed, (Lines{"send one", "send two"}));
  EXPECT_EQ(client_->pending(), 0U);
}

TEST_F(ClientTest, FirstIsTheLowestNumberWithoutAnAnswer) {
  start_ready();
  kind(send("one"));
  kind(send("two"));
  EXPECT_EQ(node(1).requests("send").back(), "send seq=2 first=2");
}

TEST_F(ClientTest, ALostAnswerIsAskedForAgainOnAnotherNodeWithTheSameNumber) {
  start_ready();
  node(1).expect("send").drop_after_it_was_carried_out();
  const auto ticket = send("one");
  const Outcome result = outcome(ticket);
  EXPECT_EQ(result.kind, Kind::done);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
  const auto again = node(2).requests("send").size() + node(3).requests("send").size();
  EXPECT_EQ(again, 1U);
}

TEST_F(ClientTest, WhatWasUnderWayIsResentInOrderAfterAFailover) {
  start_ready();
  kind(send("zero"));
  node(1).expect("send").never_answer();
  node(1).expect("send").never_answer();
  const auto first = send("one");
  const auto second = send("two");
  world_.run_for(10ms);
  cluster_.set_leader(2);
  node(1).go_down();
  EXPECT_EQ(kind(first), Kind::done);
  EXPECT_EQ(kind(second), Kind::done);
  EXPECT_EQ(node(2).requests("send"), (Lines{"send seq=2 first=2", "send seq=3 first=2"}));
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send one", "send two"}));
}

TEST_F(ClientTest, LaterIsSentAgainAfterTheTimeThatWasNamed) {
  start_ready();
  node(1).expect("send").later(700ms);
  const TimePoint begun = world_.now();
  const auto ticket = send("one");
  EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_GE(world_.now() - begun, 700ms);
  EXPECT_EQ(node(1).requests("send"), (Lines{"send seq=1 first=1", "send seq=1 first=1"}));
}

TEST_F(ClientTest, WhatCameBehindALaterKeepsItsPlace) {
  start_ready();
  node(1).expect("send").later(50ms);   // the second then comes out of turn
  const auto first = send("one");
  const auto second = send("two");
  EXPECT_EQ(kind(first), Kind::done);
  EXPECT_EQ(kind(second), Kind::done);
  EXPECT_EQ(cluster_.executed, (Lines{"send one", "send two"}));
}

TEST_F(ClientTest, ARefusalIsFinalAndNamesItsReason) {
  start_ready();
  node(1).expect("send").refuse("not_a_member");
  const auto ticket = send("one");
  const Outcome result = outcome(ticket);
  EXPECT_EQ(result.kind, Kind::refused);
  EXPECT_EQ(result.reason, "not_a_member");
  EXPECT_FALSE(result.local);
  EXPECT_EQ(node(1).requests("send").size(), 1U);
}

TEST_F(ClientTest, UnknownIsAskedAgainWithTheSameNumber) {
  start_ready();
  node(1).expect("send").unknown();
  node(1).expect("send").unknown();
  EXPECT_EQ(kind(send("one")), Kind::done);
  EXPECT_EQ(node(1).requests("send"), (Lines{"send seq=1 first=1", "send seq=1 first=1", "send seq=1 first=1"}));
}

TEST_F(ClientTest, WithoutAMajorityARequestWaitsHoweverOftenItIsUnknown) {   // P7
  start_ready();
  for (int i = 0; i < 150; ++i) node(1).expect("send").unknown();
  EXPECT_EQ(outcome(send("one"), 600s).kind, Kind::done);
}

TEST_F(ClientTest, WrongSequenceIsAnsweredBySendingFromTheExpectedNumber) {
  start_ready();
  node(1).expect("send").never_answer();   // lost on its way to the leader, say
  const auto first = send("one");
  const auto second = send("two");         // the node says: I expected 1
  EXPECT_EQ(kind(first), Kind::done);
  EXPECT_EQ(kind(second), Kind::done);
  EXPECT_EQ(cluster_.executed, (Lines{"send one", "send two"}));
}

TEST_F(ClientTest, ANumberThatNobodyWillEverUseMakesANewSessionForWhatIsLeft) {
  start_ready();
  node(1).expect("send").invalid();        // never carried out, so its number stays unused
  const auto bad = send("bad");
  EXPECT_EQ(kind(bad), Kind::refused);
  const auto good = send("good");
  EXPECT_EQ(kind(good), Kind::done);
  EXPECT_EQ(node(1).requests("client.open").size(), 2U);
  EXPECT_EQ(node(1).requests("send").back(), "send seq=1 first=1");
  EXPECT_EQ(cluster_.executed, Lines{"send good"});
}

TEST_F(ClientTest, AnExpiredSessionIsAskedForOutcomesAndOnlyWhatItLacksIsSentAgain) {
  start_ready();
  kind(send("zero"));
  for (int i = 0; i < 2; ++i) node(1).expect("send").never_answer();
  const auto first = send("one");
  const auto second = send("two");
  world_.run_for(10ms);
  cluster_.forget_clients();
  for (std::size_t id = 1; id <= 3; ++id) {
    node(id).expect("outcome").reply_with({{"sent", true}, {"id", 77}, {"conversation_number", 5}});
    node(id).expect("outcome").reply_with({{"sent", false}});
  }
  client_->drop_connection("a test");
  const Outcome result = outcome(first);
  EXPECT_EQ(result.kind, Kind::done);
  EXPECT_EQ(result.result.at("id").to_number<int>(), 77);
  EXPECT_EQ(kind(second), Kind::done);
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send two"}));
  EXPECT_EQ(node(1).requests("send").back(), "send seq=1 first=1");
}

// It puts the question off for as long as it is cut off. Seed 7000364.
TEST_F(ClientTest, LeavesANodeThatKnowsNoLeaderAlsoWhileOutcomesArePutOff) {
  start_ready();
  kind(send("zero"));
  node(1).expect("send").never_answer();
  const auto first = send("one");
  world_.run_for(10ms);
  cluster_.forget_clients();
  for (int i = 0; i < 1000; ++i) node(1).expect("outcome").later(100ms);
  for (const std::size_t id : {2, 3}) node(id).expect("outcome").reply_with({{"sent", false}});
  client_->drop_connection("a test");
  world_.run_for(1s);
  ASSERT_EQ(connected_to(), 1U);
  EXPECT_GE(node(1).requests("outcome").size(), 5U);
  EXPECT_LE(node(1).requests("outcome").size(), 15U);
  cluster_.set_leader(2);
  node(1).notify("leader", {{"node", nullptr}, {"address", nullptr}});
  EXPECT_EQ(outcome(first, 5s).kind, Kind::done);
  EXPECT_EQ(connected_to(), 2U);
}

// P3: what was made before it was carried out before it. Sent now, it would stand behind it.
TEST_F(ClientTest, AMessageThatIsMissingBeforeOneThatIsThereWasRefusedAndIsNotSentAgain) {
  start_ready();
  kind(send("zero"));
  for (int i = 0; i < 3; ++i) node(1).expect("send").never_answer();
  const auto first = send("one");
  const auto second = send("two");
  const auto third = send("three");
  world_.run_for(10ms);
  cluster_.forget_clients();
  for (std::size_t id = 1; id <= 3; ++id) {
    node(id).expect("outcome").reply_with({{"sent", false}});
    node(id).expect("outcome").reply_with({{"sent", true}, {"id", 77}, {"conversation_number", 5}});
    node(id).expect("outcome").reply_with({{"sent", false}});
  }
  client_->drop_connection("a test");
  const Outcome refused = outcome(first);
  EXPECT_EQ(refused.kind, Kind::refused);
  EXPECT_EQ(refused.reason, "unknown_client");
  EXPECT_EQ(kind(second), Kind::done);
  EXPECT_EQ(kind(third), Kind::done);
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send three"}));
}

TEST_F(ClientTest, WhatCanNotBeAskedForAfterAnExpiryIsUnknownUnlessItsRepetitionIsHarmless) {
  start_ready();
  kind(send("zero"));
  node(1).expect("room.create").never_answer();
  node(1).expect("edit").never_answer();
  std::optional<Outcome> create;
  std::optional<Outcome> edit;
  client_->submit_then("room.create", {{"room", "a"}}, [&](const Outcome& o) { create = o; });
  client_->submit_then("edit", {{"message", 1}, {"text", "new"}}, [&](const Outcome& o) { edit = o; });
  world_.run_for(10ms);
  cluster_.forget_clients();
  client_->drop_connection("a test");
  ASSERT_TRUE(world_.run_until([&] { return create && edit; }));
  EXPECT_EQ(create->kind, Kind::unknown);
  EXPECT_EQ(create->reason, "unknown_client");
  EXPECT_EQ(edit->kind, Kind::done);
}

TEST_F(ClientTest, ARefusalOfWhatAnEndedSessionMayHaveCarriedOutIsUnknown) {
  start_ready();
  kind(send("zero"));
  for (int i = 0; i < 2; ++i) node(1).expect("edit").never_answer();
  std::optional<Outcome> first;
  std::optional<Outcome> second;
  client_->submit_then("edit", {{"message", 1}, {"text", "new"}}, [&](const Outcome& o) { first = o; });
  client_->submit_then("edit", {{"message", 2}, {"text", "new"}}, [&](const Outcome& o) { second = o; });
  world_.run_for(10ms);
  cluster_.forget_clients();
  for (std::size_t id = 1; id <= 3; ++id) node(id).expect("edit").refuse("not_logged_in");
  client_->drop_connection("a test");
  ASSERT_TRUE(world_.run_until([&] { return first && second; }));
  EXPECT_EQ(first->kind, Kind::unknown);
  EXPECT_EQ(first->reason, "not_logged_in");
  EXPECT_EQ(second->kind, Kind::done);
  EXPECT_EQ(kind(send("later")), Kind::done);
}

TEST_F(ClientTest, AnotherGenerationMakesWhatWasSentUnknownAndKeepsWhatWasNot) {
  options_.window_max = 1;
  start_ready();
  kind(send("zero"));
  node(1).expect("send").never_answer();
  const auto sent = send("sent");
  const auto waiting = send("waiting");   // behind the window
  world_.run_for(10ms);
  cluster_.generation = 2;
  cluster_.forget_clients();
  client_->drop_connection("restored");
  const Outcome result = outcome(sent);
  EXPECT_EQ(result.kind, Kind::unknown);
  EXPECT_EQ(result.reason, "generation");
  EXPECT_EQ(kind(waiting), Kind::done);
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send waiting"}));
  EXPECT_EQ(recorder_.generations, Lines{"1 2"});
}

TEST_F(ClientTest, AConflictIsRefusedAndWhatFollowsGoesOn) {
  start_ready();
  node(1).expect("send").refuse("conflict");
  const Outcome result = outcome(send("one"));
  EXPECT_EQ(result.kind, Kind::refused);
  EXPECT_EQ(result.reason, "conflict");
}

TEST_F(ClientTest, ForgottenIsUnknown) {
  start_ready();
  node(1).expect("send").refuse("forgotten");
  EXPECT_EQ(kind(send("one")), Kind::unknown);
}

TEST_F(ClientTest, NotAttachedLeadsToANewConnection) {
  start_ready();
  node(1).expect("send").refuse("not_attached");
  EXPECT_EQ(kind(send("one")), Kind::done);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
}

TEST_F(ClientTest, WithoutAMajorityARequestIsPendingAndGoesOutOnceLater) {
  cluster_.set_leader(0);
  start_ready();
  for (int i = 0; i < 40; ++i) {
    for (std::size_t id = 1; id <= 3; ++id) node(id).expect("client.open").later(200ms);
  }
  const auto ticket = send("one");
  world_.run_for(3s);
  EXPECT_FALSE(outcomes_[ticket].has_value());
  EXPECT_EQ(client_->pending(), 1U);
  cluster_.set_leader(2);
  EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
}

TEST_F(ClientTest, AFullOutboxRefusesMore) {
  options_.outbox_max = 2;
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  start();
  send("one");
  send("two");
  const Outcome result = outcome(send("three"));
  EXPECT_EQ(result.kind, Kind::refused);
  EXPECT_EQ(result.reason, "outbox_full");
  EXPECT_TRUE(result.local);
}

TEST_F(ClientTest, WhatNoNodeCouldReadIsRefusedBeforeItTakesANumber) {
  start_ready();
  EXPECT_EQ(outcome(send("\xff\xfe")).reason, "bad_text");
  EXPECT_EQ(outcome(send(std::string(80'000, 'x'))).reason, "too_long");
  EXPECT_EQ(kind(send("fine")), Kind::done);
  EXPECT_EQ(node(1).requests("send"), Lines{"send seq=1 first=1"});
}

TEST_F(ClientTest, StoppingTellsEveryCaller) {
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  start();
  const auto ticket = send("one");
  const auto question = ask("who");
  end();
  EXPECT_EQ(kind(ticket), Kind::unknown);
  EXPECT_EQ(kind(question), Kind::unknown);
}

// Every request of a client is cut in turn; the outcome must be the same each time.
class CutTest : public ClientTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(CutTest, WhereverTheConnectionBreaksEachTextIsCarriedOutOnceAndInOrder) {
  cluster_.cut_after = GetParam();
  options_.window_max = 3;
  start();
  std::vector<std::size_t> tickets;
  Lines expected;
  for (int i = 0; i < 6; ++i) {
    tickets.push_back(send(std::to_string(i)));
    expected.push_back("send " + std::to_string(i));
  }
  for (const auto ticket : tickets) EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_EQ(cluster_.executed, expected);
}
INSTANTIATE_TEST_SUITE_P(EachFrame, CutTest, ::testing::Range<std::size_t>(0, 14));

class CutAnswerTest : public ClientTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(CutAnswerTest, WhicheverAnswerIsLostEachTextIsCarriedOutOnceAndInOrder) {
  start_ready();
  for (std::size_t i = 0; i < GetParam(); ++i) kind(send("before " + std::to_string(i)));
  node(1).expect("send").drop_after_it_was_carried_out();
  node(2).expect("send").drop_after_it_was_carried_out();
  std::vector<std::size_t> tickets;
  for (int i = 0; i < 4; ++i) tickets.push_back(send(std::to_string(i)));
  for (const auto ticket : tickets) EXPECT_EQ(kind(ticket), Kind::done);
  ASSERT_EQ(cluster_.executed.size(), GetParam() + 4);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(cluster_.executed[GetParam() + i], "send " + std::to_string(i));
}
INSTANTIATE_TEST_SUITE_P(EachAnswer, CutAnswerTest, ::testing::Range<std::size_t>(0, 3));

}  // namespace
}  // namespace parley::cli
