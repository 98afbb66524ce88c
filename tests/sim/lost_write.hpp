#pragma once

#include <optional>
#include <string>

#include "store/memory_disk.hpp"

namespace parley::sim {

// A write-ahead log whose last batches were synced and are not there any more (D14: a disk that reports a write done
// and loses it).
struct LostWrite {
  std::string path;    // of the last segment
  std::string bytes;   // of that file without them, as the batch before them left it
};

// If the log ends with batches that hold nothing but term and vote: without the last `most` of them. nullopt: it does
// not, or what is lost with them would be seen at once (the batch with which a segment was made). Reads a copy.
std::optional<LostWrite> without_last_votes(const store::MemoryDisk& disk, std::size_t most);

}  // namespace parley::sim
