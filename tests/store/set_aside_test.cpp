#include <gtest/gtest.h>

#include "base/random.hpp"
#include "store/identity.hpp"
#include "store/memory_disk.hpp"
#include "store/set_aside.hpp"

namespace parley::store {
namespace {

// A data directory, with what an earlier setting aside left in it.
std::unique_ptr<MemoryDisk> used_disk() {
  auto disk = std::make_unique<MemoryDisk>();
  Identity identity;
  identity.node = NodeId(2);
  identity.incarnation = Incarnation(7);
  identity.cluster = ClusterId(9);
  save_identity(*disk, identity);
  disk->make_directory("log");
  for (const char* file :
       {"archive.db", "archive.db-wal", "log/0000000001.wal", "log/0000000002.wal", "operator.token"}) {
    disk->overwrite(file, std::string("of ") + file);
  }
  disk->overwrite("archive.db.aside", "earlier");
  disk->overwrite("log/0000000009.wal.aside", "earlier");
  return disk;
}

void expect_set_aside(MemoryDisk& disk) {
  EXPECT_FALSE(disk.exists("identity"));
  for (const char* file : {"archive.db", "archive.db-wal", "log/0000000001.wal", "log/0000000002.wal"}) {
    EXPECT_FALSE(disk.exists(file)) << file;
    EXPECT_EQ(disk.contents(std::string(file) + ".aside"), std::string("of ") + file);
  }
  EXPECT_FALSE(disk.exists("log/0000000009.wal.aside"));
  EXPECT_EQ(disk.contents("operator.token"), "of operator.token") << "that is not the node's, but its operator's";
}

TEST(SetAside, KeepsEveryFileUnderAnotherName) {
  const auto disk = used_disk();
  set_aside(*disk);
  expect_set_aside(*disk);
}

TEST(SetAside, IsNothingThatHappensByItself) {
  const auto disk = used_disk();
  EXPECT_FALSE(finish_set_aside(*disk));
  EXPECT_TRUE(disk->exists("identity"));
  EXPECT_EQ(disk->contents("archive.db"), "of archive.db");
  MemoryDisk empty;
  EXPECT_FALSE(finish_set_aside(empty));
}

TEST(SetAside, WhatWasMadeAfterwardsStays) {
  const auto disk = used_disk();
  set_aside(*disk);
  Identity fresh;
  fresh.node = NodeId(2);
  fresh.incarnation = Incarnation(8);
  save_identity(*disk, fresh);
  disk->overwrite("archive.db", "new");
  EXPECT_FALSE(finish_set_aside(*disk));
  EXPECT_EQ(disk->contents("archive.db"), "new");
  EXPECT_EQ(disk->contents("archive.db.aside"), "of archive.db");
}

// The power fails before each change in turn, and again before each change of what the next start does about it. The
// directory is then as before, or set aside; and never one that has an identity and lacks its log or archive.
TEST(SetAside, APowerCutAnywhereLeavesItWholeOrSetAside) {
  Random random(5);
  int whole = 0;
  int aside = 0;
  for (std::uint64_t first = 0; first < 30; ++first) {
    for (std::uint64_t second = 0; second < 12; ++second) {
      const auto disk = used_disk();
      disk->stop_after(first);
      try {
        set_aside(*disk);
      } catch (const DiskError&) {
      }
      disk->crash(random);
      disk->stop_after(second);
      try {
        finish_set_aside(*disk);
      } catch (const DiskError&) {
      }
      disk->crash(random);
      if (disk->exists("identity")) {
        ++whole;
        EXPECT_FALSE(finish_set_aside(*disk));
        EXPECT_EQ(disk->contents("archive.db"), "of archive.db");
        EXPECT_EQ(disk->contents("log/0000000002.wal"), "of log/0000000002.wal");
      } else {
        ++aside;
        finish_set_aside(*disk);
        expect_set_aside(*disk);
      }
    }
  }
  EXPECT_GT(whole, 10);
  EXPECT_GT(aside, 10);
}

}  // namespace
}  // namespace parley::store
