#pragma once

#include <optional>
#include <string>

#include "sim/history.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

// I1, I2, I3, I4, I7, I8, I11 of RELIABILITY.md: every acknowledged send and edit stands in the log once, under the
// number and id that were told; what was refused doesn't, what is unknown at most once; nothing stands there that
// nobody asked for; each person's requests stand in the order they were made, and nobody's before one that was
// acknowledged before it was made. Numbers are dense; a deleted message stays as it is; deletions are counted once.
std::optional<std::string> judge_requests(const Truth& truth, const History& history);

}  // namespace parley::sim
