#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/types.hpp"
#include "wire/raft_codec.hpp"

namespace parley::store {

// The records of the write-ahead log, as they stand in the stream that the sectors carry (docs/DISK.md):
//
//   0 u32 payload size   4 u8 kind   5 u8 flags (1: last of its batch)   6 u16 zero   8 u64 index   16 u64 term
//   24 u64 checksum of the payload
//   32 u64 checksum of bytes 0-31, seeded with the same checksum of the record before (the chain)
//   40 payload
//
// The chain runs over the headers: a damaged payload leaves it whole, so that what was lost is known by index, term
// and checksum (the identifiers of CTRL, FAST'18) and can be fetched from another node.
enum class RecordKind : std::uint8_t {
  entry = 1,        // index, term: the entry's; payload: the entry (wire/raft_codec.hpp)
  hard_state = 2,   // payload: the hard state
  truncation = 3,   // index: the first entry that goes
  base = 4,         // begins every segment; index, term: the last entry before it; payload: its log time i64, index of
                    // the configuration u64 (neither in version 1), u8 present, the latest configuration at or below it
  seal = 5,         // ends every segment but the last; index, term: the last entry of the log
  trim = 6          // the log begins with another segment now; index, term: that one's base; payload: its number u64
};

inline constexpr std::size_t record_header_bytes = 40;
inline constexpr std::size_t record_payload_max = wire::payload_max + 64 * 1024;   // a command, and what frames it

struct LogRecord {
  RecordKind kind = RecordKind::entry;
  bool last_of_batch = false;
  raft::EntryId id;
  std::string payload;
};

LogRecord entry_record(const raft::Entry& entry);
LogRecord hard_state_record(const raft::HardState& hard_state);
LogRecord truncation_record(Index from);
LogRecord base_record(const raft::LogBase& base);
LogRecord seal_record(raft::EntryId last);
LogRecord trim_record(raft::EntryId base, std::uint64_t first_segment);

// nullopt: the payload is not what the kind says.
std::optional<raft::Entry> entry_of(const LogRecord& record);
std::optional<raft::HardState> hard_state_of(const LogRecord& record);
std::optional<raft::LogBase> base_of(const LogRecord& record, std::uint32_t version);   // of the segment's header
std::optional<std::uint64_t> first_segment_of(const LogRecord& trim);

// Appends to the stream and moves the chain on.
void append_record(std::string& stream, std::uint64_t& chain, const LogRecord& record);

struct ReadRecord {
  enum class Outcome : std::uint8_t { complete, cut_short, damaged };
  Outcome outcome = Outcome::complete;
  LogRecord record;         // if complete; with damage in the payload only, its kind and id are right too
  std::size_t size = 0;     // bytes in the stream
  std::uint64_t chain = 0;  // after it
  std::string what;         // if damaged, for people
};
// The one at its beginning; any bytes. Without a chain: what went before is lost, and only the payload is verified.
ReadRecord read_record(std::string_view stream, std::optional<std::uint64_t> chain);

}  // namespace parley::store
