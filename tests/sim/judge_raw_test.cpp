// The judge of raw clients accepts a good history and names what is wrong with a bad one.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/judge_raw.hpp"
#include "sim/judge_requests.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

TimePoint at(int second) { return TimePoint(std::chrono::seconds(second)); }

constexpr std::uint64_t session = 5;

// Entry i is committed at second i: 10 raw sends "raw 1" under number 1 of its client session, 11 "raw 2" under
// number 2; 20 its second login ends; 30 the account of ghost (2) does.
class Raw : public ::testing::Test {
 protected:
  static constexpr chat::AccountId account{1}, ghost{2};

  Raw() {
    truth.add_account(account, "raw");
    truth.add_account(ghost, "ghost");
    lives.began(NodeId(1), at(1));
    lives.began(NodeId(2), at(1));
    send_committed(10, 1, "raw 1");
    send_committed(11, 2, "raw 2");
    chat::Effects effects;
    effects.deliveries.push_back({{account}, chat::LoginEnded{account, second(), std::nullopt, "logged_out"}});
    truth.add(Index(20), effects, at(20));
    history.raw().sessions.push_back({"raw", session, at(5)});
    history.raw().logins.push_back({"raw", main(), account, at(5), at(6)});
    history.raw().logins.push_back({"raw", second(), account, at(12), at(13)});
  }
  static chat::LoginId main() { return digest("main"); }
  static chat::LoginId second() { return digest("second"); }

  void send_committed(std::uint64_t index, std::uint64_t sequence, std::string text) {
    chat::MessageRow row;
    row.id = chat::MessageId(index);
    row.conversation = chat::ConversationId(3);
    row.number = chat::Number(sequence);
    row.author = account;
    row.text = std::move(text);
    row.client = chat::ClientId(session);
    row.sequence = chat::Sequence(sequence);
    row.changed_index = Index(index);
    chat::Effects effects;
    effects.messages.push_back(std::move(row));
    truth.add(Index(index), effects, at(static_cast<int>(index)));
  }

  RawExchange& asked(std::string method, std::uint32_t node, int called, int returned) {
    RawExchange made;
    made.who = "raw";
    made.method = std::move(method);
    made.node = node;
    made.called = at(called);
    made.returned = at(returned);
    made.ending = RawExchange::Ending::done;
    made.client = session;
    made.login = main();
    history.raw().exchanges.push_back(std::move(made));
    return history.raw().exchanges.back();
  }
  // Number n was sent as operation n and stands as message 9 + n, number n.
  RawExchange& sent(std::uint64_t sequence, std::uint32_t node, int called, int returned) {
    RawExchange& made = asked("send", node, called, returned);
    made.sequence = sequence;
    made.first = 1;
    made.operation = sequence;
    made.message = 9 + sequence;
    made.number = sequence;
    made.result = "message " + std::to_string(made.message);
    return made;
  }
  static RawExchange& refuse(RawExchange& exchange, std::string reason, std::uint64_t expected = 0) {
    exchange.ending = RawExchange::Ending::refused;
    exchange.code = -32000;
    exchange.reason = std::move(reason);
    exchange.expected = expected;
    exchange.result.clear();
    return exchange;
  }
  RawExchange& outcome(std::uint64_t sequence, int called, bool said) {
    RawExchange& made = asked("outcome", 2, called, called + 1);
    made.sequence = sequence;
    made.sent = said;
    if (said) made.message = 9 + sequence, made.number = sequence;
    return made;
  }
  RawPresence& present(std::uint32_t node, chat::LoginId login, int since) {
    RawPresence made;
    made.who = "raw";
    made.node = node;
    made.connected = at(2);
    made.login = login;
    made.since = at(since);
    history.raw().presences.push_back(std::move(made));
    return history.raw().presences.back();
  }
  std::string raw(int now = 60) const {
    return judge_raw(truth, history, lives, at(31), at(now)).value_or("fine");
  }

  Truth truth;
  History history;
  NodeLives lives;
};

#define EXPECT_NAMED(said, word) EXPECT_NE((said).find(word), std::string::npos) << (said)

TEST_F(Raw, WhatTheProtocolSaysIsFine) {
  sent(1, 1, 9, 10);
  sent(1, 2, 10, 12);
  sent(2, 1, 10, 11);
  RawExchange& other = refuse(sent(2, 2, 12, 13), "conflict");
  other.operation = 7;
  RawExchange& far = refuse(sent(90, 2, 12, 13), "wrong_sequence", 3);
  far.operation = 8;
  outcome(1, 12, true);
  refuse(outcome(3, 12, false), "wrong_sequence", 3);
  refuse(asked("resume", 2, 21, 22), "not_logged_in").login = second();
  present(1, second(), 14).closing = "login_ended";
  present(1, main(), 7);
  RawExchange& nonsense = asked("nonsense", 1, 30, 31);
  nonsense.wanted_code = nonsense.code = -32700;
  nonsense.ending = RawExchange::Ending::invalid;
  EXPECT_EQ(raw(), "fine");
}

// -- K1, K2, K3 -----------------------------------------------------------------------------------------------------

TEST_F(Raw, AnotherAnswerToARetryIsFound) {
  sent(1, 1, 9, 10);
  sent(1, 2, 10, 12).message = 11;
  EXPECT_NAMED(raw(), "the first answer was another");
}

TEST_F(Raw, AnAnswerWithoutAPlaceIsFound) {
  sent(1, 1, 9, 10).result = R"({"id":10,"in":"","number":1})";
  EXPECT_NAMED(raw(), "it names no place");
}

TEST_F(Raw, ARetryThatIsRefusedIsFound) {
  sent(1, 1, 9, 10);
  refuse(sent(1, 2, 10, 12), "not_a_member");
  EXPECT_NAMED(raw(), "the first answer was another");
}

TEST_F(Raw, TwoRequestsUnderOneNumberThatAreBothAnsweredAreFound) {
  sent(1, 1, 9, 10);
  sent(1, 2, 12, 13).operation = 7;
  EXPECT_NAMED(raw(), "two requests under one number");
}

TEST_F(Raw, AConflictWithNothingIsFound) {
  refuse(sent(1, 2, 9, 10), "conflict");
  EXPECT_NAMED(raw(), "a conflict with nothing");
}

TEST_F(Raw, AConflictThatWasCarriedOutIsFound) {
  Operation& operation = history.begin("raw", "send", at(9));
  operation.text = "raw 1";
  operation.place = "@ghost";
  operation.ending = Operation::Ending::refused;
  operation.reason = "conflict";
  EXPECT_NAMED(judge_requests(truth, history).value_or("fine"), "was refused and stands");
}

TEST_F(Raw, AnAnswerThatIsForgottenTooSoonIsFound) {
  sent(2, 1, 10, 11);
  refuse(sent(1, 2, 12, 13), "forgotten");
  EXPECT_NAMED(raw(), "was forgotten");
  sent(2, 1, 10, 11).first = 2;
  EXPECT_EQ(raw(), "fine");
}

TEST_F(Raw, AGapThatNamesANumberOfThePastIsFound) {
  sent(1, 1, 9, 10);
  refuse(sent(90, 2, 12, 13), "wrong_sequence", 1);
  EXPECT_NAMED(raw(), "number 1 had been answered already");
}

TEST_F(Raw, ATurnThatIsDeniedIsFound) {
  refuse(sent(2, 2, 12, 13), "wrong_sequence", 2);
  EXPECT_NAMED(raw(), "out of turn");
}

TEST_F(Raw, AGoodRequestThatIsNotUnderstoodIsFound) {
  sent(1, 1, 9, 10).ending = RawExchange::Ending::invalid;
  EXPECT_NAMED(raw(), "a good request");
}

// -- K4, K12, R16 ---------------------------------------------------------------------------------------------------

TEST_F(Raw, AnAcknowledgedMessageThatWasNotSentIsFound) {
  sent(1, 1, 9, 10);
  outcome(1, 12, false);
  EXPECT_NAMED(raw(), "it stands in the log, as message 10");
}

TEST_F(Raw, AMessageThatIsSentAfterItWasDeniedIsFound) {
  outcome(2, 8, false);
  EXPECT_NAMED(raw(), "it stands in the log, as message 11");
}

TEST_F(Raw, ANumberThatIsExpectedThoughItWasAnsweredIsFound) {
  sent(2, 1, 10, 11);
  refuse(outcome(2, 12, false), "wrong_sequence", 2);
  EXPECT_NAMED(raw(), "number 2 had been answered already");
}

TEST_F(Raw, AnOutcomeOfNothingIsFound) {
  outcome(3, 12, true);
  EXPECT_NAMED(raw(), "nothing stands in the log");
}

TEST_F(Raw, AnOutcomeThatNamesAnotherMessageIsFound) {
  outcome(1, 12, true).message = 11;
  EXPECT_NAMED(raw(), "it stands in the log as message 10");
}

TEST_F(Raw, AClientSessionThatIsDeniedIsFound) {
  refuse(asked("client.attach", 2, 8, 9), "unknown_client");
  EXPECT_NAMED(raw(), "the client session was open");
  history.raw().weeks_passed.push_back(at(7));
  EXPECT_EQ(raw(), "fine");
}

TEST_F(Raw, ALoginThatIsDeniedIsFound) {
  refuse(asked("resume", 2, 15, 16), "not_logged_in").login = second();
  EXPECT_NAMED(raw(), "the login was alive");
}

// -- K11 ------------------------------------------------------------------------------------------------------------

TEST_F(Raw, AnEndedLoginThatOpensSomethingIsFound) {
  for (const char* method : {"resume", "unread"}) {
    RawExchange& made = asked(method, 2, 25, 26);
    made.login = second();
    made.applied = Index(19);
    EXPECT_EQ(raw(), "fine") << "a node may be behind";
    made.applied = Index(20);
    EXPECT_NAMED(raw(), "the login had ended at 20");
    made.ending = RawExchange::Ending::none;
  }
}

TEST_F(Raw, AConnectionThatIsNotToldOfTheEndOfItsLoginIsFound) {
  present(2, second(), 14);
  EXPECT_NAMED(raw(), "was not told that its login had ended at 20");
  EXPECT_EQ(raw(32), "fine") << "it may be on its way";
}

TEST_F(Raw, ALoginThatIsSaidToHaveEndedIsFound) {
  RawPresence& made = present(2, main(), 7);
  made.closing = "login_ended";
  made.until = at(15);
  EXPECT_NAMED(raw(), "which it had not");
}

// -- K6, K8 ---------------------------------------------------------------------------------------------------------

TEST_F(Raw, NonsenseThatIsTakenForARequestIsFound) {
  asked("nonsense", 1, 30, 31).wanted_code = -32700;
  EXPECT_NAMED(raw(), "nonsense was not answered with -32700");
}

TEST_F(Raw, NonsenseThatIsPassedOverIsFound) {
  RawExchange& made = asked("nonsense", 1, 30, 31);
  made.wanted_code = -32700;
  made.ending = RawExchange::Ending::none;
  EXPECT_NAMED(raw(), "but what followed it");
  made.returned = never;
  EXPECT_EQ(raw(), "fine") << "the connection was lost";
}

}  // namespace
}  // namespace parley::sim
