#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/posix_disk.hpp"
#include "store/temporary_directory.hpp"
#include "store/write_ahead_log.hpp"

// A log that loses its beginning (trim) or begins anew (an installed snapshot).
namespace parley::store {
namespace {

using testing::same;
using testing::seen_from;

constexpr LogOptions small{4096, false};
constexpr std::size_t all_at_once = 1000;

WriteAheadLog::Opened open_well(Disk& disk) {
  auto opened = WriteAheadLog::open(disk, "log", small);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(*opened);
}

// Entries of 700 bytes: five a segment.
void fill(WriteAheadLog& log, raft::Durable& model, int entries, Term term) {
  for (int i = 0; i < entries; ++i) {
    log.append(testing::batch_of(model, {SharedBytes(std::string(700, 'x'))}, term));
  }
}

void commit(WriteAheadLog& log, raft::Durable& model, Index index) {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.hard_state = model.hard_state;
  batch.hard_state->commit_index = index;
  testing::apply_batch(model, batch);
  log.append(batch);
}

raft::ConfigurationPtr configuration_of(std::uint32_t node) {
  raft::Configuration configuration;
  configuration.members.push_back({{NodeId(node), Incarnation(node)}, true, "a:1", "a:2"});
  return std::make_shared<const raft::Configuration>(std::move(configuration));
}

std::size_t segment_files(Disk& disk) {
  const auto names = disk.list("log");
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".wal"); }));
}

// -- trim -------------------------------------------------------------------------------------------------------

TEST(LogTrim, RemovesWholeSegmentsAtOrBelowTheIndexAndNothingAbove) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 40, Term(3));
  commit(*opened.log, model, Index(40));
  const auto before = opened.log->usage();
  ASSERT_GT(before.segments, 6U);
  EXPECT_EQ(opened.log->trim(Index(0), all_at_once), 0U);
  const std::size_t removed = opened.log->trim(Index(22), all_at_once);
  EXPECT_GT(removed, 2U);
  const auto after = opened.log->usage();
  EXPECT_EQ(after.segments, before.segments - removed);
  EXPECT_EQ(segment_files(disk), after.segments);
  EXPECT_LE(after.base, Index(22));
  EXPECT_GT(after.base, Index(16)) << "all but the segment that holds entry 23";
  EXPECT_EQ(opened.log->trim(Index(22), all_at_once), 0U) << "a second time there is nothing left to do";
  fill(*opened.log, model, 3, Term(4));
  disk.crash_losing_all_unsynced();
  const auto again = open_well(disk);
  EXPECT_TRUE(same(again.durable, seen_from(after.base, model)));
  EXPECT_EQ(again.durable.base_time, LogTime{static_cast<std::int64_t>(after.base.value)}) << "R14";
  EXPECT_TRUE(again.notes.empty());
}

TEST(LogTrim, KeepsTermVoteAndTheConfigurationBelowTheNewBase) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  opened.log->append(testing::batch_of(model, {configuration_of(1)}, Term(1)));
  opened.log->append(testing::batch_of(model, {configuration_of(2)}, Term(1)));
  raft::PersistBatch vote;
  vote.number = 1;
  vote.hard_state = raft::HardState{Term(7), ServerId{NodeId(3), Incarnation(4)}, Index(2)};
  testing::apply_batch(model, vote);
  opened.log->append(vote);
  fill(*opened.log, model, 20, Term(7));
  commit(*opened.log, model, Index(20));
  ASSERT_GT(opened.log->trim(Index(20), all_at_once), 0U);
  disk.crash_losing_all_unsynced();
  const auto again = open_well(disk);
  EXPECT_EQ(again.durable.hard_state, model.hard_state);
  EXPECT_EQ(again.durable.base_configuration_index, Index(2));
  ASSERT_NE(again.durable.base_configuration, nullptr);
  EXPECT_EQ(*again.durable.base_configuration, *configuration_of(2));
}

// The hint is written only with a vote or a term, so it may lie far below what is trimmed.
TEST(LogTrim, RaisesTheDurableCommitIndexToTheNewBase) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 30, Term(1));
  ASSERT_EQ(model.hard_state.commit_index, Index(0));
  ASSERT_GT(opened.log->trim(Index(25), all_at_once), 0U);
  disk.crash_losing_all_unsynced();
  const auto again = open_well(disk);
  EXPECT_GT(again.durable.base.index, Index(15));
  EXPECT_EQ(again.durable.hard_state.commit_index, again.durable.base.index);
}

TEST(LogTrim, GoesInPiecesSoThatBatchesGetTheirTurn) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 60, Term(1));
  commit(*opened.log, model, Index(60));
  std::size_t pieces = 0;
  while (const std::size_t removed = opened.log->trim(Index(58), 2)) {
    EXPECT_LE(removed, 2U);
    fill(*opened.log, model, 1, Term(1));
    ++pieces;
  }
  EXPECT_GT(pieces, 4U);
  EXPECT_GT(opened.log->usage().base, Index(50));
  disk.kill();
  const auto again = open_well(disk);
  EXPECT_TRUE(same(again.durable, seen_from(again.durable.base.index, model)));
}

// W17, catalogue 21 and 38: a segment whose base was overwritten later can't be the first. Its base record names the
// overwritten entry, and a configuration that never came to be.
TEST(LogTrim, NeverBeginsTheLogWithABaseThatWasOverwritten) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 3, Term(1));
  opened.log->append(testing::batch_of(model, {configuration_of(9)}, Term(1)));   // entry 4, to be overwritten
  fill(*opened.log, model, 3, Term(1));                                           // a second segment begins
  ASSERT_EQ(opened.log->usage().segments, 2U);
  raft::PersistBatch overwrite;
  overwrite.number = 1;
  overwrite.truncate_from = Index(4);
  overwrite.hard_state = raft::HardState{Term(2), {}, Index(3)};
  overwrite.entries.push_back({{Term(2), Index(4)}, LogTime{4}, configuration_of(2)});
  testing::apply_batch(model, overwrite);
  opened.log->append(overwrite);
  EXPECT_EQ(opened.log->trim(Index(7), all_at_once), 0U) << "the second segment would begin with a truncation below it";
  fill(*opened.log, model, 20, Term(2));
  commit(*opened.log, model, Index(20));
  EXPECT_GT(opened.log->trim(Index(20), 1), 1U) << "more than asked for, rather than stop in between";
  disk.crash_losing_all_unsynced();
  const auto again = open_well(disk);
  EXPECT_TRUE(same(again.durable, seen_from(again.durable.base.index, model)));
  ASSERT_NE(again.durable.base_configuration, nullptr);
  EXPECT_EQ(*again.durable.base_configuration, *configuration_of(2));
}

TEST(LogTrim, AFirstSegmentThatIsMissingWithoutHavingBeenTrimmedIsRefused) {   // D19
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 30, Term(1));
  ASSERT_GT(opened.log->trim(Index(20), all_at_once), 0U);
  disk.kill();
  auto names = disk.list("log");
  disk.remove("log/" + names.front());
  const auto refused = WriteAheadLog::open(disk, "log", small);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find(names.front() + " is missing"), std::string::npos) << refused.error().message;
}

TEST(LogTrim, LeftoversOfATrimThatWasCutShortAreNotReadAndGo) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 30, Term(1));
  commit(*opened.log, model, Index(30));
  disk.fail({MemoryDisk::Operation::remove, 2, EIO, "log/", 0});
  EXPECT_THROW(opened.log->trim(Index(25), all_at_once), DiskError);
  EXPECT_THROW(fill(*opened.log, model, 1, Term(1)), DiskError) << "poisoned";
  model.entries.pop_back();
  disk.kill();
  disk.overwrite("log/0000000002.wal", "damaged, but given up");
  const auto again = open_well(disk);
  EXPECT_TRUE(same(again.durable, seen_from(again.durable.base.index, model)));
  EXPECT_GT(again.durable.base.index, Index(15));
  EXPECT_EQ(segment_files(disk), again.log->usage().segments);
}

// -- beginning anew ---------------------------------------------------------------------------------------------

raft::PersistBatch reset_to(raft::Durable& model, raft::EntryId id) {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.reset = raft::LogBase{id, LogTime{777}, configuration_of(5), Index(11)};
  testing::apply_batch(model, batch);
  return batch;
}

TEST(LogReset, LeavesTermAndVoteAndNothingElse) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 20, Term(1));
  raft::PersistBatch vote;
  vote.number = 1;
  vote.hard_state = raft::HardState{Term(9), ServerId{NodeId(3), Incarnation(4)}, Index(5)};
  testing::apply_batch(model, vote);
  opened.log->append(vote);
  opened.log->append(reset_to(model, {Term(8), Index(500)}));
  EXPECT_EQ(segment_files(disk), 1U);
  EXPECT_EQ(opened.log->usage().segments, 1U);
  EXPECT_EQ(opened.log->usage().base, Index(500));
  disk.crash_losing_all_unsynced();
  auto again = open_well(disk);
  EXPECT_TRUE(same(again.durable, model));
  EXPECT_EQ(again.durable.hard_state, (raft::HardState{Term(9), ServerId{NodeId(3), Incarnation(4)}, Index(500)}));
  EXPECT_EQ(again.durable.base_time, LogTime{777});
  EXPECT_EQ(again.durable.base_configuration_index, Index(11));
  fill(*again.log, model, 30, Term(9));
  commit(*again.log, model, Index(530));
  EXPECT_GT(again.log->trim(Index(520), all_at_once), 0U);
  disk.crash_losing_all_unsynced();
  const auto trimmed = open_well(disk);
  EXPECT_TRUE(same(trimmed.durable, seen_from(trimmed.durable.base.index, model)));
}

TEST(LogReset, KeepsTheEntriesThatComeWithIt) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 20, Term(1));
  raft::PersistBatch batch;
  batch.number = 1;
  batch.reset = raft::LogBase{{Term(1), Index(10)}, LogTime{10}, nullptr, Index(0)};
  for (std::uint64_t index = 11; index <= 20; ++index) {
    batch.entries.push_back({{Term(1), Index(index)}, LogTime{20}, SharedBytes(std::string(700, 'x'))});
  }
  testing::apply_batch(model, batch);
  opened.log->append(batch);   // larger than a segment usually is
  disk.crash_losing_all_unsynced();
  const auto again = open_well(disk);
  EXPECT_TRUE(same(again.durable, model));
  EXPECT_EQ(again.durable.entries.size(), 10U);
}

TEST(LogReset, MakesADamagedLogGoodWhenItIsInstalledBeforeTheNextStart) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 20, Term(1));
  disk.flip("log/0000000002.wal", 6000);
  opened.log->append(reset_to(model, {Term(1), Index(30)}));
  disk.kill();
  EXPECT_TRUE(same(open_well(disk).durable, model));
}

TEST(LogResetDeath, BelowWhatIsCommittedOrToATermToComeIsABrokenAssertion) {
  MemoryDisk disk;
  auto opened = open_well(disk);
  raft::Durable model;
  fill(*opened.log, model, 20, Term(2));
  commit(*opened.log, model, Index(15));
  raft::Durable ignored = model;
  EXPECT_DEATH(opened.log->append(reset_to(ignored, {Term(2), Index(14)})), "what is committed is never dropped");
  EXPECT_DEATH(opened.log->append(reset_to(ignored, {Term(3), Index(30)})), "no entry is of a term to come");
}

TEST(LogTrim, WorksOnARealDisk) {
  TemporaryDirectory temporary;
  raft::Durable model;
  {
    PosixDisk disk(temporary.path());
    auto opened = open_well(disk);
    fill(*opened.log, model, 40, Term(1));
    commit(*opened.log, model, Index(40));
    EXPECT_GT(opened.log->trim(Index(30), 2), 0U);
    EXPECT_GT(opened.log->trim(Index(30), 2), 0U);
  }
  {
    PosixDisk disk(temporary.path());
    auto opened = open_well(disk);
    EXPECT_TRUE(same(opened.durable, seen_from(opened.durable.base.index, model)));
    EXPECT_GT(opened.durable.base.index, Index(10));
    opened.log->append(reset_to(model, {Term(1), Index(100)}));
    fill(*opened.log, model, 10, Term(1));
  }
  PosixDisk disk(temporary.path());
  EXPECT_TRUE(same(open_well(disk).durable, model));
}

}  // namespace
}  // namespace parley::store
