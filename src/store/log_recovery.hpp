#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "raft/types.hpp"
#include "store/disk.hpp"
#include "store/log_segment.hpp"
#include "store/log_shape.hpp"
#include "store/refusal.hpp"

namespace parley::store {

struct RecoveredLog {
  LogShape shape;
  raft::Durable durable;
  std::optional<LogSegment> tail;      // ready for the next batch; empty: there is no log in the directory
  SegmentSpans spans;                  // of all segments, the tail last
  std::vector<std::string> notes;
};

// Reads the log of a directory and makes it fit to be continued: the last segment is copied to a new file without
// what a power cut left of an unfinished batch. Damage is refused and nothing is changed. Throws DiskError.
Result<RecoveredLog, Refusal> recover_log(Disk& disk, const std::string& directory);

}  // namespace parley::store
