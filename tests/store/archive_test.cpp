#include "store/archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/archive_sample.hpp"
#include "store/memory_disk.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"

namespace parley::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string file = "archive.db";

Archive::Opened open(Disk& disk) {
  auto opened = Archive::open(disk, file);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(opened).value();
}

TEST(Archive, ANewOneIsEmptyAndAtPositionZero) {
  MemoryDisk disk;
  const auto opened = open(disk);
  EXPECT_EQ(opened.position.applied, raft::EntryId{});
  EXPECT_EQ(opened.position.generation, Generation(1));
  EXPECT_THAT(opened.records, IsEmpty());
  EXPECT_THAT(opened.archive->reader()->page(chat::MessageId(0), 10), IsEmpty());
  EXPECT_THAT(opened.notes, ElementsAre(HasSubstr("a new archive")));
}

TEST(Archive, WhatWasWrittenIsThereAfterReopening) {
  MemoryDisk disk;
  SampleWorkload workload(1);
  {
    auto opened = open(disk);
    for (int i = 0; i < 20; ++i) {
      opened.archive->write(workload.next(10));
      if (i % 7 == 3) opened.archive->checkpoint();
    }
  }
  disk.kill();
  const auto again = open(disk);
  EXPECT_EQ(difference(again, workload.model()), "");
  ASSERT_TRUE(again.position.configuration);
  EXPECT_EQ(again.position.configuration->members.size(), 2U);
}

TEST(Archive, RunsOnARealDiskToo) {
  const TemporaryDirectory directory;
  PosixDisk disk(directory.path());
  SampleWorkload workload(2);
  {
    auto opened = open(disk);
    for (int i = 0; i < 10; ++i) opened.archive->write(workload.next(20));
    opened.archive->checkpoint();
    opened.archive->write(workload.next(20));
    EXPECT_TRUE(opened.archive->scrub().ok());
  }
  EXPECT_EQ(difference(open(disk), workload.model()), "");
}

TEST(Archive, SyncsAtCheckpointsOnly) {   // R9
  MemoryDisk disk;
  SampleWorkload workload(3);
  auto opened = open(disk);
  opened.archive->write(workload.next(5));
  opened.archive->checkpoint();
  disk.fail({MemoryDisk::Operation::sync, 1, 5, "", 0});
  for (int i = 0; i < 10; ++i) EXPECT_NO_THROW(opened.archive->write(workload.next(30)));
  EXPECT_THROW(opened.archive->checkpoint(), DiskError);
}

TEST(Archive, AfterAFailedWriteEveryLaterOneFails) {
  MemoryDisk disk;
  SampleWorkload workload(4);
  auto opened = open(disk);
  opened.archive->write(workload.next(5));
  disk.fail({MemoryDisk::Operation::write, 1, 28, "archive.db-wal", 0});   // ENOSPC
  const auto failing = workload.next(5);
  try {
    opened.archive->write(failing);
    FAIL() << "a full disk went unnoticed";
  } catch (const DiskError& error) {
    EXPECT_EQ(error.error_number(), 28);
    EXPECT_THAT(error.what(), HasSubstr("archive.db-wal"));
  }
  EXPECT_THROW(opened.archive->write(failing), DiskError);
  EXPECT_THROW(opened.archive->checkpoint(), DiskError);
}

TEST(Archive, HistoryPagesBothWays) {
  MemoryDisk disk;
  SampleWorkload workload(5);
  auto opened = open(disk);
  opened.archive->write(workload.next(300));
  const auto reader = opened.archive->reader();
  std::vector<chat::MessageRow> expected;
  for (const auto& [id, row] : workload.model().messages) {
    if (row.conversation == chat::ConversationId(2)) expected.push_back(row);
  }
  ASSERT_GT(expected.size(), 50U);

  std::vector<chat::MessageRow> up;
  for (chat::Number from(1);;) {
    const auto page = reader->history({chat::ConversationId(2), from, {}, false, 7});
    if (page.empty()) break;
    EXPECT_LE(page.size(), 7U);
    up.insert(up.end(), page.begin(), page.end());
    from = page.back().number.next();
  }
  EXPECT_EQ(up, expected);

  std::vector<chat::MessageRow> down;
  for (chat::Number from(0);;) {
    const auto page = reader->history({chat::ConversationId(2), from, {}, true, 7});
    down.insert(down.end(), page.begin(), page.end());
    if (page.empty() || page.back().number == chat::Number(1)) break;
    from = page.back().number.previous();
  }
  std::reverse(down.begin(), down.end());
  EXPECT_EQ(down, expected);
}

TEST(Archive, HistoryStopsWhereItIsToldAndAtTheRowLimit) {
  MemoryDisk disk;
  auto opened = open(disk);
  ArchiveBatch batch;
  for (std::uint64_t i = 1; i <= rows_max + 200; ++i) {
    chat::MessageRow row;
    row.id = chat::MessageId(i);
    row.conversation = chat::ConversationId(1);
    row.number = chat::Number(i);
    row.changed_index = Index(i);
    batch.messages.push_back(row);
  }
  batch.position.applied = {Term(1), Index(rows_max + 200)};
  opened.archive->write(batch);
  const auto reader = opened.archive->reader();
  const chat::ConversationId room(1);
  EXPECT_THAT(reader->history({room, chat::Number(5), chat::Number(9), false, 50}), SizeIs(5));
  EXPECT_EQ(reader->history({room, chat::Number(9), chat::Number(5), true, 50}).back().number, chat::Number(5));
  EXPECT_THAT(reader->history({room, chat::Number(1), {}, false, 1'000'000}), SizeIs(rows_max));
  EXPECT_THAT(reader->history({room, chat::Number(1), {}, false, 0}), IsEmpty());
  EXPECT_THAT(reader->history({chat::ConversationId(~0ULL), chat::Number(1), {}, false, 9}), IsEmpty());
  EXPECT_THAT(reader->page(chat::MessageId(0), 1'000'000), SizeIs(rows_max));
  std::vector<chat::MessageId> ids(rows_max + 1, chat::MessageId(7));
  EXPECT_THAT(reader->by_id(ids), SizeIs(rows_max));
}

TEST(Archive, FindsMessagesByIdAndByTheClientThatSentThem) {   // R16
  MemoryDisk disk;
  SampleWorkload workload(6);
  auto opened = open(disk);
  opened.archive->write(workload.next(100));
  const auto reader = opened.archive->reader();
  for (const auto& [id, row] : workload.model().messages) {
    if (row.client.value == 0) continue;
    EXPECT_EQ(reader->by_client(row.client, row.sequence), row);
  }
  EXPECT_EQ(reader->by_client(chat::ClientId(1), chat::Sequence(~0ULL)), std::nullopt);
  EXPECT_EQ(reader->by_client(chat::ClientId(0), chat::Sequence(0)), std::nullopt);
  const auto& first = *workload.model().messages.begin();
  const auto& last = *workload.model().messages.rbegin();
  EXPECT_THAT(reader->by_id({last.first, chat::MessageId(999'999), first.first}),
              ElementsAre(last.second, first.second));
}

TEST(Archive, ARowThatContradictsAnotherIsRefusedWhole) {
  MemoryDisk disk;
  SampleWorkload workload(7);
  auto opened = open(disk);
  opened.archive->write(workload.next(10));
  const auto before = workload.model();
  ArchiveBatch bad = workload.next(3);
  chat::MessageRow twin = before.messages.begin()->second;
  twin.id = chat::MessageId(1'000'000);
  bad.messages.push_back(twin);   // the same number of the same conversation
  EXPECT_THROW(opened.archive->write(bad), ArchiveDamaged);
  opened.archive.reset();
  EXPECT_EQ(difference(open(disk), before), "");
}

// -- what is not an archive of ours -----------------------------------------------------------------------------

std::string error_of(Disk& disk) {
  const auto opened = Archive::open(disk, file);
  return opened ? "(opened)" : opened.error().message;
}

TEST(Archive, AnEmptyFileIsNoFreshStart) {
  MemoryDisk disk;
  disk.overwrite(file, "");
  EXPECT_THAT(error_of(disk), HasSubstr("memory:/archive.db: the file is empty"));
}

TEST(Archive, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  MemoryDisk disk;
  disk.overwrite(file, std::string(9000, 'q'));
  EXPECT_THAT(error_of(disk), HasSubstr("not an SQLite database"));
  EXPECT_TRUE(Archive::open(disk, file).error().damaged);
  EXPECT_EQ(disk.contents(file), std::string(9000, 'q'));
}

TEST(Archive, ADatabaseThatVanishedBesideItsCompanionsIsNoFreshStart) {
  MemoryDisk disk;
  SampleWorkload workload(8);
  {
    auto opened = open(disk);
    opened.archive->write(workload.next(5));
    opened.archive->checkpoint();
  }
  disk.remove(file);
  EXPECT_THAT(error_of(disk), HasSubstr("the archive is missing, although"));
  disk.remove(file + "-wal");
  EXPECT_THAT(error_of(disk), HasSubstr("archive.db-mark"));
  disk.remove(file + "-mark");
  EXPECT_EQ(open(disk).position.applied.index, Index(0));
}

TEST(Archive, AnOlderCopyOfTheFileIsNoticed) {
  MemoryDisk disk;
  SampleWorkload workload(9);
  auto opened = open(disk);
  opened.archive->write(workload.next(5));
  opened.archive->checkpoint();
  const std::string old = disk.contents(file);
  opened.archive->write(workload.next(5));
  opened.archive->checkpoint();
  opened.archive.reset();
  disk.overwrite(file, old);
  EXPECT_THAT(error_of(disk), HasSubstr("ends with its transaction 1, although a checkpoint had begun with 2"));
}

}  // namespace
}  // namespace parley::store
