#include <gtest/gtest.h>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/log_script.hpp"
#include "store/log_sector.hpp"
#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

// Damage by other hands than a power cut: it is refused, with the place and the remedy, and nothing is changed. No
// acknowledged entry is ever lost or another one given back for it (I13).
namespace parley::store {
namespace {

using testing::same;

constexpr LogOptions small{4096, false};
const std::string first_segment = "log/0000000001.wal";
const std::string second_segment = "log/0000000002.wal";
const std::string third_segment = "log/0000000003.wal";

// A log of three segments, the last batch in sectors of its own.
class LogDamage : public ::testing::Test {
 protected:
  LogDamage() {
    auto opened = WriteAheadLog::open(disk_, "log", small);
    EXPECT_TRUE(opened.ok());
    raft::Configuration configuration;
    configuration.members.push_back({{NodeId(1), Incarnation(9)}, true, "a:1", "b:1"});
    const auto shared = std::make_shared<const raft::Configuration>(configuration);
    add(*opened->log, {raft::Noop{}, shared}, Term(1));
    for (int i = 0; i < 3; ++i) add(*opened->log, {SharedBytes(std::string(700, '\0')), SharedBytes("x")}, Term(1));
    add(*opened->log, {SharedBytes(std::string(2500, 'y'))}, Term(2));
    add(*opened->log, {SharedBytes(std::string(3000, 'z')), raft::Noop{}}, Term(2));
    EXPECT_EQ(opened->log->usage().segments, 3U);
    opened->log.reset();
    disk_.crash_losing_all_unsynced();
  }

  void add(WriteAheadLog& log, std::vector<raft::Content> contents, Term term) {
    log.append(testing::batch_of(model_, std::move(contents), term));
  }

  std::string error_of(MemoryDisk& disk) {
    const auto opened = WriteAheadLog::open(disk, "log", small);
    called_damaged_ = !opened.ok() && opened.error().damaged;
    return opened.ok() ? std::string("(no error)") : opened.error().message;
  }

  void expect_error(MemoryDisk& disk, const std::string& part) {
    const auto names = disk.list("log");
    const std::string error = error_of(disk);
    EXPECT_NE(error.find(part), std::string::npos) << error;
    EXPECT_TRUE(called_damaged_) << error;
    EXPECT_EQ(disk.list("log"), names);
  }

  std::string sector(const std::string& path, std::uint64_t number) {
    return disk_.contents(path).substr(number * log_sector_bytes, log_sector_bytes);
  }

  void put_sector(const std::string& path, std::uint64_t number, const std::string& bytes) {
    disk_.overwrite(path, disk_.contents(path).replace(number * log_sector_bytes, log_sector_bytes, bytes));
  }

  bool called_damaged_ = false;   // by the last error_of()
  MemoryDisk disk_;
  raft::Durable model_;
};

TEST_F(LogDamage, EveryFlippedBitIsRefusedOrChangesNothing) {
  std::size_t refused = 0;
  std::size_t harmless = 0;
  for (const auto& path : {first_segment, second_segment, third_segment}) {
    const std::string before = disk_.contents(path);
    for (std::uint64_t bit = 0; bit < before.size() * 8; ++bit) {
      const auto disk = disk_.clone();
      disk->flip(path, bit);
      const auto opened = WriteAheadLog::open(*disk, "log", small);
      ++(opened.ok() ? harmless : refused);
      if (opened.ok()) {
        ASSERT_TRUE(same(opened->durable, model_)) << path << " bit " << bit;
      } else {
        ASSERT_NE(opened.error().message.find(path), std::string::npos) << opened.error().message;
      }
    }
  }
  EXPECT_GT(refused, 50'000U);   // everything that was written
  EXPECT_GT(harmless, 3'000U);   // what was only preallocated
}

TEST_F(LogDamage, NamesTheFileTheByteAndWhatIsWrong) {
  disk_.flip(second_segment, (3 * log_sector_bytes + 17) * 8);
  expect_error(disk_, "memory:/log/0000000002.wal is damaged at byte 1536: the checksum of the sector does not fit");
}

// A sector that reads as zeros, in a batch that others followed: nothing torn looks like that.
TEST_F(LogDamage, AnySectorLostBeforeTheLastBatchIsRefused) {
  const std::string blank(log_sector_bytes, '\0');
  for (const auto& path : {first_segment, second_segment}) {
    for (std::uint64_t number = 0; number < 8; ++number) {
      if (sector(path, number) == blank) continue;
      const auto kept = sector(path, number);
      put_sector(path, number, blank);
      EXPECT_NE(error_of(disk_).find(path), std::string::npos) << path << " sector " << number << error_of(disk_);
      put_sector(path, number, kept);
    }
  }
  EXPECT_TRUE(same(WriteAheadLog::open(disk_, "log", small)->durable, model_));
}

TEST_F(LogDamage, ASectorInAnothersPlaceIsRefused) {   // D6
  const std::string own = sector(first_segment, 2);
  put_sector(first_segment, 2, sector(first_segment, 3));
  expect_error(disk_, "byte 1024: the checksum of the sector");
  put_sector(first_segment, 2, sector(second_segment, 2));
  expect_error(disk_, "byte 1024: the checksum of the sector");
  put_sector(first_segment, 2, own);
  EXPECT_EQ(error_of(disk_), "(no error)");
}

TEST(LogDamageOfOneSegment, ASectorAsItWasBeforeALaterBatchIsRefused) {   // D6: a write that never arrived
  MemoryDisk disk;
  auto opened = WriteAheadLog::open(disk, "log", small);
  raft::Durable model;
  opened->log->append(testing::batch_of(model, {SharedBytes("one")}, Term(1)));
  const std::string stale = disk.contents(first_segment).substr(512, 512);
  for (int i = 0; i < 3; ++i) {
    opened->log->append(testing::batch_of(model, {SharedBytes(std::string(300, 'x'))}, Term(1)));
  }
  disk.kill();
  disk.overwrite(first_segment, disk.contents(first_segment).replace(512, 512, stale));
  const auto again = WriteAheadLog::open(disk, "log", small);
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message.find("was written here, but batch"), std::string::npos) << again.error().message;
}

TEST_F(LogDamage, AMissingSegmentIsRefusedWhicheverItIs) {   // D19
  for (const auto& path : {first_segment, second_segment, third_segment}) {
    const auto disk = disk_.clone();
    disk->remove(path);
    expect_error(*disk, "memory:/" + path + " is missing");
  }
}

TEST_F(LogDamage, ASegmentThatWasCutShortIsRefused) {   // D5
  for (const auto& path : {first_segment, third_segment}) {
    for (const std::size_t size : {0U, 511U, 512U, 1024U, 4095U}) {
      const auto disk = disk_.clone();
      disk->overwrite(path, disk_.contents(path).substr(0, size));
      expect_error(*disk, path);
    }
  }
  const auto disk = disk_.clone();
  disk->overwrite(first_segment, disk_.contents(first_segment).substr(0, 1024));
  expect_error(*disk, "has 1024 bytes, its header says 4096");
}

TEST_F(LogDamage, ASegmentOfAnotherLogIsRefused) {   // D16
  MemoryDisk other;
  auto opened = WriteAheadLog::open(other, "log", small);
  raft::Durable model;
  for (int i = 0; i < 4; ++i) {
    opened->log->append(testing::batch_of(model, {SharedBytes(std::string(2000, 'o'))}, Term(1)));
  }
  disk_.overwrite(second_segment, other.contents(second_segment));
  expect_error(disk_, "0000000002.wal does not continue the segment before it");
}

TEST_F(LogDamage, ASegmentUnderAnothersNameIsRefused) {
  disk_.overwrite(second_segment, disk_.contents(third_segment));
  expect_error(disk_, "says that it is segment 3");
}

TEST_F(LogDamage, ANewerVersionIsRefusedNamingBoth) {   // R8
  std::string bytes = disk_.contents(first_segment);
  bytes[8] = 7;
  std::string sum;
  Writer(sum).u64(checksum(std::string_view(bytes).substr(0, 504)));
  disk_.overwrite(first_segment, bytes.replace(504, 8, sum));
  EXPECT_NE(error_of(disk_).find("0000000001.wal has format version 7, this program reads versions 1 to 2"),
            std::string::npos);
  EXPECT_FALSE(called_damaged_) << "what a newer program wrote is not set aside";
}

TEST_F(LogDamage, RandomBytesAnywhereAreHarmless) {
  const std::vector<std::string> paths{first_segment, second_segment, third_segment};
  Random random(3);
  for (int round = 0; round < 3000; ++round) {
    const auto disk = disk_.clone();
    const std::string path = paths[random.below(paths.size())];
    std::string bytes = disk->contents(path);
    const std::string noise = wire::testing::random_text(random, 700);
    bytes.replace(random.below(bytes.size()), noise.size(), noise);
    if (random.chance(0.5)) bytes.resize(small.segment_bytes);
    disk->overwrite(path, bytes);
    const auto opened = WriteAheadLog::open(*disk, "log", small);
    if (opened.ok()) {
      ASSERT_TRUE(same(opened->durable, model_)) << "round " << round;
    }
  }
}

TEST_F(LogDamage, OtherFilesInTheDirectoryAreLeftAlone) {
  for (const char* name : {"notes.txt", "1.wal", "00000000009.wal", "0000000001.wal.torn", ".wal", "x000000001.wal"}) {
    disk_.overwrite("log/" + std::string(name), "something else");
  }
  EXPECT_EQ(error_of(disk_), "(no error)");
  EXPECT_EQ(disk_.contents("log/notes.txt"), "something else");
}

}  // namespace
}  // namespace parley::store
