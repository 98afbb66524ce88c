#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::store {

// The lowest layer of the write-ahead log (docs/DISK.md). A segment is an array of sectors; the log's records are a
// stream of bytes laid out in them. A sector is what a disk writes wholly or not at all, so after a power cut each one
// is either as it was or as it became. Each therefore says by itself which of its states it is in: that is what tells
// a torn write (some sectors old, some new; nothing of it was acknowledged) from damage (a sector that is neither).
//
//   bytes [0, 496)   stream bytes; those behind `used` mean nothing
//         496 u32    batch: number within the segment, from 1, of the last batch that wrote this sector
//         500 u16    used: how many stream bytes, 1 to 496; only the last sector of the stream has fewer than 496
//         502 u16    first_record: offset of the first record that begins here; 0xffff: none does
//         504 u64    checksum of the used bytes, of these three numbers, and of the sector's place
inline constexpr std::size_t log_sector_bytes = 512;
inline constexpr std::size_t log_sector_capacity = 496;
inline constexpr std::uint16_t no_record_begins = 0xffff;

enum class SectorState : std::uint8_t {
  blank,     // zeros: preallocated, never written
  written,   // its checksum fits
  torn,      // bytes, but no trailer yet: only a write cut off within the sector leaves that
  damaged    // none of these
};

struct Sector {
  SectorState state = SectorState::blank;
  std::uint32_t batch = 0;                          // this and the rest: only if written
  std::uint16_t first_record = no_record_begins;
  std::string_view bytes;                           // the used ones, within what was examined
};

// `number` is the sector's place in the segment, the header being sector 0. A sector that was written for another
// place does not fit here (RELIABILITY.md D6).
Sector examine_sector(std::string_view sector, std::uint64_t segment, std::uint64_t number);

struct SectorContent {
  std::string_view bytes;   // 1 to log_sector_capacity
  std::uint32_t batch = 1;
  std::uint16_t first_record = no_record_begins;
};
void append_sector(std::string& out, const SectorContent& content, std::uint64_t segment, std::uint64_t number);

}  // namespace parley::store
