#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/disk.hpp"
#include "store/log_record.hpp"
#include "store/log_sector.hpp"
#include "store/log_spans.hpp"
#include "store/refusal.hpp"

namespace parley::store {

inline constexpr std::uint32_t log_version = 2;   // 1 is read too, and its last segment continued
inline constexpr std::uint64_t segment_bytes_max = 256 * 1024 * 1024;   // a reader holds one segment in memory

// Sector 0 of a segment:
//   0 "PARLEYWL"   8 u32 version   12 u32 sector bytes (512)   16 u64 segment number, from 1   24 u64 segment bytes
//   32 u64 index of the first entry that can stand here   40 u64 chain: where the segment before left it; 0 where the
//   log begins anew   48 u64 segment with which the log began when this one was made (version 1: zero, meaning 1)
//   56 zeros   504 u64 checksum of all before
// Every version keeps the magic, the version and the checksum in their places.
struct SegmentHeader {
  std::uint64_t number = 1;
  std::uint64_t bytes = 0;
  Index first_index;
  std::uint64_t chain = 0;
  std::uint64_t begins = 1;    // what lies in segments before that one means nothing; at most `number`
  std::uint32_t version = log_version;
};

SegmentSpan span_of(const SegmentHeader& header);
std::string encode(const SegmentHeader& header);                       // one sector
Result<SegmentHeader, Refusal> decode_segment_header(std::string_view sector);  // the error lacks the file's name

std::string segment_path(const std::string& directory, std::uint64_t number);   // "log/0000000001.wal"

// Where the stream of a segment ends and the next batch goes.
struct SegmentCursor {
  std::uint64_t end = 0;                           // bytes of stream so far
  std::string open_sector;                         // its bytes since the last sector boundary
  std::uint16_t first_record = no_record_begins;   // of the open sector
  std::uint32_t batch = 0;                         // number of the last batch
  std::uint64_t chain = 0;
};

// One batch as the sectors that one write puts on the disk.
struct EncodedBatch {
  std::uint64_t offset = 0;   // in the file
  std::string sectors;
  SegmentCursor after;
};

// `records` is not empty; the last of them is marked as the last of the batch.
EncodedBatch encode_batch(const SegmentCursor& cursor, std::uint64_t segment, std::vector<LogRecord>& records);

std::uint64_t stream_bytes(const std::vector<LogRecord>& records);
std::uint64_t stream_capacity(std::uint64_t segment_bytes);
std::uint64_t segment_bytes_for(std::uint64_t stream_bytes);   // whole sectors, header and room for the seal included

// The segment that is being written.
class LogSegment {
 public:
  // Writes a file under a temporary name, syncs it, gives it its name and syncs the directory: a segment that can be
  // seen is whole. `sectors` follow the header.
  static LogSegment create(Disk& disk, const std::string& directory, const SegmentHeader& header,
                           std::string_view sectors, SegmentCursor cursor);

  const SegmentHeader& header() const { return header_; }
  const SegmentCursor& cursor() const { return cursor_; }
  bool fits(const std::vector<LogRecord>& records) const;   // and the seal after them

  void write(std::vector<LogRecord> records);   // one write, one sync; throws DiskError

 private:
  LogSegment(std::unique_ptr<File> file, const SegmentHeader& header, SegmentCursor cursor);

  std::unique_ptr<File> file_;
  SegmentHeader header_;
  SegmentCursor cursor_;
};

}  // namespace parley::store
