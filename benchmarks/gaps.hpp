#pragma once

#include "measurements.hpp"
#include "run.hpp"
#include "writer.hpp"

namespace parley::bench {

// What the measurements share that disturb a cluster and look for the gap that this leaves.

inline constexpr std::size_t disturbed_writers = 8;
inline constexpr milliseconds client_retry{5};

// The rolling restart's loop of docs/OPERATIONS.md: one more failure is bearable, all voters are there and connected.
// Throws if that takes more than a minute.
awaitable<void> until_whole(Run run);

// Eight writers with homes on all nodes in turn, who reconnect within client_retry.
Writers spread_writers(Run run);

// Which writers are looked at; empty: all.
using WriterFilter = std::function<bool(const Writer&)>;

// The longest time within the window without any acknowledged write.
Duration longest_gap_overall(Writers& writers, TimePoint from, TimePoint to, const WriterFilter& counts = {});
// And of any single one of them.
Duration longest_gap_of_one(Writers& writers, TimePoint from, TimePoint to, const WriterFilter& counts = {});

void require(const Result<Nothing>& result);   // throws what it says

}  // namespace parley::bench
