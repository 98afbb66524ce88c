#include <gtest/gtest.h>

#include <algorithm>
#include <variant>
#include <vector>

#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

// Power cuts and kills in the life of a log that loses its beginning and begins anew: whatever the moment, the log is
// what it was after the last step that returned or after the one then under way (I12).
namespace parley::store {
namespace {

using testing::same;
using testing::seen_from;

constexpr LogOptions small{4096, false};

std::size_t segment_files(Disk& disk) {
  const auto names = disk.list("log");
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".wal"); }));
}

struct Trim {
  Index through;
};
using Step = std::variant<raft::PersistBatch, Trim>;

// A life with trims and resets in it, and what the whole log would be after each step.
struct Life {
  std::vector<Step> steps;
  std::vector<raft::Durable> states{raft::Durable{}};

  Life(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    raft::Durable model;
    for (std::size_t i = 0; i < count; ++i) {
      if (random.chance(0.25)) steps.push_back(Trim{model.hard_state.commit_index});
      else if (random.chance(0.08)) steps.push_back(testing::random_reset(random, model));
      else steps.push_back(testing::random_batch(random, model));
      states.push_back(model);
    }
  }
};

void take(const Step& step, WriteAheadLog& log) {
  if (const auto* trim = std::get_if<Trim>(&step)) log.trim(trim->through, 3);
  else log.append(std::get<raft::PersistBatch>(step));
}

std::size_t run(const Life& life, MemoryDisk& disk) {
  auto opened = WriteAheadLog::open(disk, "log", small);
  if (!opened.ok()) return 0;
  std::size_t done = 0;
  try {
    for (; done < life.steps.size(); ++done) take(life.steps[done], *opened->log);
  } catch (const DiskError&) {
  }
  return done;
}

bool is(const raft::Durable& found, const raft::Durable& whole) {
  return same(found, seen_from(found.base.index, whole));
}

void check_recovery(const Life& life, std::size_t done, MemoryDisk& disk) {
  {
    auto opened = WriteAheadLog::open(disk, "log", small);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    const std::size_t next = std::min(done + 1, life.steps.size());
    const bool before = is(opened->durable, life.states[done]);
    ASSERT_TRUE(before || is(opened->durable, life.states[next])) << done << " steps done";
    ASSERT_EQ(segment_files(disk), opened->log->usage().segments);
    ASSERT_EQ(opened->log->usage().base, opened->durable.base.index);
    for (std::size_t i = before ? done : next; i < life.steps.size(); ++i) take(life.steps[i], *opened->log);
  }
  disk.crash_losing_all_unsynced();
  const auto again = WriteAheadLog::open(disk, "log", small);
  ASSERT_TRUE(again.ok()) << again.error().message;
  ASSERT_TRUE(is(again->durable, life.states.back()));
  ASSERT_TRUE(again->notes.empty()) << again->notes.front();
}

std::uint64_t changes_of(const Life& life) {
  MemoryDisk disk;
  EXPECT_EQ(run(life, disk), life.steps.size());
  return disk.changes();
}

TEST(LogTrimCrash, APowerCutAtAnyChangeLosesNothingAcknowledgedAndTheLogOpens) {
  std::size_t trims = 0;
  std::size_t resets = 0;
  for (std::uint64_t life_seed = 1; life_seed <= 6; ++life_seed) {
    const Life life(life_seed, 40);
    for (const auto& step : life.steps) {
      if (std::holds_alternative<Trim>(step)) ++trims;
      else if (std::get<raft::PersistBatch>(step).reset) ++resets;
    }
    const std::uint64_t changes = changes_of(life);
    for (std::uint64_t cut = 0; cut < changes; ++cut) {
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        SCOPED_TRACE("life " + std::to_string(life_seed) + " cut " + std::to_string(cut) + " seed " +
                     std::to_string(seed));
        MemoryDisk disk;
        Random random(seed);
        disk.stop_after(cut, random.below(8) * 512);
        const std::size_t done = run(life, disk);
        disk.crash(random);
        ASSERT_NO_FATAL_FAILURE(check_recovery(life, done, disk));
      }
    }
  }
  EXPECT_GT(trims, 40U);
  EXPECT_GT(resets, 5U);
}

TEST(LogTrimCrash, AKillAtAnyChangeLosesNothingAcknowledged) {
  const Life life(11, 60);
  const std::uint64_t changes = changes_of(life);
  for (std::uint64_t cut = 0; cut < changes; ++cut) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    MemoryDisk disk;
    disk.stop_after(cut, (cut % 8) * 512);
    const std::size_t done = run(life, disk);
    disk.kill();
    ASSERT_NO_FATAL_FAILURE(check_recovery(life, done, disk));
  }
}

TEST(LogTrimCrash, APowerCutDuringRecoveryIsRecoveredFromInTurn) {
  const Life life(12, 40);
  const std::uint64_t changes = changes_of(life);
  Random random(13);
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    MemoryDisk disk;
    disk.stop_after(random.below(changes), random.below(8) * 512);
    const std::size_t done = run(life, disk);
    if (round % 2 == 0) disk.crash(random);
    else disk.kill();   // what the next life reads may be in the cache only
    for (int again = 0; again < 3; ++again) {
      disk.stop_after(random.below(8), random.below(8) * 512);
      static_cast<void>(WriteAheadLog::open(disk, "log", small));
      disk.crash(random);
    }
    ASSERT_NO_FATAL_FAILURE(check_recovery(life, done, disk));
  }
}

}  // namespace
}  // namespace parley::store
