#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/disk.hpp"
#include "store/log_spans.hpp"

namespace parley::store {

// Where a scrub of the log goes on; {}: at its beginning.
struct ScrubPlace {
  std::uint64_t segment = 0;
  std::uint64_t sector = 0;
  std::uint32_t batch = 0;   // of the sector before it
  bool operator==(const ScrubPlace&) const = default;
};

struct ScrubbedPart {
  std::optional<ScrubPlace> next;       // nullopt: that was the end
  std::uint64_t bytes = 0;              // read
  std::uint64_t segment = 0;            // that was looked at
  std::optional<std::string> damage;    // of that segment: names file, byte and what is wrong; `next` lies behind it
};

inline constexpr std::uint64_t scrub_part_bytes = 256 * 1024;   // at most, of one segment

// Reads scrub_part_bytes of one segment of a log that is in use, as far from the kernel's memory as it can be asked
// for, and verifies each sector: a sector that was written has its checksum, its place, all its bytes and a batch
// that is no older than the one before it; behind the end of the stream (SegmentSpan::end) there is nothing. That is
// what recovery would refuse (docs/DISK.md), but for contents of records, which no rot changes behind a checksum that
// fits. A file that is missing or can't be read is damaged: never throws DiskError. Between two writes.
ScrubbedPart scrub_log_part(Disk& disk, const std::string& directory, const std::vector<SegmentSpan>& spans,
                            ScrubPlace from);

}  // namespace parley::store
