#pragma once

#include "writer.hpp"

namespace parley::bench {

// What became of the writers' sends, by what stands in their room at the end.
struct SentCounts {
  std::size_t in_room = 0;        // messages
  std::size_t acknowledged = 0;
  std::size_t lost = 0;           // acknowledged, and not there
  std::size_t doubled = 0;        // there more than once, acknowledged or not
};

// All writers in one room. Reads it from its beginning to its end; call it when nobody writes any more. Throws
// std::runtime_error if it can't be read.
awaitable<SentCounts> count_sent(BenchCluster& cluster, Writers& writers);

}  // namespace parley::bench
