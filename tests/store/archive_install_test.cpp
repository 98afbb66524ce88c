#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "store/archive_transfer.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"

// Another node's archive takes the place of this one's, and the log joins it (W16, decision 0010).
namespace parley::store {
namespace {

using ::testing::HasSubstr;
using testing::Follower;
using testing::prepare;
using testing::receive;
using testing::Sent;
using testing::sent;

const std::string& file = testing::archive_file;

TEST(InstallArchive, TheCopyTakesTheArchivesPlaceAndTheLogBeginsAboveIt) {
  MemoryDisk disk;
  Follower follower(disk);
  follower.live();
  follower.install();
  disk.crash_losing_all_unsynced();
  auto archive = follower.open_archive();
  EXPECT_FALSE(archive.installed);
  EXPECT_EQ(difference(archive, sent().model), "");
  auto log = follower.open_log();
  EXPECT_EQ(log.durable.base, sent().model.position.applied);
  EXPECT_EQ(log.durable.base_time, sent().model.position.time);
  EXPECT_EQ(log.durable.base_configuration_index, Index(10));
  ASSERT_NE(log.durable.base_configuration, nullptr);
  EXPECT_EQ(*log.durable.base_configuration, *sent().model.position.configuration);
  EXPECT_TRUE(log.durable.entries.empty());
  EXPECT_EQ(log.durable.hard_state, (raft::HardState{Term(6), ServerId{NodeId(2), Incarnation(3)}, Index(120)}));
  SampleWorkload workload(1);
  for (int i = 0; i < 30; ++i) workload.next(4);
  archive.archive->write(workload.next(4));   // it goes on
  archive.archive->checkpoint();
  EXPECT_TRUE(archive.archive->scrub().ok());
}

TEST(InstallArchive, TheSwapLeavesNoOldCompanionBesideTheNewFile) {
  MemoryDisk disk;
  Follower follower(disk);
  follower.live();
  ASSERT_FALSE(disk.contents(file + "-wal").empty());
  ASSERT_TRUE(disk.exists(file + "-mark"));
  ASSERT_TRUE(receive(disk, sent()));
  ASSERT_TRUE(prepare(disk).ok());
  install_archive(disk, file);
  std::vector<std::string> left = disk.list("");
  std::erase(left, "log");
  EXPECT_EQ(left, std::vector<std::string>{file});
  const auto archive = follower.open_archive();
  EXPECT_TRUE(archive.installed);
  EXPECT_EQ(difference(archive, sent().model), "");
}

TEST(InstallArchive, AnArchiveThatWasNotJoinedIsNeitherWrittenNorCopied) {
  MemoryDisk disk;
  ASSERT_TRUE(receive(disk, sent()));
  ASSERT_TRUE(prepare(disk).ok());
  install_archive(disk, file);
  auto archive = *Archive::open(disk, file);
  ArchiveCopies copies(disk);
  const auto copy = copies.make(*archive.archive, std::nullopt);
  ASSERT_FALSE(copy.ok());
  EXPECT_THAT(copy.error().message, HasSubstr("is not joined by the log yet"));
  SampleWorkload workload(1);
  EXPECT_DEATH(archive.archive->write(workload.next(200)), "is joined by the log before it goes on");
  archive.archive->joined();
  EXPECT_TRUE(copies.make(*archive.archive, std::nullopt).ok());
}

TEST(InstallArchiveDeath, AnArchiveThatSomebodyHasOpenIsNotReplaced) {
  MemoryDisk disk;
  const auto archive = *Archive::open(disk, file);
  ASSERT_TRUE(receive(disk, sent()));
  ASSERT_TRUE(prepare(disk).ok());
  EXPECT_DEATH(install_archive(disk, file), "the archive is closed before it is replaced");
}

// -- joining ----------------------------------------------------------------------------------------------------

// The log of a node, whose archive was installed at entry 120 of term 3.
struct Joining {
  Joining() {
    EXPECT_TRUE(receive(disk, sent()));
    EXPECT_TRUE(prepare(disk).ok());
    install_archive(disk, file);
    archive = *Archive::open(disk, file);
    log = *WriteAheadLog::open(disk, "log", testing::small_segments);
  }
  void fill(std::uint64_t through, Term term) {
    std::vector<raft::Content> entries(through - testing::last_index(log.durable), SharedBytes("x"));
    log.log->append(testing::batch_of(log.durable, std::move(entries), term));
  }

  MemoryDisk disk;
  Archive::Opened archive;
  WriteAheadLog::Opened log;
};

TEST(JoinLog, ALogThatHoldsTheEntryOfTheArchiveStaysAsItIs) {
  Joining node;
  node.fill(150, Term(3));
  const raft::Durable before = node.log.durable;
  EXPECT_FALSE(base_to_join(node.archive, node.log.durable));
  EXPECT_FALSE(join_log(node.archive, *node.log.log, node.log.durable));
  EXPECT_TRUE(testing::same(node.log.durable, before));
  EXPECT_FALSE(node.archive.installed);
  node.archive = {};
  node.disk.kill();
  EXPECT_FALSE(Archive::open(node.disk, file)->installed);
}

TEST(JoinLog, ALogThatEndsBelowOrHasAnotherTermThereBeginsAnew) {
  for (const std::uint64_t last : {0U, 119U, 120U, 150U}) {
    Joining node;
    if (last > 0) node.fill(last, Term(2));
    EXPECT_TRUE(join_log(node.archive, *node.log.log, node.log.durable));
    EXPECT_EQ(node.log.durable.base, (raft::EntryId{Term(3), Index(120)}));
    EXPECT_EQ(node.log.durable.hard_state.current_term, Term(3)) << "no entry is of a term to come";
    node.disk.crash_losing_all_unsynced();
    const auto again = WriteAheadLog::open(node.disk, "log", testing::small_segments);
    EXPECT_TRUE(testing::same(again->durable, node.log.durable));
  }
}

// Decision 0010: only what was installed may go beyond the log.
TEST(JoinLog, AnArchiveOfTheNodesOwnMakingIsNeverTheBase) {
  Joining node;
  node.archive.archive->joined();
  node.archive = *Archive::open(node.disk, file);
  EXPECT_FALSE(node.archive.installed);
  node.fill(50, Term(2));
  const raft::Durable before = node.log.durable;
  EXPECT_FALSE(join_log(node.archive, *node.log.log, node.log.durable));
  EXPECT_TRUE(testing::same(node.log.durable, before));
}

TEST(JoinLog, TwoThatContradictEachOtherAreLeftToBeRefused) {
  Joining node;
  node.fill(150, Term(2));
  raft::PersistBatch committed;
  committed.number = 1;
  committed.hard_state = raft::HardState{Term(3), {}, Index(140)};   // 120 among them, but of another term
  testing::apply_batch(node.log.durable, committed);
  node.log.log->append(committed);
  EXPECT_FALSE(join_log(node.archive, *node.log.log, node.log.durable));
  EXPECT_TRUE(node.archive.installed) << "the mark stays";
}

TEST(InstallArchive, WorksOnARealDisk) {
  TemporaryDirectory temporary;
  {
    PosixDisk disk(temporary.path());
    Follower follower(disk);
    follower.live();
    follower.install();
  }
  PosixDisk disk(temporary.path());
  Follower follower(disk);
  EXPECT_EQ(difference(follower.open_archive(), sent().model), "");
  EXPECT_EQ(follower.open_log().durable.base, sent().model.position.applied);
}

}  // namespace
}  // namespace parley::store
