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
  std::uint64_t segment_bytes = 16 * 1024 * 1024;   // preallocated and zero-filled; a batch never spans two
};

// The segmented write-ahead log (docs/DISK.md): entries, truncations and hard state as checksummed records.
// Blocking: used by jobs on Lane::log, one at a time.
class WriteAheadLog {
 public:
  struct Opened {
    std::unique_ptr<WriteAheadLog> log;
    raft::Durable durable;                 // what survived
    std::vector<std::string> notes;        // what was found and done, for the log ("torn tail of 41 bytes …")
  };

  // Creates an empty log where there is none. A torn tail is cut and kept aside; damage before the tail is
  // refused with a text that names file, offset and what is wrong: nothing is cut (RELIABILITY.md W3, W4).
  static Result<Opened> open(Disk& disk, std::string directory, LogOptions options = {});

  virtual ~WriteAheadLog() = default;

  // One write and one fdatasync for the whole batch. Throws DiskError; after that every call throws.
  virtual void append(const raft::PersistBatch& batch) = 0;

  struct Usage {
    std::uint64_t bytes = 0;
    std::uint32_t segments = 0;
  };
  virtual Usage usage() const = 0;
};

}  // namespace parley::store
