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

// -- the envelope ----------------------------------------------------------------------------------------------------

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

// Whatever the values are, each request is answered and the node goes on.
TEST_F(MethodsTest, NoValueOfAnyParameterOfAnyMethodHarmsTheNode) {
  auto ann = member("ann");
  ann.do_result("room.create", {{"room", "hall"}});
  const std::vector<json::value> odd{nullptr,
                                     true,
                                     0,
                                     -1,
                                     1.5,
                                     1e300,
                                     ~0ULL,
                                     "",
                                     "@",
                                     "#",
                                     "@ann",
                                     "#hall",
                                     json::string("\0x", 2),
                                     json::string(300, 'a'),
                                     json::array(),
                                     json::array{1, "x", nullptr},
                                     json::object()};
  const std::vector<std::string> parameters{"in",      "to",      "text",   "room",   "account",  "name",
                                            "limit",   "message", "before", "after",  "messages", "number",
                                            "pattern", "token",   "value",  "cursor", "password", "client"};
  const std::vector<std::string> methods{
      "hello",      "status",       "operator",     "client.open",    "client.attach",  "login",
      "resume",     "logout",       "send",         "edit",           "delete",         "history",
      "read",       "mark",         "unread",       "search",         "sync",           "outcome",
      "who",        "room.create",  "room.join",    "room.leave",     "room.invite",    "room.remove",
      "room.topic", "room.list",    "room.members", "account.list",   "account.delete", "account.password",
      "ping",       "admin.set",  "admin.invite", "admin.admin",  "admin.password", "admin.ban",
      "cluster.members", "cluster.add", "cluster.remove", "cluster.promote", "cluster.transfer"};
  Random random(7);
  for (const auto& method : methods) {
    for (int i = 0; i < 60; ++i) {
      json::object params;
      if (random.chance(0.5)) {
        params["seq"] = ann.next;
        params["first"] = ann.next;
      }
      if (method == "sync") params["generation"] = 1;
      for (auto count = random.below(4); count > 0; --count) {
        params[parameters[random.below(parameters.size())]] = odd[random.below(odd.size())];
      }
      const auto answer = ann.ask(method, params);
      ASSERT_TRUE(answer.contains("result") || answer.contains("error")) << method << json::serialize(params);
      if (answer.contains("result") || answer.at("error").at("code").to_number<int>() == -32000) ++ann.next;
    }
    if (ann.connection().closed()) break;  // it may have deleted or logged out itself
  }
  connect().result("status");
}

// -- hello, status, operator -----------------------------------------------------------------------------------------

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

TEST_F(MethodsTest, PingIsAnsweredWhateverTheStateOfTheCluster) {
  auto client = connect();
  replication->no_leader();
  EXPECT_TRUE(client.result("ping").empty());
  EXPECT_EQ(code(client.error("ping", {{"x", 1}})), -32602);
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

// -- messages --------------------------------------------------------------------------------------------------------

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

TEST_F(MethodsTest, SyncBringsOfARoomWhatItsMembersWereToldSinceTheReaderJoined) {
  auto ann = member("ann");
  auto bob = member("bob");
  ann.do_result("room.create", {{"room", "ops"}});
  const auto before = number(ann.do_result("send", {{"to", "#ops"}, {"text", "before bob"}}), "id");
  bob.do_result("room.join", {{"room", "ops"}});
  ann.do_result("send", {{"to", "#ops"}, {"text", "after bob"}});
  auto messages = bob.result("sync", {{"generation", 1}, {"cursor", 0}}).at("messages").as_array();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].at("text").as_string(), "after bob");
  EXPECT_EQ(bob.result("history", {{"in", "#ops"}}).at("messages").as_array().size(), 2u);
  ann.do_result("edit", {{"message", before}, {"text", "changed since"}});
  messages = bob.result("sync", {{"generation", 1}, {"cursor", 0}}).at("messages").as_array();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].at("text").as_string(), "changed since");
}

TEST_F(MethodsTest, OutcomeIsFinalForMessagesOfAClientSession) {
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
  EXPECT_EQ(bob.reason("outcome", {{"client", ann.client}, {"seq", at}}), "forbidden") << "neither told nor denied";
}

// -- rooms -----------------------------------------------------------------------------------------------------------

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

}  // namespace
}  // namespace parley::node::test
