#pragma once

#include <optional>

#include "raft/log.hpp"
#include "raft/types.hpp"

namespace parley::raft {

// What of this server's log and hard state is on its disk, and what is on the way there. One batch is written at a
// time; the batch that gathers meanwhile is the next.
//
//      base            stable                last
//   ----|----------------|--------------------|      the log in memory
//       |  equal on disk |  written next, or being written
//
// Entries in a batch under way may be overwritten in memory by a new leader before the write ends. The write's end
// then says nothing about the entries that stand at those indexes now, even where index and term agree again later
// (the ABA of asynchronous log writes, catalogue 35). So a truncation also cuts what the batch under way may prove,
// and the next batch begins by cutting the disk.
class Persistence {
 public:
  Persistence(const HardState& hard_state, Index last_index);

  // The next batch of at most `bytes_max` payload bytes (always at least one entry); empty() while one is under way
  // or if there is nothing to write. A commit index alone is no reason to write: it is a hint.
  PersistBatch take(const HardState& hard_state, const Log& log, std::size_t bytes_max, TimePoint now);

  void persisted(std::uint64_t number);   // asserts that this is the batch under way
  void truncated_from(Index index);       // the log in memory was cut there

  // The log in memory began anew at `base`, above `committed`. The next batch says so to the disk. Until then what is
  // durable is only what was committed before: of the rest it is not known that it belongs to the same history.
  void reset(LogBase base, Index committed);

  Index stable() const { return stable_; }   // the log is durable up to here, as it is in memory
  bool holds(const HardState& hard_state) const;   // term and vote are durable
  std::optional<TimePoint> writing_since() const;  // empty: no batch is under way

 private:
  struct UnderWay {
    std::uint64_t number = 0;
    HardState hard_state;
    Index proves;   // once written, the log is durable up to here
    TimePoint since;
  };

  HardState durable_;
  Index stable_;
  Index on_disk_;   // last index in the file once the batch under way is written; beyond `stable_` it is to be cut
  std::optional<LogBase> reset_;   // goes with the next batch
  std::optional<UnderWay> under_way_;
  std::uint64_t last_number_ = 0;
};

}  // namespace parley::raft
