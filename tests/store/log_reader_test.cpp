// Reading a log to look at: everything that recovery finds is told, what is damaged is named, nothing is changed.
#include "store/log_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Seen {
  std::vector<std::uint64_t> entries;
  std::vector<std::string> notes;
  std::vector<std::string> damage;
  std::size_t truncations = 0;
};

Seen look(Disk& disk) {
  Seen seen;
  LogVisitor visitor;
  visitor.segment = [](const auto&, const auto&) {};
  visitor.record = [&seen](const LogRecord& record, const SegmentHeader&) {
    if (record.kind == RecordKind::entry) seen.entries.push_back(record.id.index.value);
    if (record.kind == RecordKind::truncation) ++seen.truncations;
  };
  visitor.note = [&seen](const std::string& what) { seen.notes.push_back(what); };
  visitor.damage = [&seen](const std::string& what) { seen.damage.push_back(what); };
  read_log(disk, "log", visitor);
  return seen;
}

raft::PersistBatch batch_of(std::uint64_t index, std::uint64_t term, std::size_t bytes = 100) {
  raft::PersistBatch batch;
  batch.number = 1;
  raft::Entry entry;
  entry.id = {Term(term), Index(index)};
  entry.content = SharedBytes(std::string(bytes, 'x'));
  batch.entries.push_back(std::move(entry));
  raft::HardState state;
  state.current_term = Term(term);
  batch.hard_state = state;
  return batch;
}

// Entries 1 to 40 in small segments; 40 is cut off and written again in a later term.
void fill(Disk& disk) {
  LogOptions options;
  options.segment_bytes = 4096;
  auto opened = WriteAheadLog::open(disk, "log", options);
  ASSERT_TRUE(opened.ok());
  for (std::uint64_t index = 1; index <= 40; ++index) opened->log->append(batch_of(index, 1));
  auto again = batch_of(40, 2);
  again.truncate_from = Index(40);
  opened->log->append(again);
}

std::map<std::string, std::string> all_bytes(MemoryDisk& disk) {
  std::map<std::string, std::string> bytes;
  for (const auto& name : disk.list("log")) bytes[name] = disk.contents("log/" + name);
  return bytes;
}

TEST(LogReader, TellsEveryEntryAndChangesNothing) {
  MemoryDisk disk;
  fill(disk);
  const auto before = all_bytes(disk);
  ASSERT_GT(before.size(), 2U) << "several segments";
  const auto changes = disk.changes();
  const auto seen = look(disk);
  EXPECT_EQ(disk.changes(), changes);
  EXPECT_EQ(all_bytes(disk), before);
  ASSERT_THAT(seen.entries, SizeIs(41));
  for (std::uint64_t index = 1; index <= 40; ++index) EXPECT_EQ(seen.entries[index - 1], index);
  EXPECT_EQ(seen.entries.back(), 40U);
  EXPECT_EQ(seen.truncations, 1U);
  const auto last = last_entry(disk, "log");
  ASSERT_TRUE(last.ok()) << last.error().message;
  EXPECT_EQ(*last, (raft::EntryId{Term(2), Index(40)}));
  EXPECT_THAT(seen.damage, IsEmpty());
}

TEST(LogReader, NamesTheDamagedFileAndPlaceAndReadsTheOthers) {
  MemoryDisk disk;
  fill(disk);
  disk.flip("log/0000000002.wal", 8 * 600);
  const auto before = all_bytes(disk);
  const auto seen = look(disk);
  EXPECT_THAT(seen.damage, ElementsAre(AllOf(HasSubstr("0000000002.wal"), HasSubstr("is damaged at byte 512"))));
  EXPECT_EQ(seen.entries.front(), 1U);
  EXPECT_EQ(seen.entries.back(), 40U);
  EXPECT_LT(seen.entries.size(), 41U);
  EXPECT_EQ(all_bytes(disk), before);
  EXPECT_FALSE(last_entry(disk, "log").ok()) << "nobody knows";
}

TEST(LogReader, NamesAMissingFile) {
  MemoryDisk disk;
  fill(disk);
  disk.remove("log/0000000002.wal");
  EXPECT_THAT(look(disk).damage, ElementsAre(AllOf(HasSubstr("0000000002.wal"), HasSubstr("is missing"))));
}

TEST(LogReader, SaysThatThereIsNoLog) {
  MemoryDisk disk;
  disk.make_directory("log");
  EXPECT_THAT(look(disk).notes, ElementsAre(HasSubstr("holds no log")));
}

}  // namespace
}  // namespace parley::store
