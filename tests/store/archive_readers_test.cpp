#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "store/archive.hpp"
#include "store/archive_sample.hpp"
#include "store/memory_disk.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"

namespace parley::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string file = "archive.db";
constexpr std::uint64_t rewritten = 40;   // messages that every batch rewrites

// Every row of the batch tells the batch's number.
ArchiveBatch batch_number(std::uint64_t number) {
  ArchiveBatch batch;
  for (std::uint64_t id = 1; id <= rewritten; ++id) {
    chat::MessageRow row;
    row.id = chat::MessageId(id);
    row.conversation = chat::ConversationId(1 + id % 2);
    row.number = chat::Number(id);
    row.changed_index = Index(rewritten + number);
    row.text = "batch " + std::to_string(number);
    batch.messages.push_back(row);
  }
  batch.position.applied = {Term(1), Index(rewritten + number)};
  return batch;
}

// Reads as often as wanted while the writer writes; returns what was wrong.
std::string read_while_written(ArchiveReader& reader, int calls, std::atomic<int>& unfinished) {
  std::string wrong;
  for (int i = 0; i < calls && wrong.empty(); ++i) {
    const auto rows = i % 2 == 0 ? reader.page(chat::MessageId(0), rewritten)
                                 : reader.changed({chat::ConversationId(1), chat::ConversationId(2)}, Index(0), 1);
    if (rows.size() != rewritten) wrong = std::to_string(rows.size()) + " rows";
    for (const auto& row : rows) {
      if (row.text != rows[0].text || row.changed_index != rows[0].changed_index) wrong = "rows of two transactions";
    }
    const SearchPage found = reader.search_page({"batch", {chat::ConversationId(1)}, chat::MessageId(~0ULL), 50, {}});
    if (found.rows.size() != rewritten / 2) wrong = "a search found " + std::to_string(found.rows.size());
  }
  --unfinished;
  return wrong;
}

void expect_whole_states(Disk& disk) {
  constexpr int readers = 2;
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  Archive& archive = *opened->archive;
  archive.write(batch_number(0));
  std::atomic<int> unfinished = readers;
  std::vector<std::string> wrong(readers);
  std::vector<std::unique_ptr<ArchiveReader>> connections;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < readers; ++i) connections.push_back(archive.reader());
  for (std::size_t i = 0; i < readers; ++i) {
    threads.emplace_back([&, i] { wrong[i] = read_while_written(*connections[i], 300, unfinished); });
  }
  for (std::uint64_t number = 1; unfinished > 0 || number < 20; ++number) {
    archive.write(batch_number(number));
    if (number % 5 == 0) archive.checkpoint();
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre("", ""));
  EXPECT_TRUE(archive.scrub().ok());
}

TEST(ArchiveReaders, SeeOneCommittedStatePerCallWhileBatchesAndCheckpointsGoOn) {
  MemoryDisk disk;
  expect_whole_states(disk);
}

TEST(ArchiveReaders, DoTheSameOnARealDisk) {
  const TemporaryDirectory directory;
  PosixDisk disk(directory.path());
  expect_whole_states(disk);
}

TEST(ArchiveReaders, OpenWhileTheWriterIsAtWork) {
  MemoryDisk disk;
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  opened->archive->write(batch_number(0));
  std::atomic<bool> done = false;
  std::string wrong;
  std::thread opener([&] {
    for (int i = 0; i < 60 && wrong.empty(); ++i) {
      const auto rows = opened->archive->reader()->page(chat::MessageId(0), rewritten);
      for (const auto& row : rows) {
        if (row.text != rows.at(0).text) wrong = "rows of two transactions";
      }
    }
    done = true;
  });
  for (std::uint64_t number = 1; !done; ++number) {
    opened->archive->write(batch_number(number));
    opened->archive->checkpoint();
  }
  opener.join();
  EXPECT_EQ(wrong, "");
}

TEST(ArchiveReaders, ACheckpointEmptiesTheWriteAheadFileAlthoughThereAreReaders) {
  MemoryDisk disk;
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  const auto idle = opened->archive->reader();
  for (std::uint64_t number = 0; number < 3; ++number) {
    opened->archive->write(batch_number(number));
    EXPECT_THAT(idle->page(chat::MessageId(0), 100), SizeIs(rewritten));
    EXPECT_NE(disk.contents(file + "-wal"), "");
    opened->archive->checkpoint();
    EXPECT_EQ(disk.contents(file + "-wal"), "");
  }
}

// -- R7 -------------------------------------------------------------------------------------------------------

// What `changed` should give, from the model.
std::vector<chat::MessageRow> expected_changes(const ArchiveModel& model, Index after) {
  std::vector<chat::MessageRow> rows;
  for (const auto& [id, row] : model.messages) {
    if (row.changed_index > after) rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(a.changed_index, a.id) < std::pair(b.changed_index, b.id);
  });
  return rows;
}

TEST(ArchiveChanges, ACursorMeetsEveryChangeOnceInOrderTombstonesIncluded) {
  MemoryDisk disk;
  SampleWorkload workload(11);
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  for (int i = 0; i < 10; ++i) opened->archive->write(workload.next(40));
  const auto reader = opened->archive->reader();
  const std::vector<chat::ConversationId> all{chat::ConversationId(3), chat::ConversationId(1),
                                              chat::ConversationId(2)};
  for (const std::uint64_t start : {0, 17, 399, 400}) {
    std::vector<chat::MessageRow> met;
    for (Index cursor(start);;) {
      const auto page = reader->changed(all, cursor, 13);
      if (page.empty()) break;
      met.insert(met.end(), page.begin(), page.end());
      cursor = page.back().changed_index;
    }
    EXPECT_EQ(met, expected_changes(workload.model(), Index(start)));
  }
}

TEST(ArchiveChanges, WhatOneEntryChangedIsNeverSplitBetweenPages) {
  MemoryDisk disk;
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  opened->archive->write(batch_number(0));   // all rows changed by one entry
  const auto reader = opened->archive->reader();
  const std::vector<chat::ConversationId> both{chat::ConversationId(1), chat::ConversationId(2)};
  EXPECT_THAT(reader->changed(both, Index(0), 3), SizeIs(rewritten));
  EXPECT_THAT(reader->changed(both, Index(rewritten), 3), IsEmpty());
  EXPECT_THAT(reader->changed(both, Index(0), 0), IsEmpty());
}

TEST(ArchiveChanges, ShowOnlyTheNumbersThatMayBeSeen) {   // R18
  MemoryDisk disk;
  SampleWorkload workload(12);
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  for (int i = 0; i < 10; ++i) opened->archive->write(workload.next(40));
  const auto reader = opened->archive->reader();
  const auto visible = [](const chat::MessageRow& row) {
    if (row.conversation == chat::ConversationId(1)) return true;
    if (row.conversation != chat::ConversationId(2)) return false;
    return (row.number.value >= 20 && row.number.value <= 30) || row.number.value >= 50;
  };
  auto expected = expected_changes(workload.model(), Index(5));
  std::erase_if(expected, [&](const auto& row) { return !visible(row); });
  ChangedQuery query{{chat::ConversationId(1)}, Index(5), 9, {}};
  query.ranges = {{chat::ConversationId(2), chat::Number(20), chat::Number(30)},
                  {chat::ConversationId(2), chat::Number(50)}};
  std::vector<chat::MessageRow> met;
  for (;;) {
    const auto page = reader->changed(query);
    if (page.empty()) break;
    met.insert(met.end(), page.begin(), page.end());
    query.after = page.back().changed_index;
  }
  EXPECT_EQ(met, expected);
}

}  // namespace
}  // namespace parley::store
