#include "store/write_ahead_log.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"
#include "wire/raft_codec.hpp"

namespace parley::store {
namespace {

using testing::same;
using testing::Script;

constexpr LogOptions small{4096, false};

WriteAheadLog::Opened open_well(Disk& disk, LogOptions options = small) {
  auto opened = WriteAheadLog::open(disk, "log", options);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(*opened);
}

TEST(WriteAheadLog, ANewLogHoldsNothing) {
  MemoryDisk disk;
  const auto opened = open_well(disk);
  EXPECT_TRUE(same(opened.durable, raft::Durable{}));
  EXPECT_TRUE(opened.notes.empty());
  EXPECT_EQ(opened.log->usage().segments, 1U);
  EXPECT_EQ(opened.log->usage().bytes, 4096U);
  EXPECT_EQ(disk.contents("log/0000000001.wal").size(), 4096U);
}

TEST(WriteAheadLog, GivesBackEverythingAfterEveryRestart) {
  const Script script = Script::random(1, 200);
  MemoryDisk disk;
  Random random(2);
  auto opened = open_well(disk);
  for (std::size_t i = 0; i < script.batches.size(); ++i) {
    opened.log->append(script.batches[i]);
    if (random.chance(0.7)) continue;
    disk.crash_losing_all_unsynced();
    opened = open_well(disk);
    ASSERT_TRUE(same(opened.durable, script.states[i + 1])) << "after batch " << i;
    ASSERT_TRUE(opened.notes.empty()) << opened.notes.front();
  }
  EXPECT_GT(opened.log->usage().segments, 5U);
}

TEST(WriteAheadLog, WritesOnceAndSyncsOnceForABatch) {
  MemoryDisk disk;
  auto opened = open_well(disk, {64 * 1024, false});
  raft::Durable model;
  for (int i = 0; i < 5; ++i) {
    const auto before = disk.changes();
    opened.log->append(testing::batch_of(model, std::vector<raft::Content>(7, SharedBytes(std::string(700, 'x'))),
                                         Term(i + 1)));
    EXPECT_EQ(disk.changes() - before, 2U);
  }
}

TEST(WriteAheadLog, ABatchWithNothingInItTouchesNothing) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  const auto before = disk.changes();
  opened.log->append({});
  EXPECT_EQ(disk.changes(), before);
}

// Catalogue 38, formancehq/ledger#2076: what was overwritten must not rise again, whatever segment it lay in.
TEST(WriteAheadLog, AnOverwrittenEntryStaysOverwrittenAfterRestartsAndRotations) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  const raft::Content old_content = SharedBytes(std::string(300, 'o'));
  const raft::Content new_content = SharedBytes(std::string(300, 'n'));
  opened.log->append(testing::batch_of(model, std::vector<raft::Content>(8, old_content), Term(1)));
  opened.log->append(testing::batch_of(model, std::vector<raft::Content>(8, old_content), Term(1)));
  ASSERT_GT(opened.log->usage().segments, 1U);
  raft::PersistBatch overwrite;
  overwrite.number = 3;
  overwrite.truncate_from = Index(3);   // in the first segment
  overwrite.hard_state = raft::HardState{Term(2), {}, Index(0)};
  overwrite.entries.push_back({{Term(2), Index(3)}, LogTime{3}, new_content});
  testing::apply_batch(model, overwrite);
  opened.log->append(overwrite);
  for (int restart = 0; restart < 3; ++restart) {
    disk.kill();
    opened = open_well(disk);
    ASSERT_TRUE(same(opened.durable, model));
    opened.log->append(testing::batch_of(model, std::vector<raft::Content>(8, new_content), Term(2)));
  }
}

TEST(WriteAheadLog, ABatchLargerThanASegmentGetsALargerSegment) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  opened.log->append(testing::batch_of(model, {raft::Noop{}}, Term(1)));
  opened.log->append(
      testing::batch_of(model, std::vector<raft::Content>(3, SharedBytes(std::string(9000, 'x'))), Term(1)));
  opened.log->append(testing::batch_of(model, {raft::Noop{}}, Term(1)));
  EXPECT_GT(opened.log->usage().bytes, 27'000U);
  disk.crash_losing_all_unsynced();
  EXPECT_TRUE(same(open_well(disk).durable, model));
}

TEST(WriteAheadLog, CarriesTheLargestCommandThatTheCodecCarries) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  opened.log->append(testing::batch_of(model, {SharedBytes(std::string(wire::payload_max, 'x'))}, Term(1)));
  disk.kill();
  EXPECT_TRUE(same(open_well(disk).durable, model));
}

TEST(WriteAheadLog, AnEmptyDirectoryIsRefusedWhereALogMustExist) {
  MemoryDisk disk;
  const auto opened = WriteAheadLog::open(disk, "log", {4096, true});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("memory:/log holds no log although"), std::string::npos);
  open_well(disk);
  disk.kill();
  EXPECT_TRUE(WriteAheadLog::open(disk, "log", {4096, true}).ok());
}

// -- failing disks ------------------------------------------------------------------------------------------------

void expect_poisoned_by(MemoryDisk::Fault fault) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  opened.log->append(testing::batch_of(model, {SharedBytes(std::string(2500, 'x'))}, Term(1)));
  const raft::Durable acknowledged = model;
  disk.fail(fault);
  const auto batch = testing::batch_of(model, {SharedBytes(std::string(2500, 'y'))}, Term(1));   // needs a new segment
  try {
    opened.log->append(batch);
    FAIL() << "the fault went unnoticed";
  } catch (const DiskError& error) {
    EXPECT_EQ(error.error_number(), fault.error_number);
  }
  const auto changes = disk.changes();
  EXPECT_THROW(opened.log->append(batch), DiskError) << "the fault has passed, the log may not go on";
  EXPECT_THROW(opened.log->append({}), DiskError);
  EXPECT_EQ(disk.changes(), changes);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto after = disk.clone();
    Random random(seed);
    after->crash(random);
    const auto again = open_well(*after);
    EXPECT_TRUE(same(again.durable, acknowledged) || same(again.durable, model));
  }
}

TEST(WriteAheadLog, TheFirstFailedWriteOrSyncPoisonsItForGood) {
  using Operation = MemoryDisk::Operation;
  for (const std::uint64_t bytes_done : {0U, 100U, 513U}) {
    for (const std::uint64_t nth : {1U, 2U, 3U}) {   // the new segment, the seal, the batch
      expect_poisoned_by({Operation::write, nth, ENOSPC, "log/", bytes_done});
      expect_poisoned_by({Operation::sync, nth, EIO, "log/", 0});
    }
  }
  for (const auto operation : {Operation::allocate, Operation::create, Operation::rename, Operation::sync_directory}) {
    expect_poisoned_by({operation, 1, ENOSPC, "log", 0});
  }
}

// Of what a file was to have, a full disk may have given it a part (fallocate(2) on ext4).
TEST(WriteAheadLog, ASegmentThatFoundNoSpaceIsNotLeftBehind) {
  for (const auto operation : {MemoryDisk::Operation::allocate, MemoryDisk::Operation::write}) {
    MemoryDisk disk;
    auto opened = open_well(disk);
    raft::Durable model;
    disk.fail({operation, 1, ENOSPC, ".wal.new", 0});
    try {
      for (int i = 0; i < 1000; ++i) {
        opened.log->append(testing::batch_of(model, {SharedBytes(std::string(1000, 'x'))}, Term(1)));
      }
      ADD_FAILURE() << "no segment was begun";
    } catch (const DiskError& error) {
      EXPECT_TRUE(error.is_full());
    }
    for (const auto& name : disk.list("log")) EXPECT_FALSE(name.ends_with(".new")) << name;
  }
}

// D9: the kernel drops the dirty pages of a failed fsync but goes on showing them. A restart that believed what it
// read, and only then lost power, would have acknowledged what is gone.
TEST(WriteAheadLog, WhatItFoundAtStartIsDurableEvenAfterASyncThatFailedInAnEarlierLife) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  opened.log->append(testing::batch_of(model, {SharedBytes("first")}, Term(1)));
  disk.fail({MemoryDisk::Operation::sync, 1, EIO, "log/", 0});
  EXPECT_THROW(opened.log->append(testing::batch_of(model, {SharedBytes("second")}, Term(1))), DiskError);
  disk.kill();
  const auto found = open_well(disk).durable;
  EXPECT_EQ(found.entries.size(), 2U);   // read from the cache
  disk.crash_losing_all_unsynced();
  EXPECT_TRUE(same(open_well(disk).durable, found));
}

TEST(WriteAheadLog, AnUnreadableSegmentIsAnErrorNotAShorterLog) {
  MemoryDisk disk;
  open_well(disk);
  disk.kill();
  disk.fail({MemoryDisk::Operation::read, 1, EIO, "0000000001.wal", 0});
  const auto opened = WriteAheadLog::open(disk, "log", small);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("0000000001.wal"), std::string::npos) << opened.error().message;
}

TEST(WriteAheadLogDeath, ABatchThatDoesNotContinueTheLogIsABrokenAssertion) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::PersistBatch gap;
  gap.number = 1;
  gap.entries.push_back({{Term(1), Index(2)}, LogTime{}, raft::Noop{}});
  EXPECT_DEATH(opened.log->append(gap), "entry 2 of term 1 can't follow entry 0 of term 0");
  raft::PersistBatch truncation;
  truncation.number = 1;
  truncation.truncate_from = Index(5);
  EXPECT_DEATH(opened.log->append(truncation), "a truncation from entry 5 in a log of entries 1 to 0");
  raft::PersistBatch commit;
  commit.number = 1;
  commit.hard_state = raft::HardState{Term(1), {}, Index(1)};
  EXPECT_DEATH(opened.log->append(commit), "a commit index of 1 in a log that ends at entry 0");
  commit.entries.push_back({{Term(1), Index(1)}, LogTime{}, raft::Noop{}});
  opened.log->append(commit);
  truncation.truncate_from = Index(1);
  EXPECT_DEATH(opened.log->append(truncation), "a truncation from entry 1 although entries are committed up to 1");
}

// -- the real disk --------------------------------------------------------------------------------------------------

TEST(WriteAheadLog, WorksOnARealDiskWithSegmentsOfTheDefaultSize) {
  TemporaryDirectory temporary;
  const Script script = Script::random(5, 30);
  {
    PosixDisk disk(temporary.path());
    auto opened = open_well(disk, LogOptions{});
    for (const auto& batch : script.batches) opened.log->append(batch);
    EXPECT_EQ(opened.log->usage().bytes, 16U * 1024 * 1024);
  }
  PosixDisk disk(temporary.path());
  EXPECT_TRUE(same(open_well(disk, LogOptions{}).durable, script.states.back()));
  EXPECT_EQ(disk.list("log"), std::vector<std::string>{"0000000001.wal"});
}

}  // namespace
}  // namespace parley::store
