#include "node/room.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/data_directory.hpp"
#include "store/memory_disk.hpp"

namespace parley::node {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t mebibyte = 1024 * 1024;

TEST(RoomTest, WhatIsToStayFreeStaysFree) {
  store::MemoryDisk disk;
  disk.set_free_bytes(100 * mebibyte);
  const Room room(disk, 60 * mebibyte);
  EXPECT_EQ(room.lacks(40 * mebibyte), std::nullopt);
  const auto words = room.lacks(40 * mebibyte + 1);
  ASSERT_TRUE(words);
  EXPECT_THAT(*words, HasSubstr("100 MiB are free"));
  EXPECT_THAT(*words, HasSubstr("it takes 40 MiB, and 60 MiB are to stay free"));
  disk.set_free_bytes(59 * mebibyte);
  EXPECT_TRUE(room.lacks(0)) << "it is short already";
}

TEST(RoomTest, CopiesAndWhatWasBeingFetchedGoAndNothingElse) {
  store::MemoryDisk disk;
  for (const char* directory : {"snapshot", "backup", "log"}) disk.make_directory(directory);
  for (const char* file : {"snapshot/a", "snapshot/unfinished", "backup/b", "log/c", "archive.db", "identity"}) {
    disk.overwrite(file, "x");
  }
  remove_disposable(disk);
  EXPECT_TRUE(disk.list("snapshot").empty());
  EXPECT_TRUE(disk.list("backup").empty());
  for (const char* kept : {"log/c", "archive.db", "identity"}) EXPECT_TRUE(disk.exists(kept)) << kept;
}

TEST(RoomTest, NothingGoesWhereAnotherProcessIsAtHome) {
  store::MemoryDisk disk;
  disk.make_directory("snapshot");
  disk.overwrite("snapshot/a", "x");
  const auto lock = disk.lock(lock_file);
  ASSERT_TRUE(lock);
  EXPECT_EQ(remove_disposable(disk), 0U);
  EXPECT_TRUE(disk.exists("snapshot/a"));
}

}  // namespace
}  // namespace parley::node
