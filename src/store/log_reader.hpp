#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "store/disk.hpp"
#include "store/log_record.hpp"
#include "store/log_segment.hpp"

namespace parley::store {

// What read_log() tells, in the order of the files.
struct LogVisitor {
  std::function<void(const std::string& file, const SegmentHeader& header)> segment;
  std::function<void(const LogRecord& record, const SegmentHeader& header)> record;
  std::function<void(const std::string& what)> note;     // a torn batch, files that mean nothing any more
  std::function<void(const std::string& what)> damage;   // names file and place; the reading goes on with the next file
};

// Reads a log as it lies there, to look at: nothing is repaired, cut or copied, no byte is changed. One segment in
// memory at a time. Throws DiskError.
void read_log(Disk& disk, const std::string& directory, const LogVisitor& visitor);

// The last entry of that log; the error says why it can't be known. Throws DiskError.
Result<raft::EntryId> last_entry(Disk& disk, const std::string& directory);

}  // namespace parley::store
