#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"

namespace parley::store {

// What the log remembers of one of its segments.
struct SegmentSpan {
  std::uint64_t number = 1;
  std::uint64_t bytes = 0;
  std::uint32_t version = 1;
  Index base;                          // the last entry before it, when it was made
  std::uint64_t end = 0;               // bytes of its stream, seal included; of the last one: LogSegment knows
  Index lowest_truncation{~0ULL};      // the lowest entry from which a batch in it cut the log; none: the highest
};

// The segments of the log, oldest first; the last one is being written.
class SegmentSpans {
 public:
  void add(const SegmentSpan& span) { spans_.push_back(span); }
  void truncated(Index from);                      // by a batch in the last one
  void ends(std::uint64_t number, std::uint64_t stream_end);
  void drop_oldest(std::size_t count);
  void clear() { spans_.clear(); }

  const std::vector<SegmentSpan>& all() const { return spans_; }
  std::uint64_t bytes() const;

  // How many segments, from the oldest, the log can do without once everything up to `through` is in the archive: at
  // most `count_max`, unless the log could then not begin where they end.
  //
  // A segment can be the log's first if its base lies at or below `through` and nothing in it or after it cut the log
  // at or below that base: what its base record says would be about an entry that was overwritten since, perhaps a
  // configuration that never came to be (RELIABILITY.md W17, catalogue 21, 38). A truncation still to come can't
  // do that: `through` is committed. In version 1 a base record lacks the log time, so only segment 1 begins a log.
  std::size_t without(Index through, std::size_t count_max) const;

 private:
  std::vector<SegmentSpan> spans_;
};

}  // namespace parley::store
