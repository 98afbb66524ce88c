// Backups as files: written whole or not at all, and whatever is wrong with one is named.
#include "store/backup_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/archive_transfer.hpp"
#include "store/page_checksum.hpp"

namespace parley::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::sent;

constexpr std::size_t piece = 5000;   // not a whole number of pages

BackupAbout about() {
  BackupAbout about;
  about.node = NodeId(2);
  about.cluster = ClusterId(77);
  about.generation = Generation(3);
  about.time = LogTime{1'700'000'000'000};
  about.chain = sent().copy.position.chain;
  about.state = digest("a state");
  about.copy = sent().copy.id;
  return about;
}

Result<Nothing> write(Disk& disk, bool replace = false) {
  auto writer = BackupWriter::begin(disk, "b", about(), replace);
  if (!writer.ok()) return writer.error();
  while (!writer->complete()) {
    const auto added = writer->add(std::string_view(sent().bytes).substr(writer->offset(), piece));
    if (!added.ok()) return added.error();
  }
  return writer->finish();
}

std::string refusal(Disk& disk) {
  const auto checked = check_backup(disk, "b");
  EXPECT_FALSE(checked.ok());
  return checked.ok() ? std::string() : checked.error().message;
}

TEST(BackupFile, WhatIsWrittenIsReadAgainAndDurable) {
  MemoryDisk disk;
  const auto written = write(disk);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_THAT(disk.list(""), ElementsAre("b"));
  disk.crash_losing_all_unsynced();
  const auto checked = check_backup(disk, "b");
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_TRUE(*checked == about());
  const auto file = disk.open("b", OpenMode::read);
  EXPECT_EQ(read_backup(*file, 0, sent().bytes.size() + 1), sent().bytes);
}

TEST(BackupFile, ReplacesNothingUnlessAsked) {
  MemoryDisk disk;
  disk.overwrite("b", "dear to somebody");
  const auto refused = write(disk);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("exists already"), HasSubstr("--force")));
  EXPECT_EQ(disk.contents("b"), "dear to somebody");
  EXPECT_TRUE(write(disk, true).ok());
  EXPECT_TRUE(check_backup(disk, "b").ok());
}

TEST(BackupFile, OneThatIsNotFinishedLeavesNothing) {
  MemoryDisk disk;
  disk.overwrite("b.part", "of one that was killed");
  {
    auto writer = BackupWriter::begin(disk, "b", about(), false);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->add(sent().bytes.substr(0, piece)).ok());
    EXPECT_THAT(disk.list(""), ElementsAre("b.part"));
  }
  EXPECT_THAT(disk.list(""), IsEmpty());
}

TEST(BackupFile, AFullDiskIsAnErrorAndLeavesNoHalfFile) {
  for (const auto operation : {MemoryDisk::Operation::write, MemoryDisk::Operation::sync,
                               MemoryDisk::Operation::rename, MemoryDisk::Operation::create}) {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
      MemoryDisk disk;
      disk.fail({operation, nth, ENOSPC, "", 100});
      const auto written = write(disk);
      if (disk.forgive()) FAIL() << "the power did not fail";
      if (written.ok()) continue;   // there are not as many calls
      EXPECT_THAT(written.error().message, HasSubstr("No space left on device"));
      EXPECT_THAT(disk.list(""), IsEmpty()) << "failed " << static_cast<int>(operation) << " " << nth;
    }
  }
}

TEST(BackupFile, AFailureKeepsTheOneThatWasToBeReplaced) {
  MemoryDisk disk;
  ASSERT_TRUE(write(disk).ok());
  disk.fail({MemoryDisk::Operation::write, 2, ENOSPC, "", 0});
  EXPECT_FALSE(write(disk, true).ok());
  EXPECT_TRUE(check_backup(disk, "b").ok());
  EXPECT_THAT(disk.list(""), ElementsAre("b"));
}

TEST(BackupFile, BytesOfAnotherCopyAreRefusedBeforeTheFileHasItsName) {
  MemoryDisk disk;
  auto writer = BackupWriter::begin(disk, "b", about(), false);
  std::string bytes = sent().bytes;
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(writer->add(bytes).ok());
  EXPECT_FALSE(writer->add("x").ok()) << "more than there is";
  const auto finished = writer->finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_THAT(finished.error().message, HasSubstr("is damaged at byte"));
  EXPECT_FALSE(disk.exists("b"));
}

TEST(BackupFile, EveryFlippedBitIsRefused) {
  MemoryDisk good;
  ASSERT_TRUE(write(good).ok());
  const std::uint64_t bits = 8 * (backup_header_bytes + sent().bytes.size());
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t bit = i < 100 ? random.below(8 * 200) : random.below(bits);   // the header's fields, anywhere
    const auto disk = good.clone();
    disk->flip("b", bit);
    EXPECT_FALSE(check_backup(*disk, "b").ok()) << "bit " << bit;
  }
}

TEST(BackupFile, DamageIsNamedWithItsPlace) {
  MemoryDisk disk;
  ASSERT_TRUE(write(disk).ok());
  disk.flip("b", 8 * (backup_header_bytes + 2 * page_size + 17));
  EXPECT_THAT(refusal(disk), AllOf(HasSubstr("is damaged at byte 12288"), HasSubstr("page 3")));
}

TEST(BackupFile, WhatIsCutShortOrTooLongOrNoBackupIsNamed) {
  MemoryDisk disk;
  EXPECT_THAT(refusal(disk), HasSubstr("does not exist"));
  ASSERT_TRUE(write(disk).ok());
  const std::string whole = disk.contents("b");
  for (const std::size_t size : {whole.size() - 1, whole.size() - page_size, backup_header_bytes}) {
    disk.overwrite("b", whole.substr(0, size));
    EXPECT_THAT(refusal(disk), HasSubstr("is cut short"));
  }
  disk.overwrite("b", whole.substr(0, 100));
  EXPECT_THAT(refusal(disk), HasSubstr("ends within its header"));
  disk.overwrite("b", whole + "x");
  EXPECT_THAT(refusal(disk), HasSubstr("longer than its header says"));
  for (const std::string& other : {std::string(), std::string("{}"), sent().bytes, std::string(9000, '\0')}) {
    disk.overwrite("b", other);
    EXPECT_THAT(refusal(disk), HasSubstr("is not a backup of Parley"));
  }
}

// Whoever makes a header can make its checksum too.
TEST(BackupFile, AHeaderThatFitsAFileOfNonsenseIsRefused) {
  for (const std::size_t size : {std::size_t{1}, page_size, page_size + 1, 3 * page_size - 1}) {
    MemoryDisk disk;
    const std::string nonsense(size, 'x');
    auto lie = about();
    lie.copy.bytes = size;
    lie.copy.digest = digest(nonsense);
    disk.overwrite("b", encode(lie) + nonsense);
    EXPECT_THAT(refusal(disk), HasSubstr("is damaged at byte 4096")) << size;
  }
}

TEST(BackupFile, ANewerFormatIsRefusedNamingBothVersions) {
  MemoryDisk disk;
  std::string header = encode(about());
  header[8] = 9;
  disk.overwrite("b", header + sent().bytes);
  EXPECT_THAT(refusal(disk), HasSubstr("checksum of its header")) << "no version is believed without its checksum";
  header.resize(backup_header_bytes - 8);
  Writer(header).u64(checksum(header));
  disk.overwrite("b", header + sent().bytes);
  EXPECT_THAT(refusal(disk), AllOf(HasSubstr("format version 9"), HasSubstr("reads version 1")));
}

}  // namespace
}  // namespace parley::store
