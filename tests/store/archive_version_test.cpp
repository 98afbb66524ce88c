#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "store/archive.hpp"
#include "store/archive_connection.hpp"
#include "store/archive_sample.hpp"
#include "store/archive_schema.hpp"
#include "store/memory_disk.hpp"
#include "store/temporary_directory.hpp"

namespace parley::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string file = "archive.db";

std::string error_of(Disk& disk) {
  const auto opened = Archive::open(disk, file);
  return opened ? "(opened)" : opened.error().message;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

void execute(Disk& disk, const std::string& sql) {
  ArchiveConnection connection(disk, file, ArchiveConnection::Use::write);
  connection.database().exec(sql);
}

// Bytes that never change again: what a released version wrote, every later one opens (R8).
SampleWorkload golden_workload(Archive* archive) {
  SampleWorkload workload(2026);
  for (int i = 0; i < 5; ++i) {
    const ArchiveBatch batch = workload.next(8);
    if (archive != nullptr) archive->write(batch);
  }
  return workload;
}

TEST(ArchiveVersion, OpensTheGoldenArchiveOfVersion1) {
  MemoryDisk disk;
  disk.overwrite(file, bytes_of(std::filesystem::path(PARLEY_GOLDEN) / "archive-v1.db"));
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(difference(*opened, golden_workload(nullptr).model()), "");
  EXPECT_TRUE(opened->archive->scrub().ok());
  const SearchQuery query{"coffee", {chat::ConversationId(1), chat::ConversationId(2), chat::ConversationId(3)}};
  EXPECT_FALSE(opened->archive->reader()->search(query).empty());
}

// Run by hand when a version is released: PARLEY_GOLDEN_OUT=dir archive_test --gtest_also_run_disabled_tests …
TEST(ArchiveVersion, DISABLED_WritesTheGoldenArchive) {
  const char* out = std::getenv("PARLEY_GOLDEN_OUT");
  ASSERT_NE(out, nullptr);
  MemoryDisk disk;
  auto opened = Archive::open(disk, file);
  ASSERT_TRUE(opened.ok());
  golden_workload(opened->archive.get());
  opened->archive->checkpoint();
  std::ofstream(std::filesystem::path(out) / "archive-v1.db", std::ios::binary) << disk.contents(file);
}

TEST(ArchiveVersion, ANewerOneIsRefusedNamingBothAndNotTouched) {
  MemoryDisk disk;
  ASSERT_EQ(error_of(disk), "(opened)");
  execute(disk, "PRAGMA user_version = 7");
  const std::string database = disk.contents(file);
  const std::string wal = disk.contents(file + "-wal");
  EXPECT_THAT(error_of(disk), AllOf(HasSubstr("memory:/archive.db: the archive has version 7"),
                                    HasSubstr("this program knows version 1")));
  EXPECT_FALSE(Archive::open(disk, file).error().damaged) << "what a newer program wrote is not set aside";
  EXPECT_EQ(disk.contents(file), database);
  EXPECT_EQ(disk.contents(file + "-wal"), wal);
}

TEST(ArchiveVersion, AnotherProgramsDatabaseIsRefused) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "other.db";
  {
    SQLite::Database other(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  }
  MemoryDisk disk;
  disk.overwrite(file, bytes_of(path));
  EXPECT_THAT(error_of(disk), HasSubstr("this SQLite database is not a Parley archive"));
}

TEST(ArchiveVersion, ATableThatIsMissingIsDamage) {
  MemoryDisk disk;
  ASSERT_EQ(error_of(disk), "(opened)");
  execute(disk, "DROP TABLE record");
  EXPECT_THAT(error_of(disk), HasSubstr("no such table: record"));
  EXPECT_TRUE(Archive::open(disk, file).error().damaged);
}

TEST(ArchiveVersion, APositionThatCannotBeReadIsDamage) {
  MemoryDisk disk;
  SampleWorkload workload(1);
  {
    auto opened = Archive::open(disk, file);
    opened->archive->write(workload.next(20));
  }
  execute(disk, "UPDATE position SET configuration = x'01'");
  EXPECT_THAT(error_of(disk), HasSubstr("the configuration in the position can't be read"));
  execute(disk, "UPDATE position SET configuration = NULL, chain = x'0102'");
  EXPECT_THAT(error_of(disk), HasSubstr("a digest in the position has 2 bytes"));
}

}  // namespace
}  // namespace parley::store
