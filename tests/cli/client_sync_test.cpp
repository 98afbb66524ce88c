// What a client does about its login, and how it is told each message once and in order, whatever becomes of its
// connection.
#include "cli/client_fixture.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using Lines = std::vector<std::string>;

// -- logins

TEST_F(ClientTest, ALoginIsResumedByItsTokenOnEveryLaterConnection) {
  start_ready();
  EXPECT_EQ(log_in("ann").kind, Kind::done);
  EXPECT_EQ(client_->account(), "ann");
  cluster_.set_leader(2);
  node(1).go_down();
  world_.run_for(0ms);
  ASSERT_TRUE(ready());
  EXPECT_EQ(node(2).requests("resume").size(), 1U);
  EXPECT_EQ(client_->account(), "ann");
  EXPECT_EQ(cluster_.executed, Lines{"login ann"});
}

TEST_F(ClientTest, ALoginThatTheClusterEndedIsTold) {
  start_ready();
  log_in("ann");
  cluster_.logins.clear();
  node(1).notify("closing", {{"reason", "login_ended"}});
  world_.run_for(3s);
  EXPECT_EQ(recorder_.closings, Lines{"login_ended"});
  ASSERT_EQ(recorder_.ended_logins.size(), 1U);
  EXPECT_EQ(client_->account(), "");
}

TEST_F(ClientTest, NothingIsSentBehindALoginBeforeItsAnswer) {
  start_ready();
  kind(send("zero"));
  node(1).expect("login").later(100ms);
  client_->submit_then("login", {{"name", "ann"}, {"password", "x"}, {"token", "t"}}, {});
  const auto ticket = send("one");
  EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_EQ(node(1).requests("send").size(), 2U);
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "login ann", "send one"}));
}

TEST_F(ClientTest, ARefusedLoginLeavesTheOneThatWasThere) {
  start_ready();
  log_in("ann");
  node(1).expect("login").refuse("wrong_credentials");
  EXPECT_EQ(log_in("bea").kind, Kind::refused);
  EXPECT_EQ(client_->account(), "ann");
  cluster_.add_message("still delivered");
  world_.run_for(100ms);
  EXPECT_EQ(recorder_.messages, Lines{"still delivered"});
}

TEST_F(ClientTest, AfterARefusedLoginTheNextOneBeginsAtItsOwnTime) {
  start_ready();
  node(1).expect("client.open").later(10ms);
  log_in("ann");
  client_->submit_then("logout", {}, {});
  world_.run_for(100ms);
  node(1).expect("login").refuse("wrong_credentials");
  EXPECT_EQ(log_in("ann").kind, Kind::refused);
  cluster_.add_message("between");
  EXPECT_EQ(log_in("ann").kind, Kind::done);
  cluster_.add_message("after");
  world_.run_for(100ms);
  EXPECT_EQ(recorder_.messages, Lines{"after"});
}

// -- messages

TEST_F(ClientTest, MessagesThatCameWhileAwayAreDeliveredOnceAndInOrder) {
  start_ready();
  log_in("ann");
  cluster_.add_message("one");
  world_.run_for(10ms);
  cluster_.set_leader(2);
  node(1).go_down();
  cluster_.add_message("two");
  cluster_.add_message("three");
  world_.run_for(2s);
  cluster_.add_message("four");
  world_.run_for(10ms);
  EXPECT_EQ(recorder_.messages, (Lines{"one", "two", "three", "four"}));
}

TEST_F(ClientTest, DeliveriesThatComeTwiceAreDropped) {
  start_ready();
  log_in("ann");
  cluster_.add_message("one");
  world_.run_for(10ms);
  json::object again = cluster_.messages.back().message;
  again["cursor"] = cluster_.messages.back().changed;
  node(1).notify("message", again);
  world_.run_for(10ms);
  EXPECT_EQ(recorder_.messages, Lines{"one"});
}

TEST_F(ClientTest, WhatIsPushedDuringTheSyncWaitsForIt) {
  start_ready();
  log_in("ann");
  cluster_.set_leader(2);
  node(2).expect("sync").later(500ms);
  node(1).go_down();
  cluster_.add_message("one");
  world_.run_for(300ms);
  EXPECT_TRUE(recorder_.messages.empty());
  cluster_.add_message("two");
  world_.run_for(2s);
  EXPECT_EQ(recorder_.messages, (Lines{"one", "two"}));
}

// What a file keeps over a restart of the client.
class KeptStore final : public OutboxStore {
 public:
  explicit KeptStore(StoredOutbox& kept) : kept_(kept) {}
  bool durable() const override { return true; }
  StoredOutbox load() override { return kept_; }
  Result<Nothing> add(const StoredRequest& request) override {
    kept_.requests.push_back(request);
    kept_.session.next = request.sequence + 1;
    return success();
  }
  void remove(std::uint64_t sequence) override {
    std::erase_if(kept_.requests, [sequence](const auto& request) { return request.sequence == sequence; });
  }
  Result<Nothing> replace(const StoredOutbox& outbox) override {
    kept_ = outbox;
    return success();
  }

 private:
  StoredOutbox& kept_;
};

TEST_F(ClientTest, WhatIsPushedDuringASyncInTheMiddleOfAConnectionWaitsForItToo) {
  StoredOutbox kept;
  start_ready(std::make_unique<KeptStore>(kept));
  log_in("ann");
  node(1).expect("send").never_answer();
  send("zero");
  client_->submit_then("login", {{"name", "ann"}, {"password", "p"}, {"token", "t"}}, {});
  world_.run_for(10ms);
  end();
  ASSERT_EQ(kept.requests.size(), 2U);
  node(1).expect("send").later(200ms);
  start_ready(std::make_unique<KeptStore>(kept));
  world_.run_for(100ms);
  const auto syncs = node(1).requests("sync").size();
  node(1).expect("sync").later(500ms);
  world_.run_for(200ms);   // the send is done; the login's password was not kept: given up, and a sync follows
  ASSERT_EQ(node(1).requests("sync").size(), syncs + 1);
  cluster_.add_message("one");
  world_.run_for(100ms);
  EXPECT_TRUE(recorder_.messages.empty());
  world_.run_for(2s);
  EXPECT_EQ(recorder_.messages, Lines{"one"});
}

TEST_F(ClientTest, ASyncThatWasBegunBeforeALogoutBringsNothingToTheNextLogin) {
  start_ready();
  log_in("ann");
  cluster_.set_leader(2);
  node(2).expect("sync").never_answer();
  node(1).go_down();
  cluster_.add_message("one");
  world_.run_for(300ms);
  ASSERT_TRUE(node(2).unanswered());
  client_->submit_then("logout", {}, {});
  world_.run_for(10ms);
  log_in("ann");   // from now on
  json::object page{{"generation", 1}, {"cursor", cluster_.applied}, {"more", false}};
  page["messages"] = json::array{cluster_.messages.back().message};
  wire::RpcResponse late;
  late.id = *node(2).unanswered();
  late.outcome = json::value(std::move(page));
  node(2).say(wire::encode(late));
  world_.run_for(2s);
  EXPECT_TRUE(recorder_.messages.empty());
  cluster_.add_message("two");
  world_.run_for(100ms);
  EXPECT_EQ(recorder_.messages, Lines{"two"});
}

TEST_F(ClientTest, BeginsFromTheCursorItWasGiven) {
  cluster_.add_message("one");
  const auto cursor = cluster_.applied;
  cluster_.add_message("two");
  options_.cursor = Cursor{1, cursor};
  start_ready();
  log_in("ann");
  EXPECT_EQ(recorder_.messages, Lines{"two"});
  EXPECT_EQ(client_->cursor().index, cluster_.applied);
}

TEST_F(ClientTest, WithoutACursorItBeginsWithTheLogin) {
  start_ready();
  cluster_.add_message("before");
  log_in("ann");
  cluster_.add_message("after");
  world_.run_for(10ms);
  EXPECT_EQ(recorder_.messages, Lines{"after"});
}

TEST_F(ClientTest, AnotherGenerationIsDeliveredFromItsBeginning) {
  cluster_.add_message("one");
  start_ready();
  log_in("ann");
  EXPECT_TRUE(recorder_.messages.empty());
  cluster_.generation = 2;
  client_->drop_connection("restored");
  world_.run_for(1s);
  EXPECT_EQ(recorder_.messages, Lines{"one"});
  EXPECT_EQ(client_->cursor().generation, 2U);
}

// A restore ends the logins too (R19).
TEST_F(ClientTest, AnotherGenerationIsDeliveredFromItsBeginningToWhoHasToLogInAgain) {
  cluster_.add_message("one");
  start_ready();
  log_in("ann");
  cluster_.generation = 2;
  cluster_.logins.clear();
  client_->drop_connection("restored");
  world_.run_for(1s);
  EXPECT_TRUE(recorder_.messages.empty()) << "nobody is logged in";
  log_in("ann");
  world_.run_for(1s);
  EXPECT_EQ(recorder_.messages, Lines{"one"});
  cluster_.logins.clear();
  client_->drop_connection("logged out, by an administrator");
  world_.run_for(1s);
  log_in("ann");
  world_.run_for(1s);
  EXPECT_EQ(recorder_.messages, Lines{"one"}) << "once is enough";
}

TEST_F(ClientTest, AnotherGenerationIsNotDeliveredFromItsBeginningToSomebodyElse) {
  cluster_.add_message("one");
  start_ready();
  log_in("ann");
  cluster_.generation = 2;
  cluster_.logins.clear();
  client_->drop_connection("restored");
  world_.run_for(1s);
  log_in("ben");
  world_.run_for(1s);
  EXPECT_TRUE(recorder_.messages.empty());
}

}  // namespace
}  // namespace parley::cli
