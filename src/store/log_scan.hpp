#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/disk.hpp"
#include "store/log_segment.hpp"
#include "store/refusal.hpp"

namespace parley::store {

// What one segment file holds.
struct SegmentScan {
  SegmentHeader header;
  std::vector<LogRecord> records;   // of all complete batches, in order
  SegmentCursor cursor;             // after the last complete batch
  std::string sectors;              // the sectors of all complete batches, fit to be written again
  bool sealed = false;
  std::uint64_t torn_offset = 0;    // in the file, of what a batch that was never completed left behind
  std::string torn;                 // its bytes; empty: nothing
};

// Reads the whole file. The error says what is wrong with it, without its name: damage, a newer version, a file
// that was cut short. A batch that a power cut left unfinished is no error but `torn`: see docs/DISK.md for how the
// two are told apart. Throws DiskError.
Result<SegmentScan, Refusal> scan_segment(Disk& disk, const std::string& path);

// The segment with which the log begins, as its last one says. Records of an unfinished batch don't count: before
// that one was complete, nothing was removed.
std::uint64_t first_segment(const SegmentScan& last);

// The numbers of the segments there are, in order. Throws DiskError.
std::vector<std::uint64_t> segment_numbers(Disk& disk, const std::string& directory);

}  // namespace parley::store
