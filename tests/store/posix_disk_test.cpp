#include "store/posix_disk.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>

#include "store/temporary_directory.hpp"

namespace parley::store {
namespace {

std::string read_all(File& file) {
  std::string bytes(file.size(), '\0');
  bytes.resize(file.read_at(0, bytes.data(), bytes.size()));
  return bytes;
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

int error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const DiskError& error) {
    return error.error_number();
  }
  return 0;
}

class PosixDiskTest : public ::testing::Test {
 protected:
  TemporaryDirectory temporary_;
};

TEST_F(PosixDiskTest, MakesTheDataDirectoryAndItsParentsForTheOwnerOnly) {
  const auto root = temporary_.path() / "a" / "b";
  PosixDisk disk(root);
  disk.make_directory("log/deep");
  disk.make_directory("log/deep");   // again is fine
  disk.open("log/deep/file", OpenMode::create);
  EXPECT_EQ(mode_of(temporary_.path() / "a"), 0700U);
  EXPECT_EQ(mode_of(root), 0700U);
  EXPECT_EQ(mode_of(root / "log" / "deep"), 0700U);
  EXPECT_EQ(mode_of(root / "log" / "deep" / "file"), 0600U);
  PosixDisk again(root);
  EXPECT_TRUE(again.exists("log/deep/file"));
}

TEST_F(PosixDiskTest, ReadsBackWhatItWroteAndFewerBytesOnlyAtTheEnd) {
  PosixDisk disk(temporary_.path());
  auto file = disk.open("f", OpenMode::create);
  file->write_at(3, "abc");
  file->sync();
  EXPECT_EQ(file->size(), 6U);
  EXPECT_EQ(read_all(*file), std::string("\0\0\0abc", 6));
  char bytes[10];
  EXPECT_EQ(file->read_at(4, bytes, sizeof bytes), 2U);
  EXPECT_EQ(file->read_at(6, bytes, sizeof bytes), 0U);
  file->truncate(4);
  EXPECT_EQ(file->size(), 4U);
}

TEST_F(PosixDiskTest, AllocatesZerosThatTakeUpRealBlocks) {
  PosixDisk disk(temporary_.path());
  auto file = disk.open("f", OpenMode::create);
  file->write_at(0, "x");
  file->allocate(3 * 1024 * 1024 + 5);
  file->sync();
  EXPECT_EQ(file->size(), 3U * 1024 * 1024 + 5);
  EXPECT_EQ(read_all(*file), "x" + std::string(3 * 1024 * 1024 + 4, '\0'));
  struct stat status{};
  ASSERT_EQ(::stat((temporary_.path() / "f").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, status.st_size) << "a sparse file can meet a full disk later";
  file->allocate(10);   // never shrinks
  EXPECT_EQ(file->size(), 3U * 1024 * 1024 + 5);
}

TEST_F(PosixDiskTest, OpenModesSayWhatMustExist) {
  PosixDisk disk(temporary_.path());
  EXPECT_EQ(error_of([&] { disk.open("f", OpenMode::read); }), ENOENT);
  EXPECT_EQ(error_of([&] { disk.open("f", OpenMode::read_write); }), ENOENT);
  disk.open("f", OpenMode::open_or_create)->write_at(0, "x");
  EXPECT_EQ(error_of([&] { disk.open("f", OpenMode::create); }), EEXIST);
  EXPECT_EQ(read_all(*disk.open("f", OpenMode::open_or_create)), "x");
  EXPECT_EQ(error_of([&] { disk.open("f", OpenMode::read)->write_at(0, "y"); }), EBADF);
}

TEST_F(PosixDiskTest, RenamesRemovesAndListsSorted) {
  PosixDisk disk(temporary_.path());
  disk.make_directory("d");
  for (const char* name : {"d/b", "d/a", "d/c"}) disk.open(name, OpenMode::create);
  disk.rename("d/c", "d/0");
  disk.remove("d/b");
  disk.remove("d/b");   // absent is fine
  disk.sync_directory("d");
  disk.sync_directory("");
  EXPECT_EQ(disk.list("d"), (std::vector<std::string>{"0", "a"}));
  EXPECT_EQ(error_of([&] { disk.list("absent"); }), ENOENT);
}

TEST_F(PosixDiskTest, AnErrorNamesTheOperationTheFullPathAndTheReason) {
  PosixDisk disk(temporary_.path());
  try {
    disk.open("absent", OpenMode::read);
    FAIL() << "opened what is not there";
  } catch (const DiskError& error) {
    EXPECT_EQ(std::string(error.what()), "open of " + (temporary_.path() / "absent").string() +
                                             " failed: No such file or directory (errno 2)");
  }
}

TEST_F(PosixDiskTest, RefusesADataDirectoryThatIsAFile) {
  std::ofstream(temporary_.path() / "file") << "x";
  EXPECT_EQ(error_of([&] { PosixDisk disk(temporary_.path() / "file"); }), EEXIST);
}

TEST_F(PosixDiskTest, AFullDiskIsAnErrorWithItsNumber) {
  std::filesystem::create_symlink("/dev/full", temporary_.path() / "full");
  PosixDisk disk(temporary_.path());
  auto file = disk.open("full", OpenMode::read_write);
  EXPECT_EQ(error_of([&] { file->write_at(0, "x"); }), ENOSPC);
}

TEST_F(PosixDiskTest, WhatIsFreeIsWhatStatvfsSays) {
  PosixDisk disk(temporary_.path());
  const auto free = disk.free_bytes();
  const auto space = std::filesystem::space(temporary_.path());
  EXPECT_GT(free, 0U);
  EXPECT_LE(free, space.capacity);
  PosixDisk none("/proc");   // a file system that counts no blocks: that is not a full disk
  EXPECT_EQ(error_of([&] { static_cast<void>(none.free_bytes()); }), ENOTSUP);
}

// Asks for the lock in a second process, which answers by its exit code: 1 got it, 2 somebody holds it.
int lock_in_another_process(const std::filesystem::path& root) {
  const pid_t child = ::fork();
  if (child == 0) {
    PosixDisk disk(root);
    const auto lock = disk.lock("lock");
    ::_exit(lock ? 1 : 2);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(PosixDiskTest, ALockKeepsASecondProcessOutUntilTheFirstLetsGo) {
  PosixDisk disk(temporary_.path());
  auto lock = disk.lock("lock");
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(lock_in_another_process(temporary_.path()), 2);
  EXPECT_EQ(disk.lock("lock"), nullptr) << "nor twice within one process";
  EXPECT_EQ(read_all(*disk.open("lock", OpenMode::read)), std::to_string(::getpid()) + "\n");
  lock.reset();
  EXPECT_EQ(lock_in_another_process(temporary_.path()), 1);
}

TEST(PosixDiskDeath, APathOutOfTheDataDirectoryIsABrokenAssertion) {
  TemporaryDirectory temporary;
  PosixDisk disk(temporary.path());
  EXPECT_DEATH(disk.exists("../x"), "no \"..\"");
  EXPECT_DEATH(disk.exists("/etc/passwd"), "relative");
}

}  // namespace
}  // namespace parley::store
