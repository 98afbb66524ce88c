// What is kept over a restart of the client.
#include <fstream>
#include <sstream>

#include "cli/client_fixture.hpp"
#include "cli/file_outbox.hpp"
#include "cli/state_directory.hpp"
#include "cli/temporary_folder.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using Lines = std::vector<std::string>;

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class OutboxFileTest : public ClientTest {
 protected:
  std::unique_ptr<OutboxStore> open() {
    auto opened = FileOutbox::open(file_);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  std::string refusal() {
    const auto opened = FileOutbox::open(file_);
    return opened.ok() ? "" : opened.error().message;
  }
  static StoredRequest request(std::uint64_t sequence, const std::string& text) {
    StoredRequest stored;
    stored.sequence = sequence;
    stored.method = "send";
    stored.params["text"] = text;
    return stored;
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "ann.outbox";
};

TEST_F(OutboxFileTest, WhatWaitedIsSentByTheNextRunUnderItsNumberInItsSession) {
  start_ready(open());
  kind(send("zero"));
  node(1).expect("send").never_answer();
  const auto lost = send("one");
  send("two");
  world_.run_for(1ms);
  end();
  EXPECT_EQ(kind(lost), Kind::pending);
  const auto clients = cluster_.clients();
  start_ready(open());
  ASSERT_TRUE(world_.run_until([&] { return client_->pending() == 0; }));
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send one", "send two"}));
  EXPECT_EQ(cluster_.clients(), clients);
  EXPECT_EQ(recorder_.from_earlier_run, (Lines{"send", "send"}));
  EXPECT_EQ(kind(send("three")), Kind::done);
  EXPECT_EQ(node(1).requests("send").back(), "send seq=4 first=4");
}

TEST_F(OutboxFileTest, NothingIsSentInAClientSessionThatCouldNotBeKept) {
  auto store = open();
  std::filesystem::create_directory(file_.string() + ".new");   // so that the file can't be rewritten
  start_ready(std::move(store));
  const auto ticket = send("one");
  world_.run_for(2s);
  EXPECT_EQ(cluster_.executed, Lines{}) << "the next run would send it once more, in another session";
  std::filesystem::remove(file_.string() + ".new");
  EXPECT_EQ(kind(ticket), Kind::done);
  EXPECT_EQ(cluster_.executed, Lines{"send one"});
}

TEST_F(OutboxFileTest, WhatCouldNotBeReplacedIsWrittenBeforeAnythingIsAdded) {
  auto store = open();
  StoredOutbox outbox;
  outbox.session.client = 77;
  std::filesystem::create_directory(file_.string() + ".new");
  EXPECT_FALSE(store->replace(outbox).ok());
  std::filesystem::remove(file_.string() + ".new");
  EXPECT_TRUE(store->add(request(1, "one")).ok());
  store.reset();
  EXPECT_EQ(open()->load().session.client, 77U);
}

TEST_F(OutboxFileTest, WhatIsInDoubtIsInDoubtInTheNextRunToo) {
  auto store = open();
  StoredOutbox outbox;
  outbox.requests = {request(1, "one"), request(2, "two")};
  outbox.requests[0].in_doubt = true;
  ASSERT_TRUE(store->replace(outbox).ok());
  store.reset();
  const auto loaded = open()->load().requests;
  ASSERT_EQ(loaded.size(), 2U);
  EXPECT_TRUE(loaded[0].in_doubt);
  EXPECT_FALSE(loaded[1].in_doubt);
}

TEST_F(OutboxFileTest, WhatWasCarriedOutBeforeTheEndIsNotCarriedOutAgain) {
  start_ready(open());
  kind(send("zero"));
  node(1).expect("send").drop_after_it_was_carried_out();
  for (std::size_t id = 1; id <= 3; ++id) node(id).expect("hello").never_answer();
  send("one");
  world_.run_for(10ms);
  end();
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send one"}));
  for (std::size_t id = 1; id <= 3; ++id) node(id).go_down(), node(id).come_up();
  start(open());
  ASSERT_TRUE(world_.run_until([&] { return client_->pending() == 0; }));
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send one"}));
  EXPECT_EQ(recorder_.from_earlier_run, Lines{"send"});
}

TEST_F(OutboxFileTest, TheLoginIsResumedByTheNextRun) {
  start_ready(open());
  log_in("ann");
  end();
  start_ready(open());
  EXPECT_EQ(client_->account(), "ann");
  EXPECT_EQ(cluster_.executed, Lines{"login ann"});
}

TEST_F(OutboxFileTest, PasswordsAreNotWritten) {
  start_ready(open());
  node(1).expect("login").never_answer();
  client_->submit_then("login", {{"name", "ann"}, {"password", "open sesame"}, {"token", "TOKEN"}}, {});
  world_.run_for(1ms);
  end();
  EXPECT_EQ(read_file(file_).find("open sesame"), std::string::npos);
  EXPECT_EQ(read_file(file_).find("TOKEN"), std::string::npos);
}

TEST_F(OutboxFileTest, ALoginThatTheEndInterruptedDoesNotBlockWhatWaitedBehindIt) {
  start_ready(open());
  kind(send("zero"));
  node(1).expect("login").never_answer();
  client_->submit_then("login", {{"name", "ann"}, {"password", "x"}, {"token", "t"}}, {});
  send("one");
  world_.run_for(1ms);
  end();
  start_ready(open());
  ASSERT_TRUE(world_.run_until([&] { return client_->pending() == 0; }));
  EXPECT_EQ(cluster_.executed, (Lines{"send zero", "send one"}));
}

TEST_F(OutboxFileTest, OneProcessAtATimeHasIt) {
  const auto first = open();
  EXPECT_NE(refusal().find("in use by another parley chat"), std::string::npos);
}

TEST_F(OutboxFileTest, ALineThatWasBeingWrittenWhenThePowerWentIsCutOff) {
  ASSERT_TRUE(open()->add(request(1, "one")).ok());
  std::ofstream(file_, std::ios::app) << "{\"add\":{\"seq\":2,\"meth";
  const auto stored = open()->load();
  ASSERT_EQ(stored.requests.size(), 1U);
  EXPECT_EQ(stored.requests[0].params, request(1, "one").params);
  EXPECT_EQ(stored.session.next, 2U);
}

TEST_F(OutboxFileTest, DamageIsNamedWithItsLineAndTheRemedy) {
  ASSERT_TRUE(open()->add(request(1, "one")).ok());
  std::ofstream(file_, std::ios::app) << "garbage\n";
  EXPECT_NE(refusal().find("line 4: not a line of an outbox"), std::string::npos) << refusal();
  EXPECT_NE(refusal().find("move the file away"), std::string::npos);
}

TEST_F(OutboxFileTest, AFileOfANewerVersionIsRefusedNamingBoth) {
  std::ofstream(file_) << "{\"parley_outbox\":2}\n";
  EXPECT_NE(refusal().find("format 2, this one knows 1"), std::string::npos);
}

TEST_F(OutboxFileTest, TheFileStaysSmallHoweverMuchIsSent) {
  const auto store = open();
  for (std::uint64_t i = 1; i <= 200; ++i) {
    ASSERT_TRUE(store->add(request(i, std::string(5000, 'x'))).ok());
    store->remove(i);
  }
  EXPECT_LT(std::filesystem::file_size(file_), 2 * FileOutbox::rewrite_bytes);
  EXPECT_EQ(store->load().session.next, 201U);
}

TEST_F(OutboxFileTest, ItIsReadableByItsOwnerOnly) {
  open();
  EXPECT_EQ(std::filesystem::status(file_).permissions() & std::filesystem::perms::mask,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(StateDirectoryTest, RemembersServersAndAccounts) {
  const TemporaryFolder folder;
  const StateDirectory state((folder.path() / "state").string());
  EXPECT_TRUE(state.last_servers().empty());
  state.remember_servers({"a:1", "b:2"});
  state.remember_account("c0ffee", "ann");
  EXPECT_EQ(state.last_servers(), (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(state.last_account("c0ffee"), "ann");
  EXPECT_EQ(state.last_account("other"), "");
  EXPECT_TRUE(state.open_outbox("c0ffee", "ann").ok());
}

TEST(StateDirectoryTest, NamesFromTheNetworkNeverLeaveTheDirectory) {
  const TemporaryFolder folder;
  const StateDirectory state((folder.path() / "state").string());
  EXPECT_FALSE(state.open_outbox("../..", "ann").ok());
  EXPECT_FALSE(state.open_outbox("c0ffee", "../ann").ok());
  EXPECT_FALSE(state.open_outbox("c0ffee", "").ok());
}

}  // namespace
}  // namespace parley::cli
