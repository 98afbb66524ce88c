#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "store/log_script.hpp"
#include "store/log_sector.hpp"
#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

// Power cuts and kills: whatever the moment and whatever the disk made of it, the log is what it was after the last
// acknowledged batch or after the one then under way (I12).
namespace parley::store {
namespace {

using testing::same;
using testing::Script;

constexpr LogOptions small{4096, false};

// Runs the script until the disk stops; returns how many batches were acknowledged.
std::size_t run(const Script& script, MemoryDisk& disk) {
  auto opened = WriteAheadLog::open(disk, "log", small);
  if (!opened.ok()) return 0;
  std::size_t acknowledged = 0;
  try {
    for (const auto& batch : script.batches) {
      opened->log->append(batch);
      ++acknowledged;
    }
  } catch (const DiskError&) {
  }
  return acknowledged;
}

// What must hold after the crash; then the log goes on as if nothing had been.
void check_recovery(const Script& script, std::size_t acknowledged, MemoryDisk& disk) {
  auto opened = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const std::size_t next = std::min(acknowledged + 1, script.batches.size());
  const bool before = same(opened->durable, script.states[acknowledged]);
  ASSERT_TRUE(before || same(opened->durable, script.states[next])) << acknowledged << " batches acknowledged";
  const std::size_t at = before ? acknowledged : next;
  for (std::size_t i = at; i < script.batches.size(); ++i) opened->log->append(script.batches[i]);
  disk.crash_losing_all_unsynced();
  const auto again = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(again.ok()) << again.error().message;
  ASSERT_TRUE(same(again->durable, script.states.back()));
  ASSERT_TRUE(again->notes.empty()) << again->notes.front();
}

std::uint64_t changes_of(const Script& script) {
  MemoryDisk disk;
  EXPECT_EQ(run(script, disk), script.batches.size());
  return disk.changes();
}

TEST(LogCrash, APowerCutAtAnyChangeLosesNothingAcknowledged) {
  for (std::uint64_t script_seed = 1; script_seed <= 3; ++script_seed) {
    const Script script = Script::random(script_seed, 12);
    const std::uint64_t changes = changes_of(script);
    for (std::uint64_t cut = 0; cut < changes; ++cut) {
      for (std::uint64_t seed = 0; seed < 15; ++seed) {
        SCOPED_TRACE("script " + std::to_string(script_seed) + " cut " + std::to_string(cut) + " seed " +
                     std::to_string(seed));
        MemoryDisk disk;
        Random random(seed);
        disk.stop_after(cut, random.below(8) * sector_size);
        const std::size_t acknowledged = run(script, disk);
        disk.crash(random);
        ASSERT_NO_FATAL_FAILURE(check_recovery(script, acknowledged, disk));
      }
    }
  }
}

TEST(LogCrash, AKillAtAnyChangeLosesNothingAcknowledged) {
  const Script script = Script::random(4, 25);
  const std::uint64_t changes = changes_of(script);
  for (std::uint64_t cut = 0; cut < changes; ++cut) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    MemoryDisk disk;
    disk.stop_after(cut, (cut % 8) * sector_size);
    const std::size_t acknowledged = run(script, disk);
    disk.kill();
    ASSERT_NO_FATAL_FAILURE(check_recovery(script, acknowledged, disk));
  }
}

// A crash during the recovery from a crash, again and again.
TEST(LogCrash, APowerCutDuringRecoveryIsRecoveredFromInTurn) {
  const Script script = Script::random(6, 12);
  const std::uint64_t changes = changes_of(script);
  Random random(7);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    MemoryDisk disk;
    disk.stop_after(random.below(changes), random.below(8) * sector_size);
    const std::size_t acknowledged = run(script, disk);
    disk.crash(random);
    for (int again = 0; again < 3; ++again) {
      disk.stop_after(random.below(6), random.below(8) * sector_size);
      const auto opened = WriteAheadLog::open(disk, "log", small);
      if (opened.ok()) {   // the cut came later, or never
        const std::size_t next = std::min(acknowledged + 1, script.batches.size());
        ASSERT_TRUE(same(opened->durable, script.states[acknowledged]) || same(opened->durable, script.states[next]));
      }
      disk.crash(random);
    }
    ASSERT_NO_FATAL_FAILURE(check_recovery(script, acknowledged, disk));
  }
}

// Cut after every single byte of a batch that shares its first sector with acknowledged ones and covers several more.
// Only within the 16 bytes of a trailer may the log refuse: a disk that tears there breaks its promise to write a
// sector wholly or not at all, and what it leaves can't be told from damage.
TEST(LogCrash, ABatchCutAfterAnyByteIsDroppedWhole) {
  Script script;
  raft::Durable model;
  for (const std::size_t size : {100U, 200U, 30U}) {
    script.add(testing::batch_of(model, {SharedBytes(std::string(size, 'a'))}, Term(1)), model);
  }
  script.add(testing::batch_of(model, {SharedBytes(std::string(700, 'b')), raft::Noop{}, SharedBytes("c")}, Term(2)),
             model);
  const std::uint64_t write_of_last = changes_of(script) - 2;   // then its sync
  std::size_t refused = 0;
  std::size_t dropped = 0;
  bool completed = false;
  for (std::uint64_t bytes = 0; !completed; ++bytes) {
    SCOPED_TRACE("cut after byte " + std::to_string(bytes));
    MemoryDisk disk;
    disk.stop_after(write_of_last, bytes);
    ASSERT_EQ(run(script, disk), 3U);
    disk.kill();
    const auto opened = WriteAheadLog::open(disk, "log", small);
    const bool in_trailer = bytes % log_sector_bytes > log_sector_capacity;
    if (!opened.ok()) {
      ASSERT_TRUE(in_trailer) << opened.error().message;
      ++refused;
      continue;
    }
    completed = same(opened->durable, script.states[4]);
    if (completed) continue;
    ++dropped;
    ASSERT_TRUE(same(opened->durable, script.states[3]));
  }
  EXPECT_GT(dropped, 1000U);
  EXPECT_LE(refused, 15U * 3);
}

TEST(LogCrash, AnySubsetOfABatchsSectorsIsTornAndTheWholeBatchIsDropped) {
  Script script;
  raft::Durable model;
  script.add(testing::batch_of(model, {SharedBytes(std::string(300, 'a'))}, Term(1)), model);
  script.add(testing::batch_of(model, {SharedBytes(std::string(600, 'b')), SharedBytes(std::string(500, '\0'))},
                               Term(1)), model);
  const std::uint64_t sync_of_last = changes_of(script) - 1;
  std::set<std::size_t> results;
  std::size_t torn = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    MemoryDisk disk;
    disk.stop_after(sync_of_last);
    ASSERT_EQ(run(script, disk), 1U);
    Random random(seed);
    disk.crash(random);
    const auto opened = WriteAheadLog::open(disk, "log", small);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    results.insert(opened->durable.entries.size());
    torn += opened->notes.size();
  }
  EXPECT_EQ(results, (std::set<std::size_t>{1, 3}));
  EXPECT_GT(torn, 50U);
}

TEST(LogCrash, ATornTailIsKeptAsideAndSaid) {
  Script script;
  raft::Durable model;
  script.add(testing::batch_of(model, {SharedBytes("kept")}, Term(1)), model);
  script.add(testing::batch_of(model, {SharedBytes(std::string(600, 'b'))}, Term(1)), model);
  MemoryDisk disk;
  disk.stop_after(changes_of(script) - 2, sector_size);
  ASSERT_EQ(run(script, disk), 1U);
  disk.kill();
  const std::string found = disk.contents("log/0000000001.wal");
  const auto opened = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  ASSERT_EQ(opened->notes.size(), 1U);
  EXPECT_EQ(opened->notes.front(),
            "memory:/log/0000000001.wal: batch 3 was never completed (its node lost power or was killed while writing "
            "it, and had acknowledged nothing of it); cut at byte 512, 512 bytes kept aside in "
            "memory:/log/0000000001.wal.torn");
  disk.crash_losing_all_unsynced();
  EXPECT_EQ(disk.contents("log/0000000001.wal.torn"), found.substr(512, 512));
  const auto again = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->notes.empty());
}

// D13: between the new segment's name and the sync of the directory.
TEST(LogCrash, ALostRenameOfANewSegmentLosesNothingAcknowledged) {
  Script script;
  raft::Durable model;
  for (int i = 0; i < 3; ++i) {
    script.add(testing::batch_of(model, {SharedBytes(std::string(1500, 'a'))}, Term(1)), model);
  }
  MemoryDisk disk;
  disk.fail({MemoryDisk::Operation::sync_directory, 2, EIO, "log", 0});   // the first one is the first segment's
  EXPECT_EQ(run(script, disk), 2U);
  ASSERT_TRUE(disk.exists("log/0000000002.wal"));
  disk.crash_losing_all_unsynced();
  ASSERT_FALSE(disk.exists("log/0000000002.wal"));
  check_recovery(script, 2, disk);
}

TEST(LogCrash, ASegmentLeftUnsealedByACrashInARotationIsSealed) {
  Script script;
  raft::Durable model;
  for (int i = 0; i < 3; ++i) {
    script.add(testing::batch_of(model, {SharedBytes(std::string(1500, 'a'))}, Term(1)), model);
  }
  MemoryDisk disk;
  disk.fail({MemoryDisk::Operation::write, 4, EIO, "0000000001.wal", 0});   // opening, two batches, the seal
  EXPECT_EQ(run(script, disk), 2U);
  ASSERT_TRUE(disk.exists("log/0000000002.wal"));
  disk.crash_losing_all_unsynced();
  const auto opened = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_TRUE(same(opened->durable, script.states[2]));
  disk.kill();
  check_recovery(script, 2, disk);
}

// Killed between writing the seal and syncing it: the next start reads it from the cache, which proves nothing.
TEST(LogCrash, ASealThatWasOnlyInTheCacheIsWrittenAgainAtTheNextStart) {
  Script script;
  raft::Durable model;
  for (int i = 0; i < 3; ++i) {
    script.add(testing::batch_of(model, {SharedBytes(std::string(1500, 'a'))}, Term(1)), model);
  }
  MemoryDisk disk;
  disk.fail({MemoryDisk::Operation::sync, 4, EIO, "0000000001.wal", 0});
  EXPECT_EQ(run(script, disk), 2U);
  disk.kill();
  check_recovery(script, 2, disk);   // which goes on, and then cuts the power
}

}  // namespace
}  // namespace parley::store
