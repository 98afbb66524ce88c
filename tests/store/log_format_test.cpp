#include <gtest/gtest.h>

#include "store/log_record.hpp"
#include "store/log_script.hpp"
#include "store/log_sector.hpp"
#include "store/log_segment.hpp"

// The layers of the log's format, each by itself, with its bytes written down (docs/DISK.md).
namespace parley::store {
namespace {

using wire::testing::to_hex;

TEST(LogRecord, AnEntryHasTheseBytes) {
  std::string stream;
  std::uint64_t chain = 0;
  LogRecord record = entry_record({{Term(3), Index(2)}, LogTime{5}, SharedBytes("hi")});
  record.last_of_batch = true;
  append_record(stream, chain, record);
  EXPECT_EQ(to_hex(stream),
            "1f000000" "01" "01" "0000" "0200000000000000" "0300000000000000"
            "193d69b9bb7a0289" "f8c1cf55799c7b87"
            "0300000000000000" "0200000000000000" "0500000000000000" "01" "02000000" "6869");
}

TEST(LogRecord, IsReadBackAndTheChainMovesOn) {
  std::string stream;
  std::uint64_t chain = 7;
  const raft::Entry entry{{Term(3), Index(2)}, LogTime{5}, SharedBytes("hi")};
  append_record(stream, chain, entry_record(entry));
  const auto first = read_record(stream, 7);
  ASSERT_EQ(first.outcome, ReadRecord::Outcome::complete);
  EXPECT_EQ(first.size, stream.size());
  EXPECT_EQ(first.chain, chain);
  EXPECT_TRUE(wire::testing::same(*entry_of(first.record), entry));
  EXPECT_EQ(read_record(stream, 8).outcome, ReadRecord::Outcome::damaged) << "another chain";
}

TEST(LogRecord, EveryTruncationIsCutShortAndEveryFlippedBitDamaged) {
  std::string stream;
  std::uint64_t chain = 0;
  append_record(stream, chain, entry_record({{Term(3), Index(2)}, LogTime{5}, SharedBytes("hi")}));
  for (std::size_t cut = 0; cut < stream.size(); ++cut) {
    ASSERT_EQ(read_record(std::string_view(stream).substr(0, cut), 0).outcome, ReadRecord::Outcome::cut_short);
  }
  for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
    std::string flipped = stream;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(read_record(flipped, 0).outcome, ReadRecord::Outcome::damaged) << "bit " << bit;
  }
}

TEST(LogRecord, DamageInAPayloadLeavesTheNameOfTheEntryAndTheChain) {
  std::string stream;
  std::uint64_t chain = 0;
  append_record(stream, chain, entry_record({{Term(3), Index(2)}, LogTime{5}, SharedBytes("hi")}));
  stream.back() = 'x';
  const auto read = read_record(stream, 0);
  ASSERT_EQ(read.outcome, ReadRecord::Outcome::damaged);
  EXPECT_EQ(read.record.id, (raft::EntryId{Term(3), Index(2)}));
  EXPECT_EQ(read.size, stream.size());
  EXPECT_EQ(read.chain, chain);
  EXPECT_EQ(read.what, "the checksum of entry 2 of term 3 does not fit");
}

TEST(LogSector, HasTheseBytes) {
  std::string sector;
  append_sector(sector, {"abc", 0x0102, 1}, 5, 6);
  ASSERT_EQ(sector.size(), log_sector_bytes);
  EXPECT_EQ(sector.substr(0, log_sector_capacity), "abc" + std::string(log_sector_capacity - 3, '\0'));
  EXPECT_EQ(to_hex(sector.substr(log_sector_capacity)), "02010000" "0300" "0100" "7b808945fc51915d");
}

TEST(LogSector, KnowsItsFourStates) {
  std::string sector;
  append_sector(sector, {"abc", 1, 0}, 5, 6);
  EXPECT_EQ(examine_sector(sector, 5, 6).state, SectorState::written);
  EXPECT_EQ(examine_sector(sector, 5, 6).bytes, "abc");
  EXPECT_EQ(examine_sector(sector, 5, 7).state, SectorState::damaged);
  EXPECT_EQ(examine_sector(sector, 4, 6).state, SectorState::damaged);
  const std::string blank(log_sector_bytes, '\0');
  EXPECT_EQ(examine_sector(blank, 5, 6).state, SectorState::blank);
  EXPECT_EQ(examine_sector(sector.substr(0, 2) + blank.substr(2), 5, 6).state, SectorState::torn);
}

// The next batch's bytes may have reached the sector without its trailer: what was there before still counts.
TEST(LogSector, BytesBehindTheUsedOnesChangeNothingAndNoOtherBitMayChange) {
  std::string sector;
  append_sector(sector, {"abc", 1, 0}, 5, 6);
  for (std::size_t bit = 0; bit < log_sector_bytes * 8; ++bit) {
    std::string flipped = sector;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const bool unused = bit / 8 >= 3 && bit / 8 < log_sector_capacity;
    const auto examined = examine_sector(flipped, 5, 6);
    ASSERT_EQ(examined.state, unused ? SectorState::written : SectorState::damaged) << "bit " << bit;
    if (unused) {
      ASSERT_EQ(examined.bytes, "abc");
    }
  }
}

TEST(LogSegment, TheHeaderHasTheseBytes) {
  const std::string sector = encode(SegmentHeader{3, 4096, Index(17), 0x1122, 2});
  EXPECT_EQ(to_hex(sector.substr(0, 56)),
            "5041524c4559574c" "02000000" "00020000" "0300000000000000" "0010000000000000" "1100000000000000"
            "2211000000000000" "0200000000000000");
  EXPECT_EQ(sector.substr(56, 448), std::string(448, '\0'));
  const auto header = decode_segment_header(sector);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->number, 3U);
  EXPECT_EQ(header->bytes, 4096U);
  EXPECT_EQ(header->first_index, Index(17));
  EXPECT_EQ(header->chain, 0x1122U);
  EXPECT_EQ(header->begins, 2U);
}

TEST(LogSegment, TheHeaderOfVersion1IsReadAndWrittenAgainAsItWas) {
  SegmentHeader old{3, 4096, Index(17), 0x1122};
  old.version = 1;
  const std::string sector = encode(old);
  EXPECT_EQ(to_hex(sector.substr(8, 4)), "01000000");
  EXPECT_EQ(sector.substr(48, 456), std::string(456, '\0'));
  const auto header = decode_segment_header(sector);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->version, 1U);
  EXPECT_EQ(header->begins, 1U);
  EXPECT_EQ(encode(*header), sector);
}

TEST(LogSegment, AHeaderThatBeginsTheLogBehindItselfIsDamaged) {
  EXPECT_FALSE(decode_segment_header(encode(SegmentHeader{3, 4096, Index(17), 0, 4})).ok());
}

TEST(LogRecord, ABaseHasTheseBytes) {
  const LogRecord record = base_record({{Term(3), Index(2)}, LogTime{5}, nullptr, Index(1)});
  EXPECT_EQ(to_hex(record.payload), "0500000000000000" "0100000000000000" "00");
  const auto base = base_of(record, 2);
  ASSERT_TRUE(base);
  EXPECT_EQ(base->id, (raft::EntryId{Term(3), Index(2)}));
  EXPECT_EQ(base->time, LogTime{5});
  EXPECT_EQ(base->configuration_index, Index(1));
  EXPECT_FALSE(base_of(record, 1)) << "version 1 has neither";
  EXPECT_EQ(to_hex(trim_record({Term(3), Index(2)}, 9).payload), "0900000000000000");
}

TEST(LogSegment, SectorsSayWhereTheFirstRecordInThemBegins) {
  std::vector<LogRecord> records{entry_record({{Term(1), Index(1)}, LogTime{}, SharedBytes(std::string(1000, 'x'))}),
                                 truncation_record(Index(1)), truncation_record(Index(1))};
  const auto batch = encode_batch(SegmentCursor{}, 1, records);
  ASSERT_EQ(batch.sectors.size(), 3 * log_sector_bytes);
  const auto sector = [&](std::uint64_t i) {
    return examine_sector(std::string_view(batch.sectors).substr(i * log_sector_bytes, log_sector_bytes), 1, i + 1);
  };
  EXPECT_EQ(sector(0).first_record, 0);
  EXPECT_EQ(sector(1).first_record, no_record_begins);
  EXPECT_EQ(sector(2).first_record, 40 + 29 + 1000 - 2 * log_sector_capacity);
  EXPECT_EQ(batch.after.end, stream_bytes(records));
  EXPECT_EQ(batch.after.open_sector, sector(2).bytes);
}

}  // namespace
}  // namespace parley::store
