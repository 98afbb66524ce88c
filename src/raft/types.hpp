#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "raft/configuration.hpp"

namespace parley::raft {

// Names one entry for good: no two entries of any log share it (Log Matching, paper 5.3).
struct EntryId {
  Term term;
  Index index;
  auto operator<=>(const EntryId&) const = default;   // term first: also the "more up-to-date" order of 5.4.1
};

struct Noop {   // the entry a leader begins its term with (paper section 8)
  bool operator==(const Noop&) const = default;
};

// What an entry says: nothing, a command for the state machine (opaque here), or a new configuration.
using Content = std::variant<Noop, SharedBytes, ConfigurationPtr>;

struct Entry {
  EntryId id;
  LogTime time;      // log time (R14), stamped by the leader, never below the entry before
  Content content;
};

// The part of the state that must be durable before anything is said about it (Figure 2, "persistent state").
struct HardState {
  Term current_term;
  std::optional<ServerId> voted_for;
  Index commit_index;   // a hint that spares re-applying by guess after a restart; never needed for safety
  bool operator==(const HardState&) const = default;
};

// What a log stands on: the entry before the first one kept, and what is still needed of that entry and of those
// before it.
struct LogBase {
  EntryId id;                       // {0,0}: the log is whole
  LogTime time;                     // log time of that entry
  ConfigurationPtr configuration;   // the latest at or below it; null: none
  Index configuration_index;        // where that one stands; 0: none, or not known
};
bool operator==(const LogBase& one, const LogBase& other);   // configurations by value

// What a snapshot stands for: every entry up to and including `id`, all of them committed, with the same particulars.
// The snapshot itself (a copy of the state machine's archive at that index) is never seen in this folder.
using SnapshotMeta = LogBase;

// One write to the log: first cut off everything from `truncate_from`, then append `entries`, then the hard
// state; all of it durable by one sync before `Consensus::persisted(number)`.
//
// With `reset` the log begins anew above that base, after a snapshot was installed (W16): every entry on disk goes,
// also those above the base, and `entries` are all that the log then holds. `truncate_from` is not set. Where the log
// holds the entry of the base (same term), no reset is wanted: it is trimmed later.
struct PersistBatch {
  std::uint64_t number = 0;                    // 0: nothing to write
  std::optional<HardState> hard_state;         // set if it changed
  std::optional<Index> truncate_from;          // set if a conflicting suffix goes
  std::vector<Entry> entries;                  // consecutive; empty if only the hard state changed
  std::optional<LogBase> reset;                // set if the log begins anew; the hard state stays where none is given
  bool empty() const { return number == 0; }
};

// What was found on disk at start: the input of a new Consensus.
struct Durable {
  HardState hard_state;
  EntryId base;                         // the entry before the first one kept; {0,0} for a whole log
  ConfigurationPtr base_configuration;  // the latest configuration at or below base; null: none
  std::vector<Entry> entries;           // consecutive from base.index + 1
  LogTime base_time{};                  // log time of the entry at base
  Index base_configuration_index{};     // where that configuration stands; 0: none, or not known
};

}  // namespace parley::raft
