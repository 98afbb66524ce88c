// The chat over a scripted cluster: what is sent, and what people read.
#include "cli/chat_session.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "cli/fake_cluster.hpp"
#include "cli/fake_world.hpp"
#include "cli/temporary_folder.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

class ChatTest : public ::testing::Test {
 protected:
  ~ChatTest() override { end(); }

  void start(bool interactive) {
    ChatManners manners;
    manners.interactive = interactive;
    manners.patience = interactive ? Duration(5s) : Duration(30s);
    if (interactive) manners.ask_secret = [this](std::string prompt) { return answer(this, std::move(prompt)); };
    manners.changed = [this] { ++redrawn_; };
    options_.state_directory = (folder_.path() / "state").string();
    chat_ = std::make_unique<Chat>(ClientSeams{world_.context().get_executor(), world_, cluster_, world_},
                                   cluster_.addresses(), options_, std::move(manners), *view_);
    running_ = true;
    boost::asio::co_spawn(world_.context(), chat_->run(), [this](std::exception_ptr failure) {
      running_ = false;
      rethrow(failure);
    });
    boost::asio::co_spawn(world_.context(), begin(chat_.get(), &begun_), rethrow);
    ASSERT_TRUE(world_.run_until([this] { return begun_.has_value(); }));
  }
  void end() {
    if (!chat_) return;
    chat_->stop();
    EXPECT_TRUE(world_.run_until([this] { return !running_; }));
    chat_.reset();
    begun_.reset();
  }
  Report type(const std::string& line) {
    std::optional<Report> report;
    boost::asio::co_spawn(world_.context(), execute(chat_.get(), line, &report), rethrow);
    EXPECT_TRUE(world_.run_until([&] { return report.has_value(); })) << line;
    return report.value_or(Report{});
  }
  bool said(const std::string& text) const { return screen_.find(text) != std::string::npos; }
  FakeNode& node(std::size_t id) { return cluster_.node(id - 1); }

  static net::awaitable<void> begin(Chat* chat, std::optional<Result<Nothing>>* begun) {
    Result<Nothing> result = co_await chat->begin(10s);
    begun->emplace(std::move(result));
  }
  static net::awaitable<void> execute(Chat* chat, std::string line, std::optional<Report>* report) {
    Report result = co_await chat->execute(std::move(line));
    report->emplace(std::move(result));
  }
  static net::awaitable<std::optional<std::string>> answer(ChatTest* self, std::string prompt) {
    self->prompts_.push_back(std::move(prompt));
    if (self->secrets_.empty()) co_return std::nullopt;
    std::string secret = self->secrets_.front();
    self->secrets_.erase(self->secrets_.begin());
    co_return secret;
  }

  TemporaryFolder folder_;
  FakeWorld world_;
  FakeCluster cluster_{world_};
  ChatOptions options_;
  std::string screen_;
  std::unique_ptr<ChatView> view_ = make_text_view([this](const std::string& text) { screen_ += text; }, false);
  std::unique_ptr<Chat> chat_;
  std::optional<Result<Nothing>> begun_;
  std::vector<std::string> secrets_;
  std::vector<std::string> prompts_;
  int redrawn_ = 0;

 private:
  bool running_ = false;
};

TEST_F(ChatTest, APlainLineGoesToTheOpenConversation) {
  start(false);
  EXPECT_FALSE(type("/login ann secret").failed());
  EXPECT_FALSE(type("/join #room").failed());
  EXPECT_FALSE(type("hello").failed());
  EXPECT_EQ(cluster_.executed, (std::vector<std::string>{"login ann", "room.join ", "send hello"}));
  EXPECT_TRUE(said("logged in as ann"));
}

TEST_F(ChatTest, WithoutAnOpenConversationATextIsRefusedWithTheRemedy) {
  start(false);
  EXPECT_TRUE(type("hello").failed());
  EXPECT_TRUE(said("/join #room, or /open @user"));
  EXPECT_TRUE(cluster_.executed.empty());
}

TEST_F(ChatTest, MsgOpensTheConversationIfNoneIsOpen) {
  start(false);
  type("/msg bea hello there");
  EXPECT_EQ(chat_->place(), "@bea");
  type("and again");
  EXPECT_EQ(cluster_.executed, (std::vector<std::string>{"send hello there", "send and again"}));
}

TEST_F(ChatTest, JoiningARoomThatIsNotThereNamesTheRemedy) {
  start(false);
  node(1).expect("room.join").refuse("no_such_room");
  EXPECT_TRUE(type("/join general").failed());
  EXPECT_TRUE(said("/create #general makes it"));
  EXPECT_EQ(chat_->place(), "");
}

TEST_F(ChatTest, JoiningARoomOneIsInOpensIt) {
  start(false);
  node(1).expect("room.join").refuse("already_a_member");
  EXPECT_FALSE(type("/join #general").failed());
  EXPECT_EQ(chat_->place(), "#general");
}

TEST_F(ChatTest, AtATerminalPasswordsAreAskedFor) {
  start(true);
  secrets_ = {"sesame"};
  EXPECT_FALSE(type("/login ann").failed());
  EXPECT_EQ(prompts_, std::vector<std::string>{"Password: "});
  EXPECT_EQ(chat_->client().account(), "ann");
}

TEST_F(ChatTest, AtATerminalAPasswordInTheLineIsRefused) {
  start(true);
  EXPECT_TRUE(type("/login ann sesame").failed());
  EXPECT_TRUE(said("leave the password out"));
  EXPECT_FALSE(said("sesame"));
  EXPECT_TRUE(cluster_.executed.empty());
}

TEST_F(ChatTest, ANewPasswordIsTypedTwice) {
  start(true);
  secrets_ = {"one", "other"};
  EXPECT_TRUE(type("/register ann").failed());
  EXPECT_TRUE(cluster_.executed.empty());
  secrets_ = {"same", "same"};
  EXPECT_FALSE(type("/register ann").failed());
  EXPECT_EQ(cluster_.executed, (std::vector<std::string>{"account.register ", "login ann"}));
}

TEST_F(ChatTest, InAPipeAMissingPasswordIsNamed) {
  start(false);
  EXPECT_TRUE(type("/login ann").failed());
  EXPECT_TRUE(said("/login NAME PASSWORD"));
}

TEST_F(ChatTest, SaysWhenTheLeaderMoves) {
  start(true);
  EXPECT_TRUE(said("the leader is node 1"));
  cluster_.set_leader(3);
  node(1).go_down();
  world_.run_for(2s);
  EXPECT_TRUE(said("the leader moved from node 1 to node 3"));
  EXPECT_NE(chat_->prompt().find("leader 3"), std::string::npos) << chat_->prompt();
}

TEST_F(ChatTest, ThePromptNamesAccountConversationLeaderAndWhatIsPending) {
  start(true);
  secrets_ = {"x"};
  EXPECT_EQ(chat_->prompt(), "parley (leader 1)> ");
  type("/login ann");
  type("/join #room");
  EXPECT_EQ(chat_->prompt(), "ann #room (leader 1)> ");
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  world_.run_for(10ms);
  type("one");
  EXPECT_EQ(chat_->prompt(), "ann #room (reconnecting, 1 pending)> ");
}

// Quiet while all is well, or where nobody knows.
TEST_F(ChatTest, ThePromptTellsOfCopiesWhereOneMoreFailureIsNotBearable) {
  cluster_.copies = {{"bearable", "no"}, {"copies", 1}};
  start(true);
  EXPECT_EQ(chat_->prompt(), "parley (leader 1, copies 1, one more failure bearable: no)> ");
  const auto told = [this](json::object copies) {
    copies["node"] = 1;
    copies["address"] = "node1:1";
    const auto before = redrawn_;
    node(1).notify("leader", std::move(copies));
    world_.run_for(10ms);
    EXPECT_GT(redrawn_, before);
  };
  told({{"bearable", "yes"}});
  EXPECT_EQ(chat_->prompt(), "parley (leader 1)> ");
  told({{"bearable", "soon"}, {"copies", 2}, {"bearable_in_ms", 1'500}});
  EXPECT_EQ(chat_->prompt(), "parley (leader 1, copies 2, one more failure bearable: in 2 s)> ");
  const auto before = redrawn_;
  world_.run_for(1s);
  EXPECT_EQ(chat_->prompt(), "parley (leader 1, copies 2, one more failure bearable: in 1 s)> ");
  EXPECT_EQ(redrawn_, before + 1);
  world_.run_for(1s);
  EXPECT_EQ(chat_->prompt(), "parley (leader 1, copies 2, one more failure bearable: soon)> ");
  EXPECT_EQ(redrawn_, before + 2);
  told({{"bearable", "no"}, {"copies", 2}});
  EXPECT_EQ(chat_->prompt(), "parley (leader 1, copies 2, one more failure bearable: no)> ");
  told({});   // of a node that does not know
  EXPECT_EQ(chat_->prompt(), "parley (leader 1)> ");
  EXPECT_FALSE(said("bearable"));
}

TEST_F(ChatTest, WhatOneLeaderSaidOfCopiesIsNotShownOfTheNext) {
  cluster_.copies = {{"bearable", "no"}, {"copies", 2}};
  start(true);
  EXPECT_NE(chat_->prompt().find("copies 2"), std::string::npos) << chat_->prompt();
  cluster_.copies = {};
  cluster_.set_leader(3);
  node(1).go_down();
  world_.run_for(1ms);
  EXPECT_EQ(chat_->prompt().find("copies"), std::string::npos) << chat_->prompt();
  world_.run_for(2s);
  EXPECT_EQ(chat_->prompt(), "parley (leader 3)> ");
}

TEST_F(ChatTest, AtATerminalATextThatWaitsIsShownAsPendingAndGoesOutLater) {
  start(true);
  type("/open #room");
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  world_.run_for(10ms);
  EXPECT_FALSE(type("hello").failed());
  EXPECT_FALSE(said("pending until"));
  world_.run_for(2s);
  EXPECT_TRUE(said("pending until a majority of the nodes is back: #room hello"));
  node(2).come_up();
  cluster_.set_leader(2);
  world_.run_for(5s);
  EXPECT_EQ(cluster_.executed, std::vector<std::string>{"send hello"});
}

TEST_F(ChatTest, ATextThatIsRefusedIsShownWithItsReason) {
  start(true);
  type("/open #room");
  type("first");
  world_.run_for(10ms);
  node(1).expect("send").refuse("not_a_member");
  type("hello");
  world_.run_for(10ms);
  EXPECT_TRUE(said("not sent to #room: hello"));
  EXPECT_TRUE(said("not_a_member"));
}

TEST_F(ChatTest, WhatWaitsAtTheEndIsKeptForTheAccountAndSentByTheNextChat) {
  start(true);
  secrets_ = {"x"};
  type("/login ann");
  type("/open #room");
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  world_.run_for(10ms);
  type("hello");
  EXPECT_NE(chat_->farewell().find("sent by the next parley chat of ann"), std::string::npos) << chat_->farewell();
  end();
  for (std::size_t id = 1; id <= 3; ++id) node(id).come_up();
  start(true);
  world_.run_for(2s);
  EXPECT_EQ(chat_->client().account(), "ann");
  EXPECT_EQ(cluster_.executed, (std::vector<std::string>{"login ann", "send hello"}));
  EXPECT_TRUE(said("sent now, from an earlier chat: #room hello"));
}

TEST_F(ChatTest, WithoutAnyNodeItSaysWhatWasTriedAndWhatToDo) {
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down();
  start(false);
  ASSERT_FALSE(begun_->ok());
  EXPECT_NE(begun_->error().message.find("node1:1, node2:1, node3:1"), std::string::npos);
  EXPECT_NE(begun_->error().message.find("./run"), std::string::npos);
}

TEST_F(ChatTest, WhatOthersWriteCanNotCommandTheTerminal) {
  start(false);
  type("/login ann x");
  world_.run_for(100ms);
  cluster_.add_message("evil \x1b]0;title\x07");
  world_.run_for(100ms);
  EXPECT_TRUE(said("bea: evil"));
  EXPECT_FALSE(said("\x1b"));
}

TEST_F(ChatTest, WhatWasReadInTheOpenConversationIsMarkedAsReadNowAndThen) {
  start(true);
  secrets_ = {"x"};
  type("/login ann");
  type("/open #room");
  world_.run_for(100ms);
  for (int i = 0; i < 5; ++i) cluster_.add_message("text");
  world_.run_for(10s);
  EXPECT_LE(node(1).requests("mark").size(), 2U);
  EXPECT_GE(node(1).requests("mark").size(), 1U);
}

TEST_F(ChatTest, JsonIsOneObjectALine) {
  view_ = make_json_view([this](const std::string& text) { screen_ += text; });
  start(false);
  type("/login ann x");
  type("/join #room");
  node(1).expect("send").refuse("banned");
  type("hello");
  EXPECT_TRUE(said("{\"event\":\"leader\",\"node\":1,\"address\":\"node1:1\"}\n"));
  EXPECT_TRUE(said("\"command\":\"/join\",\"outcome\":\"done\""));
  EXPECT_TRUE(said("\"command\":\"send\",\"outcome\":\"refused\",\"reason\":\"banned\""));
  EXPECT_FALSE(said("x\""));   // no password anywhere
  for (std::size_t at = 0; at < screen_.size(); at = screen_.find('\n', at) + 1) EXPECT_EQ(screen_[at], '{');
}

TEST_F(ChatTest, NumbersThatAreNoneAreNamed) {
  start(false);
  type("/open #room");
  EXPECT_TRUE(type("/history many").failed());
  EXPECT_TRUE(type("/delete 12 x").failed());
  EXPECT_TRUE(type("/edit x text").failed());
  EXPECT_TRUE(said("\"many\" is not a number from 1 to 1000"));
  EXPECT_TRUE(said("\"x\" is not a message id"));
}

}  // namespace
}  // namespace parley::cli
