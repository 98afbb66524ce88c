#include "store/identity.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/memory_disk.hpp"

namespace parley::store {
namespace {

Identity born() {
  Identity identity{NodeId(2), Incarnation(0xabcd), ClusterId(77), {}};
  identity.founding.members.push_back({{NodeId(1), Incarnation(5)}, true, "127.0.0.1:7001", "127.0.0.1:8001"});
  identity.founding.members.push_back({{NodeId(2), Incarnation(0xabcd)}, true, "127.0.0.1:7002", "127.0.0.1:8002"});
  return identity;
}

Identity fresh() { return Identity{NodeId(2), Incarnation(0xabcd), ClusterId(), {}}; }

std::string error_of(Disk& disk) {
  const auto loaded = load_identity(disk);
  return loaded.ok() ? std::string("(no error)") : loaded.error().message;
}

TEST(Identity, AnEmptyDirectoryHasNone) {
  MemoryDisk disk;
  const auto loaded = load_identity(disk);
  ASSERT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded->has_value());
}

TEST(Identity, IsReadBackAsSavedAndASecondSaveReplacesIt) {
  MemoryDisk disk;
  save_identity(disk, fresh());
  EXPECT_EQ(**load_identity(disk), fresh());
  save_identity(disk, born());
  disk.crash_losing_all_unsynced();
  EXPECT_EQ(**load_identity(disk), born());
}

TEST(Identity, APowerCutAnywhereInASaveLeavesTheOldOrTheNewOne) {
  MemoryDisk start;
  save_identity(start, fresh());
  const auto counting = start.clone();
  save_identity(*counting, born());
  ASSERT_GE(counting->changes(), 5U);
  for (std::uint64_t cut = 0; cut < counting->changes(); ++cut) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const auto disk = start.clone();
      Random random(seed);
      disk->stop_after(cut, random.below(100));
      EXPECT_THROW(save_identity(*disk, born()), DiskError);
      disk->crash(random);
      const auto loaded = load_identity(*disk);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message;
      ASSERT_TRUE(loaded->has_value());
      ASSERT_TRUE(**loaded == fresh() || **loaded == born());
      save_identity(*disk, born());   // what the crash left lying about is not in the way
      ASSERT_EQ(**load_identity(*disk), born());
    }
  }
}

TEST(Identity, EveryFlippedBitAndEveryTruncationIsRefusedNamingTheFile) {
  MemoryDisk disk;
  save_identity(disk, born());
  const std::string bytes = disk.contents(identity_file);
  for (std::uint64_t bit = 0; bit < bytes.size() * 8; ++bit) {
    disk.flip(identity_file, bit);
    ASSERT_NE(error_of(disk).find("memory:/identity is "), std::string::npos) << error_of(disk);
    disk.flip(identity_file, bit);
  }
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    disk.overwrite(identity_file, bytes.substr(0, cut));
    ASSERT_FALSE(load_identity(disk).ok()) << "cut at " << cut;
  }
}

TEST(Identity, ANewerVersionIsRefusedNamingBothVersions) {
  MemoryDisk disk;
  save_identity(disk, born());
  std::string bytes = disk.contents(identity_file);
  bytes[8] = 9;
  bytes.resize(bytes.size() - 8);
  Writer(bytes).u64(checksum(bytes));
  disk.overwrite(identity_file, bytes);
  EXPECT_NE(error_of(disk).find("has format version 9, this program reads version 1"), std::string::npos)
      << error_of(disk);
}

TEST(Identity, AnErrorOfTheDiskIsThrownAndTheOldIdentityStays) {
  MemoryDisk disk;
  save_identity(disk, fresh());
  disk.fail({MemoryDisk::Operation::write, 1, ENOSPC, identity_file, 3});
  EXPECT_THROW(save_identity(disk, born()), DiskError);
  EXPECT_EQ(**load_identity(disk), fresh());
}

}  // namespace
}  // namespace parley::store
