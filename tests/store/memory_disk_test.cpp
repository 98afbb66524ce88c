#include "store/memory_disk.hpp"

#include <gtest/gtest.h>

#include <set>

namespace parley::store {
namespace {

std::unique_ptr<File> synced_file(MemoryDisk& disk, const std::string& path, std::string_view bytes) {
  auto file = disk.open(path, OpenMode::open_or_create);
  file->write_at(0, bytes);
  file->sync();
  disk.sync_directory("");
  return file;
}

TEST(MemoryDisk, KeepsWhatWasSyncedAndLosesWhatWasNot) {
  MemoryDisk disk;
  auto file = synced_file(disk, "a", "kept");
  file->write_at(0, "lost");
  disk.crash_losing_all_unsynced();
  EXPECT_EQ(disk.contents("a"), "kept");
}

TEST(MemoryDisk, ACreatedFileIsGoneUnlessItsDirectoryWasSynced) {
  MemoryDisk disk;
  auto file = disk.open("a", OpenMode::create);
  file->write_at(0, "x");
  file->sync();
  disk.crash_losing_all_unsynced();
  EXPECT_FALSE(disk.exists("a"));
}

TEST(MemoryDisk, ARenameIsLostOrDoneButNeverHalf) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryDisk disk;
    synced_file(disk, "id", "old");
    synced_file(disk, "id.new", "new");
    disk.rename("id.new", "id");
    Random random(seed);
    disk.crash(random);
    const bool done = disk.contents("id") == "new";
    EXPECT_EQ(done, !disk.exists("id.new"));
    seen.insert(disk.contents("id"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "new"}));
}

TEST(MemoryDisk, ACrashTearsAtSectorsAndEverySubsetCanHappen) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    MemoryDisk disk;
    auto file = synced_file(disk, "a", std::string(3 * sector_size, '.'));
    file->write_at(0, std::string(3 * sector_size, 'x'));
    Random random(seed);
    disk.crash(random);
    const auto bytes = disk.contents("a");
    std::string pattern;
    for (int sector = 0; sector < 3; ++sector) {
      const auto piece = bytes.substr(sector * sector_size, sector_size);
      ASSERT_EQ(piece, std::string(sector_size, piece[0]));
      pattern += piece[0];
    }
    seen.insert(pattern);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST(MemoryDisk, EqualSeedsGiveEqualCrashes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::string results[2];
    for (auto& result : results) {
      MemoryDisk disk;
      auto file = synced_file(disk, "a", std::string(20 * sector_size, '.'));
      file->write_at(100, std::string(15 * sector_size, 'x'));
      file->truncate(17 * sector_size);
      Random random(seed);
      disk.crash(random);
      result = disk.contents("a");
    }
    EXPECT_EQ(results[0], results[1]);
  }
}

TEST(MemoryDisk, AfterAFailedSyncTheNextOneSucceedsAndTheBytesAreLostAllTheSame) {
  MemoryDisk disk;
  auto file = synced_file(disk, "a", "kept");
  file->write_at(0, "lost");
  disk.fail({MemoryDisk::Operation::sync, 1, EIO, "a", 0});
  EXPECT_THROW(file->sync(), DiskError);
  file->sync();
  EXPECT_EQ(disk.contents("a"), "lost");   // the cache lies until the power goes
  disk.crash_losing_all_unsynced();
  EXPECT_EQ(disk.contents("a"), "kept");
}

TEST(MemoryDisk, StopsAtTheWriteThatWasNamedAndTearsItAtTheByteThatWasNamed) {
  MemoryDisk disk;
  auto file = synced_file(disk, "a", "....");
  disk.stop_after(1, 2);
  file->write_at(0, "ab");
  EXPECT_NO_THROW(disk.expect_power());
  EXPECT_THROW(file->write_at(0, "cdef"), DiskError);
  EXPECT_THROW(disk.expect_power(), DiskError);
  EXPECT_THROW(file->sync(), DiskError);
  EXPECT_EQ(disk.contents("a"), "cd..");
  disk.kill();
  EXPECT_NO_THROW(disk.expect_power());
  EXPECT_EQ(disk.contents("a"), "cd..");
  EXPECT_THROW(file->size(), DiskError) << "a handle of the process that was killed";
}

TEST(MemoryDisk, WithoutSpaceWhatIsThereCanBeWrittenAgainAndNothingGrows) {
  MemoryDisk disk;
  disk.overwrite("there", "abc");
  EXPECT_EQ(disk.free_bytes(), MemoryDisk::plenty);
  disk.set_free_bytes(0);
  auto file = disk.open("there", OpenMode::read_write);
  file->write_at(0, "ABC");
  const auto fails = [](auto work) {
    try {
      work();
    } catch (const DiskError& error) {
      return error.is_full();
    }
    return false;
  };
  EXPECT_TRUE(fails([&] { file->write_at(2, "CD"); }));
  EXPECT_TRUE(fails([&] { file->allocate(100); }));
  EXPECT_TRUE(fails([&] { disk.open("new", OpenMode::create); }));
  EXPECT_FALSE(disk.exists("new"));
  disk.kill();
  EXPECT_EQ(disk.free_bytes(), 0U) << "it is the disk's, not the process's";
  disk.set_free_bytes(1);
  file = disk.open("there", OpenMode::read_write);
  file->write_at(2, "CD");
  EXPECT_EQ(disk.contents("there"), "ABCD");
}

TEST(MemoryDisk, ACloneGoesItsOwnWay) {
  MemoryDisk disk;
  auto file = synced_file(disk, "a", "same");
  file->write_at(0, "lost");
  const auto clone = disk.clone();
  clone->crash_losing_all_unsynced();
  EXPECT_EQ(clone->contents("a"), "same");
  EXPECT_EQ(disk.contents("a"), "lost");
}

TEST(MemoryDisk, ALockIsHeldByOneUntilItsProcessEnds) {
  MemoryDisk disk;
  auto lock = disk.lock("lock");
  EXPECT_EQ(disk.lock("lock"), nullptr);
  disk.kill();
  EXPECT_NE(disk.lock("lock"), nullptr);
}

}  // namespace
}  // namespace parley::store
