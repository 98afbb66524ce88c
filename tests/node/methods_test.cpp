// Every method of docs/PROTOCOL.md: what it answers when all is well, and how it says no.

#include <gmock/gmock.h>

#include "node/machine_fixture.hpp"

namespace parley::node::test {
namespace {

using testing::HasSubstr;

class MethodsTest : public MachineTest {
 public:
  MethodsTest() { start(); }
};

std::uint64_t number(const json::object& object, const char* name) {
  return object.at(name).to_number<std::uint64_t>();
}
std::string text(const json::object& object, const char* name) { return std::string(object.at(name).as_string()); }
int code(const json::object& error) { return error.at("code").to_number<int>(); }

// -- the envelope -------------------------------------------------------------------------------------------------

TEST_F(MethodsTest, WhatIsNotJsonIsAnsweredWithoutAnIdAndTheConnectionStays) {
  auto client = connect();
  client.connection().say("{\"jsonrpc\":");
  ASSERT_TRUE(run_until([&] { return client.answer(0).has_value(); }));
  EXPECT_EQ(code(client.answer(0)->at("error").as_object()), -32700);
  client.result("status");
}

TEST_F(MethodsTest, AnUnknownMethodIsNamed) {
  auto client = connect();
  const auto error = client.error("fly");
  EXPECT_EQ(code(error), -32601);
  EXPECT_THAT(text(error, "message"), HasSubstr("fly"));
}

TEST_F(MethodsTest, AWrongParameterIsNamedAndSoIsOneThatDoesNotExist) {
  auto client = member("ann");
  auto error = client.error("history", {{"in", 7}});
  EXPECT_EQ(code(error), -32602);
  EXPECT_EQ(text(error.at("data").as_object(), "parameter"), "in");
  error = client.error("history", {{"in", "@ann"}, {"color", "red"}});
  EXPECT_EQ(text(error.at("data").as_object(), "parameter"), "color");
  error = client.error("history", {{"in", "ann"}});
  EXPECT_EQ(text(error.at("data").as_object(), "parameter"), "in");
  error = client.error("history", {{"in", "@ann"}, {"limit", -1}});
  EXPECT_EQ(text(error.at("data").as_object(), "parameter"), "limit");
  error = client.error("send", {{"to", "@ann"}, {"text", "x"}});
  EXPECT_EQ(text(error.at("data").as_object(), "parameter"), "seq");
}

TEST_F(MethodsTest, ANotificationFromAClientIsPassedOver) {
  auto client = connect();
  client.connection().say(R"({"jsonrpc":"2.0","method":"status"})");
  client.result("status");
  EXPECT_EQ(client.connection().heard.size(), 1u);
}

// -- hello, status, operator ----------------------------------------------------------------------------------------

TEST_F(MethodsTest, HelloSaysWhoTheNodeIsAndWhoLeads) {
  auto client = connect();
  const auto hello = client.result("hello", {{"protocol", 1}, {"client_name", "test"}});
  EXPECT_EQ(number(hello, "node"), 1u);
  EXPECT_EQ(number(hello, "cluster"), 99u);
  EXPECT_EQ(number(hello, "generation"), 1u);
  EXPECT_EQ(number(hello, "leader"), 1u);
  EXPECT_EQ(text(hello, "leader_address"), "fake:7201");
  EXPECT_EQ(text(hello.at("addresses").as_object(), "1"), "fake:7201");
}

TEST_F(MethodsTest, HelloRefusesAnotherProtocolAndNamesOurs) {
  auto client = connect();
  const auto error = client.error("hello", {{"protocol", 2}});
  EXPECT_EQ(code(error), -32602);
  EXPECT_THAT(text(error, "message"), HasSubstr("version 1"));
}

TEST_F(MethodsTest, StatusHasIndexesDigestsAndCopies) {
  auto client = member("ann");
  run_for(std::chrono::seconds(1));
  const auto status = client.result("status");
  EXPECT_EQ(text(status, "role"), "leader");
  EXPECT_EQ(number(status, "commit"), number(status, "applied"));
  EXPECT_EQ(number(status, "archived"), number(status, "applied"));
  EXPECT_EQ(text(status, "digest").size(), 64u);
  EXPECT_EQ(number(status.at("chain").as_object(), "index"), number(status, "applied"));
  EXPECT_EQ(text(status, "bearable"), "no");
  EXPECT_EQ(number(status, "copies"), 1u);
  EXPECT_FALSE(status.contains("stale"));
}

TEST_F(MethodsTest, TheOperatorTokenOfTheDataDirectoryMakesAnOperator) {
  auto token = disk.contents("operator.token");
  ASSERT_GE(token.size(), 43u);
  token.pop_back();
  auto client = connect();
  client.open();
  EXPECT_EQ(client.do_reason("admin.set", {{"name", "registration"}, {"value", "closed"}}), "forbidden");
  EXPECT_EQ(client.reason("operator", {{"token", "guessed"}}), "wrong_credentials");
  client.result("operator", {{"token", token}});
  client.do_result("admin.set", {{"name", "registration"}, {"value", "closed"}});
  auto late = connect();
  late.open("a-late-key-0123456789012");
  EXPECT_EQ(late.do_reason("account.register", {{"name", "late"}, {"password", "long enough"}}), "registration_closed");
}

// -- client sessions --------------------------------------------------------------------------------------------------

TEST_F(MethodsTest, AClientSessionIsOpenedAndAttachedByItsKeyOnly) {
  auto client = connect();
  client.open("a-key-that-only-i-know");
  auto other = connect();
  EXPECT_EQ(other.reason("client.attach", {{"client", client.client}, {"key", "a-key-that-somebody-guessed"}}),
            "unknown_client");
  const auto attached = other.result("client.attach", {{"client", client.client}, {"key", "a-key-that-only-i-know"}});
  EXPECT_EQ(number(attached, "last"), 0u);
  EXPECT_EQ(code(other.error("client.open", {{"key", "short"}})), -32602);
}

TEST_F(MethodsTest, ASequencedRequestWantsAnAttachedClientSession) {
  auto client = connect();
  EXPECT_EQ(client.reason("account.register", {{"name", "ann"}, {"password", "long enough"}, {"seq", 1}, {"first", 1}}),
            "not_attached");
}

TEST_F(MethodsTest, NumbersOutOfTurnReusedAndForgottenAreToldApart) {
  auto client = member("ann");
  const auto at = client.next;
  const json::object first{{"to", "@ann"}, {"text", "one"}, {"seq", at}, {"first", at}};
  const auto sent = client.result("send", first);
  EXPECT_EQ(client.result("send", first), sent) << "the first answer again";
  auto other = first;
  other["text"] = "two";
  EXPECT_EQ(client.reason("send", other), "conflict");
  auto error = client.error("send", {{"to", "@ann"}, {"text", "x"}, {"seq", at + 5}, {"first", at + 1}});
  EXPECT_EQ(text(error.at("data").as_object(), "reason"), "wrong_sequence");
  EXPECT_EQ(number(error.at("data").as_object(), "expected"), at + 1);
  client.result("send", {{"to", "@ann"}, {"text", "x"}, {"seq", at + 1}, {"first", at + 1}});
  EXPECT_EQ(client.reason("send", first), "forgotten");
}

TEST_F(MethodsTest, MembersOfARequestMayComeInAnotherOrderWhenItIsRepeated) {
  auto client = member("ann");
  const auto at = client.next;
  const auto sent = client.result("send", {{"to", "@ann"}, {"text", "one"}, {"seq", at}, {"first", at}});
  EXPECT_EQ(client.result("send", {{"seq", at}, {"text", "one"}, {"first", at}, {"to", "@ann"}}), sent);
}

// -- accounts -----------------------------------------------------------------------------------------------------------

TEST_F(MethodsTest, WhoRegistersCanLogInAndResumeOnAnotherConnection) {
  auto client = member("ann");
  auto other = connect();
  const auto resumed = other.result("resume", {{"token", client.token()}});
  EXPECT_EQ(text(resumed, "name"), "ann");
  EXPECT_EQ(other.result("unread").at("places").as_array().size(), 0u);
  auto stranger = connect();
  EXPECT_EQ(stranger.reason("resume", {{"token", "0123456789012345678901234567890123456789"}}), "not_logged_in");
}

TEST_F(MethodsTest, ATakenOrBadNameIsRefusedAndTakesItsNumber) {
  auto client = member("ann");
  EXPECT_EQ(client.do_reason("account.register", {{"name", "ANN"}, {"password", "long enough"}}), "name_taken");
  EXPECT_EQ(client.do_reason("account.register", {{"name", "7up"}, {"password", "long enough"}}), "bad_name");
  client.do_result("account.register", {{"name", "bob"}, {"password", "long enough"}});
}

TEST_F(MethodsTest, AWeakPasswordIsAWrongParameterAndTakesNoNumber) {
  auto client = connect();
  client.open();
  for (const char* weak : {"short", "password", "QWERTYUIOP", "aaaaaaaaaa", "annabella"}) {
    const auto error =
        client.error("account.register", {{"name", "annabella"}, {"password", weak}, {"seq", 1}, {"first", 1}});
    EXPECT_EQ(code(error), -32602) << weak;
    EXPECT_EQ(text(error.at("data").as_object(), "reason"), "weak_password") << weak;
  }
  client.do_result("account.register", {{"name", "annabella"}, {"password", "a good one, this"}});
}

TEST_F(MethodsTest, AWrongPasswordAndAnUnknownNameAreTheSameRefusalInTheSameTime) {
  auto client = member("ann");
  auto before = world.now();
  EXPECT_EQ(client.do_reason("login", {{"name", "ann"}, {"password", "wrong one"}, {"token", client.token()}}),
            "wrong_credentials");
  const auto known = world.now() - before;
  before = world.now();
  EXPECT_EQ(client.do_reason("login", {{"name", "nobody"}, {"password", "wrong one"}, {"token", client.token()}}),
            "wrong_credentials");
  const auto unknown = world.now() - before;
  EXPECT_LT(std::chrono::abs(known - unknown), std::chrono::milliseconds(10));
}

TEST_F(MethodsTest, WhoKeepsGuessingHasToWaitAndTheAccountIsFreeAgainAfterwards) {
  auto owner = member("ann");
  auto guesser = connect("10.9.9.9:1");
  guesser.open();
  const json::object guess{{"name", "ann"}, {"password", "wrong one"}, {"token", owner.token()}};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(guesser.do_reason("login", guess), "wrong_credentials");
  auto params = guesser.sequenced(guess);
  const auto error = guesser.error("login", params);
  EXPECT_EQ(code(error), -32001);
  EXPECT_EQ(text(error.at("data").as_object(), "reason"), "too_many_requests");
  run_for(milliseconds(number(error.at("data").as_object(), "retry_after_ms")));
  EXPECT_EQ(guesser.reason("login", params), "wrong_credentials") << "the number was still free";
}

TEST_F(MethodsTest, LogoutEndsTheOtherConnectionsOfTheLoginAndLeavesThisOne) {
  auto client = member("ann");
  auto other = connect();
  other.result("resume", {{"token", client.token()}});
  client.do_result("logout");
  ASSERT_TRUE(run_until([&] { return other.connection().closed(); }));
  EXPECT_EQ(text(other.notifications("closing").at(0), "reason"), "login_ended");
  EXPECT_FALSE(client.connection().closed());
  EXPECT_EQ(client.reason("unread"), "not_logged_in");
  EXPECT_EQ(connect().reason("resume", {{"token", client.token()}}), "not_logged_in");
}

TEST_F(MethodsTest, ANewPasswordWantsTheOldOneAndEndsTheOtherLogins) {
  auto client = member("ann");
  auto other = connect();
  other.open("another-key-0123456789012345");
  const std::string token = "another-token-0123456789012345678901234567";
  other.do_result("login", {{"name", "ann"}, {"password", "secret of ann"}, {"token", token}});
  EXPECT_EQ(client.do_reason("account.password", {{"password", "not it at all"}, {"new_password", "much better"}}),
            "wrong_credentials");
  client.do_result("account.password", {{"password", "secret of ann"}, {"new_password", "much better"}});
  ASSERT_TRUE(run_until([&] { return other.connection().closed(); }));
  EXPECT_FALSE(client.connection().closed());
  client.result("unread");
  auto third = connect();
  third.open("third-key-0123456789012345");
  EXPECT_EQ(third.do_reason("login", {{"name", "ann"}, {"password", "secret of ann"}, {"token", token}}),
            "wrong_credentials");
  third.do_result("login", {{"name", "ann"}, {"password", "much better"}, {"token", token + "x"}});
}

TEST_F(MethodsTest, ADeletedAccountIsGoneAndItsMessagesKeepItsName) {
  auto ann = member("ann");
  auto bob = member("bob");
  ann.do_result("send", {{"to", "@bob"}, {"text", "bye"}});
  EXPECT_EQ(ann.do_reason("account.delete", {{"password", "not it at all"}}), "wrong_credentials");
  ann.do_result("account.delete", {{"password", "secret of ann"}});
  EXPECT_EQ(ann.reason("unread"), "not_logged_in");
  const auto places = bob.result("unread").at("places").as_array();
  ASSERT_EQ(places.size(), 1u);
  const auto messages = bob.result("history", {{"in", places[0].at("in")}}).at("messages").as_array();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].at("from").as_string(), "ann");
}

TEST_F(MethodsTest, AccountsAreListedByPatternWithPagingAndPresence) {
  auto ann = member("ann");
  auto bob = member("bob");
  bob.do_result("logout");
  auto page = ann.result("account.list", {{"limit", 1}});
  EXPECT_EQ(page.at("accounts"), json::array({{{"name", "ann"}, {"online", true}}}));
  EXPECT_TRUE(page.at("more").as_bool());
  page = ann.result("account.list", {{"pattern", "b*"}, {"after", "ann"}});
  EXPECT_EQ(page.at("accounts"), json::array({{{"name", "bob"}, {"online", false}}}));
  EXPECT_FALSE(page.at("more").as_bool());
  EXPECT_EQ(connect().reason("account.list"), "not_logged_in");
}

// -- messages -----------------------------------------------------------------------------------------------------------

TEST_F(MethodsTest, ADirectMessageReachesBothAndEachCallsThePlaceByTheOther) {
  auto ann = member("ann");
  auto bob = member("bob");
  const auto sent = ann.do_result("send", {{"to", "@bob"}, {"text", "hi \"bob\""}});
  EXPECT_EQ(text(sent, "in"), "@bob");
  EXPECT_EQ(number(sent, "number"), 1u);
  ASSERT_TRUE(run_until([&] { return !bob.notifications("message").empty(); }));
  const auto message = bob.notifications("message").at(0);
  EXPECT_EQ(text(message, "in"), "@ann");
  EXPECT_EQ(text(message, "from"), "ann");
  EXPECT_EQ(text(message, "text"), "hi \"bob\"");
  EXPECT_EQ(number(message, "id"), number(sent, "id"));
  EXPECT_EQ(number(message, "time"), number(sent, "time"));
  EXPECT_EQ(number(message, "cursor"), number(sent, "id"));
}

TEST_F(MethodsTest, SendIsRefusedToNobodyAndWithNothingOrTooMuchToSay) {
  auto ann = member("ann");
  EXPECT_EQ(ann.do_reason("send", {{"to", "@ghost"}, {"text", "x"}}), "no_such_account");
  EXPECT_EQ(ann.do_reason("send", {{"to", "#ghost"}, {"text", "x"}}), "no_such_room");
  EXPECT_EQ(ann.do_reason("send", {{"to", "@ann"}, {"text", ""}}), "text_empty");
  EXPECT_EQ(ann.do_reason("send", {{"to", "@ann"}, {"text", std::string(8193, 'x')}}), "text_too_long");
  ann.do_result("send", {{"to", "@ann"}, {"text", std::string(8192, 'x')}});
}

TEST_F(MethodsTest, EditAndDeleteChangeTheMessageForAllAndAreRefusedToOthers) {
  auto ann = member("ann");
  auto bob = member("bob");
  const auto id = number(ann.do_result("send", {{"to", "@bob"}, {"text", "helo"}}), "id");
  const auto edited = ann.do_result("edit", {{"message", id}, {"text", "hello"}});
  EXPECT_EQ(number(edited, "id"), id);
  EXPECT_EQ(text(edited, "in"), "@bob");
  EXPECT_EQ(bob.do_reason("edit", {{"message", id}, {"text", "mine"}}), "forbidden");
  EXPECT_EQ(bob.do_reason("edit", {{"message", 999'999}, {"text", "mine"}}), "no_such_message");
  auto seen = bob.result("history", {{"in", "@ann"}}).at("messages").as_array();
  EXPECT_EQ(seen.at(0).at("text").as_string(), "hello");
  EXPECT_TRUE(seen.at(0).at("edited").as_bool());
  EXPECT_EQ(number(ann.do_result("delete", {{"messages", json::array{id}}}), "deleted"), 1u);
  ann.do_result("delete", {{"messages", json::array{id}}});
  seen = bob.result("history", {{"in", "@ann"}}).at("messages").as_array();
  EXPECT_TRUE(seen.at(0).at("deleted").as_bool());
  EXPECT_FALSE(seen.at(0).as_object().contains("text"));
  EXPECT_EQ(code(ann.error("delete", ann.sequenced({{"messages", json::array{}}}))), -32602);
  const auto told = bob.notifications("message");
  ASSERT_EQ(told.size(), 3u);
  EXPECT_TRUE(told[1].contains("edited"));
  EXPECT_TRUE(told[2].contains("deleted"));
}

TEST_F(MethodsTest, HistoryPagesBackwardsAndForwards) {
  auto ann = member("ann");
  ann.do_result("room.create", {{"room", "hall"}});
  for (int i = 1; i <= 7; ++i) ann.do_result("send", {{"to", "#hall"}, {"text", std::to_string(i)}});
  const auto texts = [&](json::object params) {
    params["in"] = "#hall";
    std::string joined;
    const auto page = ann.result("history", std::move(params));
    EXPECT_EQ(number(page, "last"), 7u);
    for (const auto& message : page.at("messages").as_array()) joined += message.at("text").as_string();
    return joined;
  };
  EXPECT_EQ(texts({{"limit", 3}}), "567");
  EXPECT_EQ(texts({{"limit", 3}, {"before", 5}}), "234");
  EXPECT_EQ(texts({{"limit", 3}, {"before", 1}}), "");
  EXPECT_EQ(texts({{"limit", 3}, {"after", 0}}), "123");
  EXPECT_EQ(texts({{"limit", 3}, {"after", 6}}), "7");
  EXPECT_EQ(ann.reason("history", {{"in", "#nowhere"}}), "no_such_room");
  EXPECT_EQ(ann.reason("history", {{"in", "@nobody"}}), "no_such_account");
}

TEST_F(MethodsTest, ReadMovesTheMarkerAndUnreadCountsWhatIsLeft) {
  auto ann = member("ann");
  auto bob = member("bob");
  for (int i = 1; i <= 5; ++i) ann.do_result("send", {{"to", "@bob"}, {"text", std::to_string(i)}});
  auto unread = bob.result("unread").at("places").as_array();
  ASSERT_EQ(unread.size(), 1u);
  EXPECT_EQ(number(unread[0].as_object(), "unread"), 5u);
  auto page = bob.result("read", {{"in", "@ann"}, {"limit", 2}});
  EXPECT_EQ(page.at("messages").as_array().size(), 2u);
  EXPECT_EQ(number(page, "unread"), 3u);
  EXPECT_EQ(number(bob.result("unread").at("places").at(0).as_object(), "unread"), 3u) << "visible at once";
  bob.result("mark", {{"in", "@ann"}, {"number", 4}});
  bob.result("mark", {{"in", "@ann"}, {"number", 1}});
  EXPECT_EQ(number(bob.result("unread").at("places").at(0).as_object(), "read"), 4u) << "it never goes back";
  run_for(std::chrono::seconds(3));
  const auto moved = bob.notifications("marker");
  ASSERT_FALSE(moved.empty());
  EXPECT_EQ(text(moved.back(), "in"), "@ann");
  EXPECT_EQ(number(moved.back(), "number"), 4u);
}

TEST_F(MethodsTest, ManyMarkersOfASecondBecomeOneEntry) {
  auto ann = member("ann");
  for (int i = 1; i <= 9; ++i) ann.do_result("send", {{"to", "@ann"}, {"text", "x"}});
  run_for(std::chrono::seconds(3));
  const auto before = replication->last();
  for (int i = 1; i <= 9; ++i) ann.result("mark", {{"in", "@ann"}, {"number", i}});
  run_for(std::chrono::seconds(3));
  EXPECT_LE(replication->last() - before, 2u);
}

TEST_F(MethodsTest, SearchFindsWordsNewestFirstWhereTheReaderMayLook) {
  auto ann = member("ann");
  auto bob = member("bob");
  ann.do_result("send", {{"to", "@bob"}, {"text", "the Blue house"}});
  ann.do_result("send", {{"to", "@ann"}, {"text", "blue and secret"}});
  ann.do_result("send", {{"to", "@bob"}, {"text", "a blue car"}});
  for (const bool archived : {false, true}) {
    if (archived) run_for(std::chrono::seconds(1));
    const auto found = bob.result("search", {{"text", "blue"}}).at("messages").as_array();
    ASSERT_EQ(found.size(), 2u) << "archived: " << archived;
    EXPECT_EQ(found[0].at("text").as_string(), "a blue car");
    EXPECT_EQ(found[1].at("text").as_string(), "the Blue house");
  }
  EXPECT_EQ(bob.result("search", {{"text", "house"}, {"in", "@ann"}}).at("messages").as_array().size(), 1u);
}

TEST_F(MethodsTest, SyncBringsNewAndChangedMessagesAfterTheCursorInOrder) {
  auto ann = member("ann");
  auto bob = member("bob");
  const auto first = number(ann.do_result("send", {{"to", "@bob"}, {"text", "one"}}), "id");
  ann.do_result("send", {{"to", "@bob"}, {"text", "two"}});
  auto page = bob.result("sync", {{"generation", 1}, {"cursor", 0}});
  ASSERT_EQ(page.at("messages").as_array().size(), 2u);
  EXPECT_FALSE(page.at("more").as_bool());
  const auto cursor = number(page, "cursor");
  ann.do_result("edit", {{"message", first}, {"text", "ONE"}});
  ann.do_result("send", {{"to", "@bob"}, {"text", "three"}});
  page = bob.result("sync", {{"generation", 1}, {"cursor", cursor}});
  const auto messages = page.at("messages").as_array();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].at("text").as_string(), "ONE");
  EXPECT_EQ(messages[1].at("text").as_string(), "three");
  EXPECT_EQ(bob.reason("sync", {{"generation", 2}, {"cursor", 0}}), "generation");
}

TEST_F(MethodsTest, OutcomeIsFinalForMessagesOfACloseClientSession) {
  auto ann = member("ann");
  const auto at = ann.next;
  const auto sent = ann.do_result("send", {{"to", "@ann"}, {"text", "x"}});
  const auto outcome = ann.result("outcome", {{"client", ann.client}, {"seq", at}});
  EXPECT_TRUE(outcome.at("sent").as_bool());
  EXPECT_EQ(number(outcome, "id"), number(sent, "id"));
  EXPECT_EQ(number(outcome, "conversation_number"), 1u);
  EXPECT_EQ(ann.reason("outcome", {{"client", ann.client}, {"seq", at + 1}}), "wrong_sequence");
  EXPECT_FALSE(ann.result("outcome", {{"client", 123'456}, {"seq", 1}}).at("sent").as_bool());
  auto bob = member("bob");
  EXPECT_FALSE(bob.result("outcome", {{"client", ann.client}, {"seq", at}}).at("sent").as_bool());
}

// -- rooms ----------------------------------------------------------------------------------------------------------------

TEST_F(MethodsTest, RoomsAreCreatedJoinedListedAndLeft) {
  auto ann = member("ann");
  auto bob = member("bob");
  EXPECT_EQ(text(ann.do_result("room.create", {{"room", "#Hall"}, {"topic", "all"}}), "in"), "#hall");
  EXPECT_EQ(bob.do_reason("room.create", {{"room", "hall"}}), "room_exists");
  EXPECT_EQ(bob.do_reason("send", {{"to", "#hall"}, {"text", "x"}}), "not_a_member");
  EXPECT_EQ(text(bob.do_result("room.join", {{"room", "hall"}}), "in"), "#hall");
  EXPECT_EQ(bob.do_reason("room.join", {{"room", "hall"}}), "already_a_member");
  const auto rooms = bob.result("room.list").at("rooms").as_array();
  ASSERT_EQ(rooms.size(), 1u);
  EXPECT_EQ(rooms[0].at("room").as_string(), "hall");
  EXPECT_EQ(rooms[0].at("topic").as_string(), "all");
  EXPECT_EQ(number(rooms[0].as_object(), "members"), 2u);
  EXPECT_TRUE(rooms[0].at("joined").as_bool());
  EXPECT_EQ(bob.result("room.members", {{"room", "#hall"}}).at("members").as_array().size(), 2u);
  bob.do_result("room.leave", {{"room", "hall"}});
  EXPECT_EQ(bob.do_reason("room.leave", {{"room", "hall"}}), "not_a_member");
  EXPECT_EQ(bob.reason("room.members", {{"room", "nowhere"}}), "no_such_room");
  const auto told = ann.notifications("room");
  ASSERT_GE(told.size(), 2u);
  EXPECT_EQ(text(told.back(), "what"), "left");
  EXPECT_EQ(text(told.back(), "name"), "bob");
}

TEST_F(MethodsTest, InviteOnlyRoomsShowNothingOfTheTimeBefore) {
  auto ann = member("ann");
  auto bob = member("bob");
  ann.do_result("room.create", {{"room", "den"}, {"invite_only", true}});
  ann.do_result("send", {{"to", "#den"}, {"text", "before bob"}});
  EXPECT_EQ(bob.reason("history", {{"in", "#den"}}), "no_such_room");
  ann.do_result("room.invite", {{"room", "den"}, {"account", "bob"}});
  bob.do_result("room.join", {{"room", "den"}});
  ann.do_result("send", {{"to", "#den"}, {"text", "after bob"}});
  const auto seen = bob.result("history", {{"in", "#den"}}).at("messages").as_array();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].at("text").as_string(), "after bob");
  EXPECT_EQ(bob.result("sync", {{"generation", 1}, {"cursor", 0}}).at("messages").as_array().size(), 1u);
  EXPECT_TRUE(bob.result("search", {{"text", "before"}}).at("messages").as_array().empty());
  ann.do_result("room.remove", {{"room", "den"}, {"account", "bob"}});
  EXPECT_EQ(bob.do_reason("send", {{"to", "#den"}, {"text", "x"}}), "not_a_member");
}

TEST_F(MethodsTest, TheTopicIsTold) {
  auto ann = member("ann");
  ann.do_result("room.create", {{"room", "hall"}});
  ann.do_result("room.topic", {{"room", "hall"}, {"topic", "news"}});
  const auto told = ann.notifications("room");
  EXPECT_EQ(text(told.back(), "what"), "topic");
  EXPECT_EQ(text(told.back(), "topic"), "news");
}

TEST_F(MethodsTest, WhoIsOnlineHereOrElsewhere) {
  auto ann = member("ann");
  auto bob = member("bob");
  const auto bob_id = number(bob.result("resume", {{"token", bob.token()}}), "account");
  EXPECT_EQ(ann.result("who").at("online"), (json::array{"ann", "bob"}));
  run_for(std::chrono::seconds(1));
  EXPECT_EQ(replication->announced.size(), 2u);
  bob.connection().hang_up();
  run_for(std::chrono::seconds(1));
  EXPECT_EQ(replication->announced.size(), 1u);
  EXPECT_EQ(ann.result("who").at("online"), json::array{"ann"});
  replication->elsewhere = {bob_id};
  EXPECT_EQ(ann.result("who").at("online"), (json::array{"ann", "bob"}));
}

// -- administrators -----------------------------------------------------------------------------------------------------

TEST_F(MethodsTest, AnAdministratorBansAndTheBannedIsCutOffAndAdmittedAgain) {
  auto token = disk.contents("operator.token");
  token.pop_back();
  auto boss = connect();
  boss.open();
  boss.result("operator", {{"token", token}});
  auto ann = member("ann");
  auto bob = member("bob");
  EXPECT_EQ(ann.do_reason("admin.ban", {{"account", "bob"}, {"banned", true}}), "forbidden");
  boss.do_result("admin.admin", {{"account", "ann"}, {"administrator", true}});
  ann.do_result("admin.ban", {{"account", "bob"}, {"banned", true}});
  ASSERT_TRUE(run_until([&] { return bob.connection().closed(); }));
  auto again = connect();
  again.open("bobs-second-key-0123456789");
  const json::object login{{"name", "bob"}, {"password", "secret of bob"}, {"token", bob.token() + "2"}};
  EXPECT_EQ(again.do_reason("login", login), "banned");
  ann.do_result("admin.ban", {{"account", "bob"}, {"banned", false}});
  again.do_result("login", login);
  boss.do_result("admin.password", {{"account", "bob"}, {"new_password", "set by the boss"}});
  ASSERT_TRUE(run_until([&] { return again.connection().closed(); }));
  EXPECT_EQ(boss.do_reason("admin.set", {{"name", "colour"}, {"value", "red"}}), "unknown_setting");
}

TEST_F(MethodsTest, RegistrationByInvitation) {
  auto token = disk.contents("operator.token");
  token.pop_back();
  auto boss = connect();
  boss.open();
  boss.result("operator", {{"token", token}});
  boss.do_result("admin.set", {{"name", "registration"}, {"value", "invite"}});
  boss.do_result("admin.invite", {{"code", "welcome-to-parley"}});
  auto guest = connect();
  guest.open("a-guest-key-0123456789012");
  json::object me{{"name", "guest"}, {"password", "long enough"}};
  EXPECT_EQ(guest.do_reason("account.register", me), "invitation_required");
  me["invitation"] = "guessed";
  EXPECT_EQ(guest.do_reason("account.register", me), "bad_invitation");
  me["invitation"] = "welcome-to-parley";
  guest.do_result("account.register", me);
}

}  // namespace
}  // namespace parley::node::test
