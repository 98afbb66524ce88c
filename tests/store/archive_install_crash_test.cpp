#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "store/archive_transfer.hpp"

// A crash or a failing disk at any point of receiving, verifying, swapping and joining (W16, I12).
namespace parley::store {
namespace {

using testing::Follower;
using testing::prepare;
using testing::receive;
using testing::sent;

const std::string& file = testing::archive_file;

// After whatever happened: either all of the old, or the new archive with a log that begins with it.
void expect_old_or_new(MemoryDisk& disk, const Follower& before, bool& became_new) {
  Follower after(disk);
  auto archive = after.open_archive();
  auto log = after.open_log();
  ASSERT_NE(archive.archive, nullptr);
  ASSERT_NE(log.log, nullptr);
  join_log(archive, *log.log, log.durable);
  EXPECT_FALSE(archive.installed);
  EXPECT_EQ(log.durable.hard_state.current_term, Term(6));
  EXPECT_EQ(log.durable.hard_state.voted_for, before.own_log.hard_state.voted_for);
  became_new = archive.position.applied == sent().model.position.applied;
  if (became_new) {
    EXPECT_EQ(difference(archive, sent().model), "");
    EXPECT_EQ(log.durable.base, sent().model.position.applied);
    EXPECT_TRUE(log.durable.entries.empty());
  } else {
    EXPECT_EQ(difference(archive, before.own_model), "");
    EXPECT_TRUE(testing::same(log.durable, before.own_log));
  }
  const auto scrubbed = archive.archive->scrub();
  EXPECT_TRUE(scrubbed.ok()) << scrubbed.error().message;
}

// How many changes of the disk a whole installation makes, and the disk before it.
struct Rehearsal {
  MemoryDisk disk;
  Follower follower{disk};
  std::uint64_t changes = 0;

  Rehearsal() {
    follower.live();
    disk.crash_losing_all_unsynced();
    auto archive = follower.open_archive();   // what the crash left of it is the old state from here on
    follower.own_model = state_of(archive);
    archive.archive->checkpoint();
    archive = {};
    disk.kill();
    const auto rehearsed = disk.clone();
    const std::uint64_t before = rehearsed->changes();
    Follower(*rehearsed).install();
    changes = rehearsed->changes() - before;
  }

  // The workload's state at the archive's position.
  static ArchiveModel state_of(const Archive::Opened& archive) {
    SampleWorkload workload(9);
    while (workload.model().position.applied < archive.position.applied) workload.next(4);
    return workload.model();
  }
};

void install_until_the_disk_stops(MemoryDisk& disk) {
  try {
    Follower(disk).install();
  } catch (const DiskError&) {
  }
}

TEST(InstallArchiveCrash, APowerCutAtAnyChangeLeavesTheOldOrTheNewNeverAMix) {
  const Rehearsal rehearsal;
  Random random(3);
  std::size_t old_ones = 0;
  std::size_t new_ones = 0;
  for (std::uint64_t cut = 0; cut <= rehearsal.changes; ++cut) {
    for (int again = 0; again < 4; ++again) {
      SCOPED_TRACE("cut " + std::to_string(cut) + " of " + std::to_string(rehearsal.changes));
      const auto disk = rehearsal.disk.clone();
      disk->stop_after(cut, random.below(4097));
      install_until_the_disk_stops(*disk);
      if (again == 3) disk->kill();
      else disk->crash(random);
      bool became_new = false;
      ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
      ASSERT_FALSE(::testing::Test::HasFailure());
      ++(became_new ? new_ones : old_ones);
    }
  }
  EXPECT_GT(old_ones, 40U);
  EXPECT_GT(new_ones, 40U);
}

// The swap by itself, many times over, with an old write-ahead file that is on the disk and full: the old archive is
// nothing without it, and the new one is a mixture with it.
TEST(InstallArchiveCrash, TheOldWriteAheadFileIsNeverMissedByTheOldNorMetByTheNew) {
  MemoryDisk before;
  Follower follower(before);
  follower.live();
  ASSERT_FALSE(before.contents(file + "-wal").empty());
  ASSERT_TRUE(receive(before, sent()));
  ASSERT_TRUE(prepare(before).ok());
  for (const auto& name : before.list("")) {
    if (name != "log") before.open(name, OpenMode::read_write)->sync();
  }
  before.sync_directory("");
  const auto rehearsed = before.clone();
  install_archive(*rehearsed, file);
  const std::uint64_t changes = rehearsed->changes();
  std::size_t new_ones = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto disk = before.clone();
    Random random(seed);
    disk->stop_after(seed % (changes + 1));
    try {
      install_archive(*disk, file);
    } catch (const DiskError&) {
    }
    disk->crash(random);
    if (seed % 2 == 0) {   // and once more while the next start finishes it
      disk->stop_after(random.below(changes));
      try {
        finish_install(*disk, file);
      } catch (const DiskError&) {
      }
      disk->crash(random);
    }
    bool became_new = false;
    ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, follower, became_new));
    ASSERT_FALSE(::testing::Test::HasFailure());
    if (became_new) ++new_ones;
  }
  EXPECT_GT(new_ones, 100U);
  EXPECT_LT(new_ones, 500U);
}

TEST(InstallArchiveCrash, APowerCutDuringTheRecoveryFromAPowerCutIsRecoveredFromInTurn) {
  const Rehearsal rehearsal;
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto disk = rehearsal.disk.clone();
    disk->stop_after(rehearsal.changes - random.below(std::min<std::uint64_t>(rehearsal.changes, 60)));
    install_until_the_disk_stops(*disk);
    disk->crash(random);
    for (int again = 0; again < 3; ++again) {
      disk->stop_after(random.below(20), random.below(4097));
      try {
        Follower node(*disk);
        auto archive = Archive::open(*disk, file);
        auto log = WriteAheadLog::open(*disk, "log", testing::small_segments);
        if (archive.ok() && log.ok()) join_log(*archive, *log->log, log->durable);
      } catch (const DiskError&) {
      }
      disk->crash(random);
    }
    bool became_new = false;
    ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

// ENOSPC and EIO at any call while the copy arrives and is verified: nothing has happened, it can be tried again.
TEST(InstallArchiveFaults, AFailingDiskBeforeTheSwapLeavesArchiveAndLogAsTheyWere) {
  using Operation = MemoryDisk::Operation;
  const Rehearsal rehearsal;
  std::size_t failed = 0;
  for (const auto operation : {Operation::write, Operation::sync, Operation::create, Operation::rename,
                               Operation::remove, Operation::sync_directory, Operation::truncate, Operation::read}) {
    for (std::uint64_t nth = 1;; nth += nth < 8 ? 1 : 13) {
      const auto disk = rehearsal.disk.clone();
      Follower node(*disk);
      auto archive = node.open_archive();
      auto log = node.open_log();
      disk->fail({operation, nth, operation == Operation::write ? ENOSPC : EIO, "", 50});
      const bool done = receive(*disk, sent()) && prepare(*disk).ok();
      if (done) break;
      ++failed;
      EXPECT_EQ(difference(archive, rehearsal.follower.own_model), "");
      archive.archive->checkpoint();
      ASSERT_TRUE(receive(*disk, sent())) << "the fault is over: it is tried again";
      const auto prepared = prepare(*disk);
      ASSERT_TRUE(prepared.ok()) << prepared.error().message;
    }
  }
  EXPECT_GT(failed, 25U);
}

// D9: a sync that fails, then succeeds, while the bytes in between are gone from the disk but not from the cache.
TEST(InstallArchiveFaults, WhatAFailedSyncTookIsFetchedAgainAndNeverInstalled) {
  const Rehearsal rehearsal;
  for (std::uint64_t nth = 1; nth <= 3; ++nth) {
    const auto disk = rehearsal.disk.clone();
    disk->fail({MemoryDisk::Operation::sync, nth, EIO, "archive.db-incoming", 0});   // about, bytes, bytes again
    int tries = 1;
    while (!(receive(*disk, sent()) && prepare(*disk).ok())) ++tries;
    EXPECT_EQ(tries, 2);
    install_archive(*disk, file);
    disk->crash_losing_all_unsynced();
    bool became_new = false;
    ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
    EXPECT_TRUE(became_new);
  }
}

// After the decision a failure ends the process; the next start finds the new archive, or the old one untouched.
TEST(InstallArchiveFaults, AFailingDiskInTheSwapIsMadeGoodByTheNextStart) {
  using Operation = MemoryDisk::Operation;
  const Rehearsal rehearsal;
  std::size_t failed = 0;
  Random random(5);
  for (const auto operation : {Operation::rename, Operation::remove, Operation::sync_directory}) {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
      const auto disk = rehearsal.disk.clone();
      ASSERT_TRUE(receive(*disk, sent()));
      ASSERT_TRUE(prepare(*disk).ok());
      disk->fail({operation, nth, EIO, "", 0});
      try {
        install_archive(*disk, file);
      } catch (const DiskError&) {
        ++failed;
      }
      disk->crash(random);
      bool became_new = false;
      ASSERT_NO_FATAL_FAILURE(expect_old_or_new(*disk, rehearsal.follower, became_new));
    }
  }
  EXPECT_GT(failed, 5U);
}

}  // namespace
}  // namespace parley::store
