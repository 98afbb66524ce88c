#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "raft/types.hpp"
#include "store/disk.hpp"
#include "store/log_scrub.hpp"
#include "store/refusal.hpp"

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
  // names file, offset and what is wrong: nothing is cut (RELIABILITY.md W3, W4). What it returns as
  // durable is: the last segment has been copied and synced, whatever became of the syncs of an earlier life.
  static Result<Opened, Refusal> open(Disk& disk, std::string directory, LogOptions options = {});

  virtual ~WriteAheadLog() = default;

  // One write and one fdatasync for the whole batch. Throws DiskError; after that every call throws the same.
  // That the batch continues the log (indexes without gap, terms not falling, no truncation of what is committed, no
  // commit index beyond the entries) is asserted before it is written.
  //
  // With `reset` the log begins anew: nothing of before is left but term and vote, all at once whenever the power
  // fails. The commit index becomes that of the base at least. The base lies at or above what is known as committed.
  virtual void append(const raft::PersistBatch& batch) = 0;

  // Removes sealed segments, oldest first, that hold nothing above `through`: what is committed, applied and in a
  // checkpointed archive. About `segments_max` at a time, so that batches get their turn; returns how many went, 0:
  // there is nothing (more) to remove. The durable commit index becomes that of the new base at least. Durable when
  // it returns; cut short it is finished by the next open(). Throws DiskError, as append() does.
  virtual std::size_t trim(Index through, std::size_t segments_max = 16) = 0;

  // Ends the segment that is written to, so that all that lies in files now can go as soon as it is in the archive.
  // Returns the last index before the new one. Throws DiskError, as append() does.
  virtual Index begin_segment() = 0;

  // Reads a part of what the log holds again and verifies it, sector by sector (W19); see log_scrub.hpp. Of damage it
  // only speaks: nothing is changed. A file that can't be read is damaged.
  virtual ScrubbedPart scrub_part(ScrubPlace from) = 0;

  struct Usage {
    std::uint64_t bytes = 0;
    std::uint32_t segments = 0;
    std::uint64_t first_segment = 1;
    Index base;   // the entry before the first one kept on disk
  };
  virtual Usage usage() const = 0;
};

}  // namespace parley::store
