#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "raft/types.hpp"
#include "store/disk.hpp"

namespace parley::store {

struct LogOptions {
  std::uint64_t segment_bytes = 16 * 1024 * 1024;   // preallocated and zero-filled; a batch never spans two; whole
                                                    // sectors of 512 bytes. A batch that needs more gets more.
  bool must_exist = false;   // an empty directory is refused: for a node that has been a member of a cluster (W6, D14)
};

// The segmented write-ahead log (docs/DISK.md): entries, truncations and hard state as checksummed records.
// Blocking: used by jobs on Lane::log, one at a time. The disk outlives the log.
//
// A batch is one commit unit: after a crash the log is exactly what it was after some batch, the last one whose
// append() returned or the one after it; never between. So a hard state is never seen without the entries written
// with it, nor a truncation without what replaced the entries it took.
class WriteAheadLog {
 public:
  struct Opened {
    std::unique_ptr<WriteAheadLog> log;
    raft::Durable durable;                 // what survived
    std::vector<std::string> notes;        // what was found and done, for the log ("torn tail of 41 bytes …")
  };

  // Creates an empty log where there is none. A torn tail is cut and kept aside; damage is refused with a text that
  // names file, offset, what is wrong and the remedy: nothing is cut (RELIABILITY.md W3, W4). What it returns as
  // durable is: the last segment has been copied and synced, whatever became of the syncs of an earlier life.
  static Result<Opened> open(Disk& disk, std::string directory, LogOptions options = {});

  virtual ~WriteAheadLog() = default;

  // One write and one fdatasync for the whole batch. Throws DiskError; after that every call throws the same.
  // That the batch continues the log (indexes without gap, terms not falling, no truncation of what is committed, no
  // commit index beyond the entries) is asserted before it is written.
  virtual void append(const raft::PersistBatch& batch) = 0;

  struct Usage {
    std::uint64_t bytes = 0;
    std::uint32_t segments = 0;
  };
  virtual Usage usage() const = 0;
};

}  // namespace parley::store
