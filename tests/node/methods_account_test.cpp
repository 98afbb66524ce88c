// Client sessions, accounts and administration: the methods of docs/PROTOCOL.md sections 3, 4 and 6.

#include <gmock/gmock.h>

#include "node/machine_fixture.hpp"

namespace parley::node::test {
namespace {

class AccountMethodsTest : public MachineTest {
 public:
  AccountMethodsTest() { start(); }
};

// -- client sessions -------------------------------------------------------------------------------------------------

TEST_F(AccountMethodsTest, AClientSessionIsOpenedAndAttachedByItsKeyOnly) {
  auto client = connect();
  client.open("a-key-that-only-i-know");
  auto other = connect();
  EXPECT_EQ(other.reason("client.attach", {{"client", client.client}, {"key", "a-key-that-somebody-guessed"}}),
            "unknown_client");
  const auto attached = other.result("client.attach", {{"client", client.client}, {"key", "a-key-that-only-i-know"}});
  EXPECT_EQ(number(attached, "last"), 0u);
  EXPECT_EQ(code(other.error("client.open", {{"key", "short"}})), -32602);
}

TEST_F(AccountMethodsTest, ASequencedRequestWantsAnAttachedClientSession) {
  auto client = connect();
  EXPECT_EQ(client.reason("account.register", {{"name", "ann"}, {"password", "long enough"}, {"seq", 1}, {"first", 1}}),
            "not_attached");
}

TEST_F(AccountMethodsTest, NumbersOutOfTurnReusedAndForgottenAreToldApart) {
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

TEST_F(AccountMethodsTest, AnAnswerGivenAgainNamesItsPlaceThoughNobodyIsLoggedIn) {
  auto client = member("ann");
  const auto at = client.next;
  const json::object send{{"to", "@ann"}, {"text", "one"}, {"seq", at}, {"first", at}};
  const auto sent = client.result("send", send);
  const json::object edit{{"message", number(sent, "id")}, {"text", "two"}, {"seq", at + 1}, {"first", at}};
  client.result("edit", edit);
  auto stranger = connect();
  stranger.result("client.attach", {{"client", client.client}, {"key", "ann-has-a-key-of-enough-length"}});
  EXPECT_EQ(stranger.result("send", send), sent);
  EXPECT_FALSE(stranger.result("edit", edit).contains("in")) << "it would be empty";
}

TEST_F(AccountMethodsTest, MembersOfARequestMayComeInAnotherOrderWhenItIsRepeated) {
  auto client = member("ann");
  const auto at = client.next;
  const auto sent = client.result("send", {{"to", "@ann"}, {"text", "one"}, {"seq", at}, {"first", at}});
  EXPECT_EQ(client.result("send", {{"seq", at}, {"text", "one"}, {"first", at}, {"to", "@ann"}}), sent);
}

// -- accounts --------------------------------------------------------------------------------------------------------

TEST_F(AccountMethodsTest, WhoRegistersCanLogInAndResumeOnAnotherConnection) {
  auto client = member("ann");
  auto other = connect();
  const auto resumed = other.result("resume", {{"token", client.token()}});
  EXPECT_EQ(text(resumed, "name"), "ann");
  EXPECT_EQ(other.result("unread").at("places").as_array().size(), 0u);
  auto stranger = connect();
  EXPECT_EQ(stranger.reason("resume", {{"token", "0123456789012345678901234567890123456789"}}), "not_logged_in");
}

TEST_F(AccountMethodsTest, ATakenOrBadNameIsRefusedAndTakesItsNumber) {
  auto client = member("ann");
  EXPECT_EQ(client.do_reason("account.register", {{"name", "ANN"}, {"password", "long enough"}}), "name_taken");
  EXPECT_EQ(client.do_reason("account.register", {{"name", "7up"}, {"password", "long enough"}}), "bad_name");
  client.do_result("account.register", {{"name", "bob"}, {"password", "long enough"}});
}

TEST_F(AccountMethodsTest, AWeakPasswordIsAWrongParameterAndTakesNoNumber) {
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

TEST_F(AccountMethodsTest, AWrongPasswordAndAnUnknownNameAreTheSameRefusalInTheSameTime) {
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

TEST_F(AccountMethodsTest, WhoKeepsGuessingHasToWaitAndTheAccountIsFreeAgainAfterwards) {
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

TEST_F(AccountMethodsTest, MorePasswordWorkThanTheQueueHoldsComesLaterAndNothingIsLost) {
  std::vector<TestClient> clients;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 70; ++i) {
    clients.push_back(connect());
    clients.back().open("a-key-of-client-number-" + std::to_string(100 + i));
  }
  const auto request = [&](int i) {
    return json::object{{"name", "user" + std::to_string(i)}, {"password", "long enough"}, {"seq", 1}, {"first", 1}};
  };
  for (int i = 0; i < 70; ++i) ids.push_back(clients[i].send("account.register", request(i)));
  int later = 0;
  for (int i = 0; i < 70; ++i) {
    const auto answer = clients[i].wait(ids[i]);
    if (answer.contains("result")) continue;
    EXPECT_EQ(answer.at("error").at("data").at("reason").as_string(), "busy");
    clients[i].result("account.register", request(i));
    ++later;
  }
  EXPECT_EQ(later, 70 - 64);
}

TEST_F(AccountMethodsTest, LogoutEndsTheOtherConnectionsOfTheLoginAndLeavesThisOne) {
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

TEST_F(AccountMethodsTest, ANewPasswordWantsTheOldOneAndEndsTheOtherLogins) {
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

TEST_F(AccountMethodsTest, ADeletedAccountIsGoneAndItsMessagesKeepItsName) {
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

TEST_F(AccountMethodsTest, AccountsAreListedByPatternWithPagingAndPresence) {
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

// -- administrators --------------------------------------------------------------------------------------------------

TEST_F(AccountMethodsTest, AnAdministratorBansAndTheBannedIsCutOffAndAdmittedAgain) {
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

TEST_F(AccountMethodsTest, RegistrationByInvitation) {
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
