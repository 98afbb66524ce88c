// `parley backup` against scripted nodes: how a copy gets into the file, and what is left when it does not.
#include "cli/backup_transfer.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "cli/client_fixture.hpp"
#include "net/spawn.hpp"
#include "store/archive_transfer.hpp"
#include "wire/binary_text.hpp"

namespace parley::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using store::MemoryDisk;
using store::testing::sent;

constexpr std::size_t piece = 40'000;
const json::object nothing;

class BackupTransferTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GT(sent().bytes.size(), 2 * piece) << "several pieces";
    for (const auto& address : cluster_.addresses()) plan_.doors.push_back({address, "a token"});
    plan_.name = "b";
  }
  FakeNode& node() { return cluster_.node(0); }

  static json::object about(bool stale = false) {
    json::object result;
    result["backup"] = sent().copy.id.digest.hex();
    result["node"] = 1;
    result["cluster"] = 77;
    result["generation"] = 1;
    result["index"] = sent().copy.id.applied.index.value;
    result["term"] = sent().copy.id.applied.term.value;
    result["time"] = 5;
    result["chain"] = sent().copy.position.chain.hex();
    result["state"] = digest("state").hex();
    result["bytes"] = sent().bytes.size();
    if (stale) result["stale"] = true;
    return result;
  }
  static json::object page(std::size_t offset, std::size_t size = piece) {
    json::object result;
    result["offset"] = offset;
    result["bytes"] = wire::to_base64(std::string_view(sent().bytes).substr(offset, size));
    return result;
  }
  void let_in(FakeNode& node, int times = 1) {
    for (int i = 0; i < times; ++i) node.expect("operator").reply_with(nothing);
  }
  void give_pages(FakeNode& node, std::size_t from) {
    for (std::size_t at = from; at < sent().bytes.size(); at += piece) node.expect("backup.page").reply_with(page(at));
  }

  Result<BackupTaken> take() {
    std::optional<Result<BackupTaken>> taken;
    const ClientSeams seams{world_.context().get_executor(), world_, cluster_, world_};
    net::spawn(world_.context().get_executor(), keep(seams, plan_, disk_, taken));
    const bool ended = world_.run_until([&] { return taken.has_value(); }, std::chrono::hours(1));
    EXPECT_TRUE(ended);
    return ended ? *taken : Result<BackupTaken>(Error{"it did not end"});
  }
  std::string refusal() {
    const auto taken = take();
    EXPECT_FALSE(taken.ok());
    EXPECT_THAT(disk_.list(""), IsEmpty()) << "no file, no half file";
    return taken.ok() ? std::string() : taken.error().message;
  }
  void expect_whole() {
    EXPECT_THAT(disk_.list(""), ElementsAre("b"));
    const auto checked = store::check_backup(disk_, "b");
    EXPECT_TRUE(checked.ok()) << checked.error().message;
  }

  FakeWorld world_;
  FakeCluster cluster_{world_};
  MemoryDisk disk_;
  BackupPlan plan_;

 private:
  static awaitable<void> keep(ClientSeams seams, BackupPlan plan, store::Disk& disk,
                              std::optional<Result<BackupTaken>>& taken) {
    auto result = co_await take_backup(seams, std::move(plan), disk);
    taken.emplace(std::move(result));
  }
};

TEST_F(BackupTransferTest, CarriesTheCopyIntoTheFileAndLetsTheNodeForgetIt) {
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  give_pages(node(), 0);
  node().expect("backup.end").reply_with(nothing);
  const auto taken = take();
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_EQ(taken->about.copy, sent().copy.id);
  EXPECT_FALSE(taken->stale);
  EXPECT_THAT(node().requests("backup.end"), SizeIs(1));
  expect_whole();
}

TEST_F(BackupTransferTest, ABrokenConnectionIsMadeAgainAndTheRestAskedFor) {
  let_in(node(), 2);
  node().expect("backup.begin").reply_with(about(true));
  node().expect("backup.page").reply_with(page(0));
  node().expect("backup.page").drop_before_it_is_carried_out();
  give_pages(node(), piece);
  node().expect("backup.end").reply_with(nothing);
  const auto taken = take();
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_TRUE(taken->stale);
  EXPECT_THAT(node().requests("backup.begin"), SizeIs(1)) << "the same copy";
  expect_whole();
}

TEST_F(BackupTransferTest, ANodeThatStaysAwayIsAnErrorAndNothingIsLeft) {
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  node().expect("backup.page").reply_with(page(0));
  node().expect("backup.page").never_answer();
  for (int i = 0; i < 20; ++i) node().expect("operator").never_answer();
  EXPECT_THAT(refusal(), HasSubstr("after 40000 bytes"));
}

TEST_F(BackupTransferTest, ACopyThatIsGoneIsAnErrorAndNothingIsLeft) {
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  node().expect("backup.page").reply_with(page(0));
  node().expect("backup.page").refuse("no_such_backup");
  EXPECT_THAT(refusal(), HasSubstr("no_such_backup"));
}

TEST_F(BackupTransferTest, WhoDoesNotTakeTheTokenIsPassedOverAndWhoIsBusyAskedAgain) {
  node().expect("operator").refuse("wrong_credentials");
  auto& second = cluster_.node(1);
  auto& third = cluster_.node(2);
  let_in(second);
  second.expect("backup.begin").later(milliseconds(100), "busy");
  let_in(third);
  third.expect("backup.begin").reply_with(about());
  give_pages(third, 0);
  third.expect("backup.end").reply_with(nothing);
  const auto taken = take();
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_EQ(taken->from, third.address());
  expect_whole();
}

TEST_F(BackupTransferTest, WhereNoTokenIsTakenItEndsWithTheReason) {
  for (std::size_t i = 0; i < 3; ++i) cluster_.node(i).expect("operator").refuse("wrong_credentials");
  EXPECT_THAT(refusal(), HasSubstr("wrong_credentials"));
}

TEST_F(BackupTransferTest, BytesThatAreNotTheCopysAreNoticed) {
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  node().expect("backup.page").reply_with(page(0));
  auto other = page(piece);
  other["bytes"] = wire::to_base64(std::string(piece, 'x'));
  node().expect("backup.page").reply_with(other);
  give_pages(node(), 2 * piece);
  node().expect("backup.end").reply_with(nothing);
  EXPECT_THAT(refusal(), HasSubstr("is damaged at byte"));
}

TEST_F(BackupTransferTest, NonsenseAndMoreThanTheCopyHasAreRefused) {
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  node().expect("backup.page").reply_with(json::object{{"offset", 0}, {"bytes", "not base64"}});
  EXPECT_THAT(refusal(), HasSubstr("not the protocol"));
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  const std::string more(sent().bytes.size() + 1, 'x');
  node().expect("backup.page").reply_with(json::object{{"offset", 0}, {"bytes", wire::to_base64(more)}});
  EXPECT_THAT(refusal(), HasSubstr("more bytes than the backup has"));
}

TEST_F(BackupTransferTest, AFullDiskIsToldAndLeavesNoHalfFile) {
  let_in(node());
  node().expect("backup.begin").reply_with(about());
  node().expect("backup.page").reply_with(page(0));
  node().expect("backup.page").reply_with(page(piece));
  disk_.fail({MemoryDisk::Operation::write, 3, ENOSPC, "b.part", 0});
  EXPECT_THAT(refusal(), HasSubstr("No space left on device"));
  EXPECT_THAT(node().requests("backup.end"), SizeIs(1)) << "the node need not keep its copy";
}

}  // namespace
}  // namespace parley::cli
