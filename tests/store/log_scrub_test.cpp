#include <gtest/gtest.h>

#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

// A log that is in use, read again (RELIABILITY.md W19).
namespace parley::store {
namespace {

using testing::same;
using testing::seen_from;

constexpr LogOptions small{4096, false};
const std::string first_segment = "log/0000000001.wal";
const std::string second_segment = "log/0000000002.wal";
const std::string third_segment = "log/0000000003.wal";

// Three segments, and room behind the end of the last one.
class LogScrub : public ::testing::Test {
 protected:
  LogScrub() {
    auto opened = WriteAheadLog::open(disk_, "log", small);
    EXPECT_TRUE(opened.ok());
    log_ = std::move(opened->log);
    for (int i = 0; i < 11; ++i) add(std::string(700, 'x'));
    EXPECT_EQ(log_->usage().segments, 3U);
  }

  void add(const std::string& text) { log_->append(testing::batch_of(model_, {SharedBytes(text)}, Term(1))); }

  // What is found from there to the end, and in how many parts.
  std::vector<std::string> scrub(std::optional<ScrubPlace> place = ScrubPlace()) {
    std::vector<std::string> found;
    parts_ = 0;
    while (place) {
      const auto part = log_->scrub_part(*place);
      if (part.damage) found.push_back(*part.damage);
      place = part.next;
      ++parts_;
    }
    return found;
  }

  bool start_refuses() {
    const auto copy = disk_.clone();
    return !WriteAheadLog::open(*copy, "log", small).ok();
  }

  MemoryDisk disk_;
  raft::Durable model_;
  std::unique_ptr<WriteAheadLog> log_;
  std::size_t parts_ = 0;
};

TEST_F(LogScrub, ASoundLogIsLeftAlone) {
  EXPECT_TRUE(scrub().empty());
  EXPECT_EQ(parts_, 3U);
  add("one more");
  EXPECT_TRUE(scrub().empty());
  log_.reset();
  auto again = WriteAheadLog::open(disk_, "log", small);
  ASSERT_TRUE(again.ok());
  log_ = std::move(again->log);
  EXPECT_TRUE(scrub().empty()) << "after a start, which copies the last segment";
}

TEST_F(LogScrub, EveryFlippedBitThatAStartWouldRefuseIsFoundAndNoOther) {
  std::size_t found = 0;
  std::size_t harmless = 0;
  for (const auto& path : {first_segment, second_segment, third_segment}) {
    const std::uint64_t bits = disk_.contents(path).size() * 8;
    for (std::uint64_t bit = 0; bit < bits; bit += 5) {
      disk_.flip(path, bit);
      const auto damage = scrub();
      ASSERT_EQ(!damage.empty(), start_refuses()) << path << " bit " << bit;
      ++(damage.empty() ? harmless : found);
      if (!damage.empty()) {
        ASSERT_NE(damage[0].find(path + " is damaged at byte " + std::to_string(bit / 8 / 512 * 512) + ": "),
                  std::string::npos) << damage[0];
      }
      disk_.flip(path, bit);
    }
  }
  EXPECT_GT(found, 10'000U);
  EXPECT_GT(harmless, 100U) << "what is preallocated, and the unused end of a sector";
}

TEST_F(LogScrub, AMissingAndACutFileAreFoundAndWhatFollowsIsReadNevertheless) {
  const std::string cut = disk_.contents(second_segment).substr(0, 2048);
  disk_.remove(first_segment);
  disk_.overwrite(second_segment, cut);
  disk_.flip(third_segment, 600 * 8);
  const auto found = scrub();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NE(found[0].find("can't be read"), std::string::npos) << found[0];
  EXPECT_NE(found[1].find("at byte 2048: the file ends there"), std::string::npos) << found[1];
  EXPECT_NE(found[2].find(third_segment), std::string::npos) << found[2];
}

TEST_F(LogScrub, AnOldStateOfASectorIsFound) {
  add("a few bytes");   // within one sector
  const std::string before = disk_.contents(third_segment);
  add("a few more");
  disk_.overwrite(third_segment, before);
  const auto found = scrub();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("is older than what follows it"), std::string::npos) << found[0];
}

TEST_F(LogScrub, DamageGoesWithItsSegmentOnceAllOfThatIsArchived) {
  disk_.flip(third_segment, 600 * 8);
  ASSERT_EQ(scrub().size(), 1U);
  const Index end = log_->begin_segment();
  EXPECT_EQ(end, Index(11));
  add("what is said meanwhile");
  while (log_->trim(end) > 0) {}
  EXPECT_EQ(log_->usage().first_segment, 4U);
  EXPECT_EQ(log_->usage().base, end);
  EXPECT_TRUE(scrub().empty());
  log_.reset();
  const auto again = WriteAheadLog::open(disk_, "log", small);
  ASSERT_TRUE(again.ok()) << again.error().message;
  auto kept = seen_from(end, model_);
  kept.hard_state.commit_index = end;
  EXPECT_TRUE(same(again->durable, kept));
}

TEST_F(LogScrub, ASegmentIsReadInPartsAndAScrubGoesOnWhereTheLogBeginsNow) {
  MemoryDisk disk;
  auto opened = WriteAheadLog::open(disk, "log", {2 * scrub_part_bytes + 4096, false});
  ASSERT_TRUE(opened.ok());
  log_ = std::move(opened->log);
  EXPECT_TRUE(scrub().empty());
  EXPECT_EQ(parts_, 3U);
  const auto first = log_->scrub_part({});
  EXPECT_EQ(first.bytes, scrub_part_bytes);
  ASSERT_TRUE(first.next);
  EXPECT_EQ(first.next->sector, scrub_part_bytes / 512);
  static_cast<void>(log_->begin_segment());
  ASSERT_EQ(log_->trim(Index(0)), 1U);
  const auto second = log_->scrub_part(*first.next);
  EXPECT_EQ(second.segment, 2U);
  EXPECT_FALSE(second.damage) << *second.damage;
}

}  // namespace
}  // namespace parley::store
