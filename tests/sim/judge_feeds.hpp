#pragma once

#include <optional>
#include <string>

#include "sim/history.hpp"
#include "sim/judge_reads.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

// Subscriptions, and the pages of `sync` alike, against the log (I6): Ordered by the log, Unique, Reliable (of what the
// reader was to be told, nothing is missing below a cursor, edits and deletes included; where several versions of a
// message lie below it, the last will do), Resumable (a subscription begun at a cursor misses nothing above it),
// Bookmarkable (so at every cursor that the client ever showed). Whoever has been connected since `quiet`, from when on
// all nodes are healthy and stand at the log's end, has been told everything by now; but not who still takes a process
// that is gone for connected, because it went without a word.
std::optional<std::string> judge_feeds(const Truth& truth, const History& history, const NodeLives& lives,
                                       TimePoint quiet, TimePoint now);

}  // namespace parley::sim
