#include "store/log_spans.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace parley::store {

void SegmentSpans::truncated(Index from) {
  PARLEY_ASSERT(!spans_.empty(), "a log that has a segment");
  spans_.back().lowest_truncation = std::min(spans_.back().lowest_truncation, from);
}

void SegmentSpans::ends(std::uint64_t number, std::uint64_t stream_end) {
  const auto span = std::ranges::find(spans_, number, &SegmentSpan::number);
  PARLEY_ASSERT(span != spans_.end(), "a segment of this log");
  span->end = stream_end;
}

void SegmentSpans::drop_oldest(std::size_t count) {
  PARLEY_ASSERT(count < spans_.size(), "the last segment stays");
  spans_.erase(spans_.begin(), spans_.begin() + static_cast<std::ptrdiff_t>(count));
}

std::uint64_t SegmentSpans::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& span : spans_) sum += span.bytes;
  return sum;
}

std::size_t SegmentSpans::without(Index through, std::size_t count_max) const {
  std::size_t chosen = 0;
  Index lowest{~0ULL};   // truncation in this segment or after it
  for (std::size_t i = spans_.size(); i-- > 1;) {
    lowest = std::min(lowest, spans_[i].lowest_truncation);
    const bool can_be_first = spans_[i].version > 1 && spans_[i].base <= through && lowest > spans_[i].base;
    if (!can_be_first) continue;
    if (i <= count_max) return i;
    chosen = i;   // more than asked for; the smallest such number, unless one within the limit comes yet
  }
  return chosen;
}

}  // namespace parley::store
