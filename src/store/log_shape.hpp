#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/types.hpp"

namespace parley::store {

// What the log looks like without its entries: enough to say whether the next record can stand where it stands, and
// to begin a new segment. Kept while appending and while reading back, so that both obey one set of rules.
// Memory: eight bytes an entry.
class LogShape {
 public:
  LogShape() = default;
  explicit LogShape(raft::LogBase base);   // a log that holds nothing above `base`

  const raft::LogBase& base() const { return base_; }
  Index last_index() const { return base_.id.index + times_.size(); }
  raft::EntryId last() const { return id_at(last_index()); }
  raft::EntryId id_at(Index index) const;   // from base to last
  const raft::HardState& hard_state() const { return hard_state_; }

  // What a segment that is begun now stands on: the last entry, and the latest configuration, committed or not.
  raft::LogBase base_of_next() const;

  // Each returns what is wrong, and then has changed nothing.
  std::optional<std::string> append(const raft::Entry& entry);
  std::optional<std::string> truncate(Index from);
  std::optional<std::string> set_hard_state(const raft::HardState& hard_state);
  std::optional<std::string> begin_after(Index base);   // the log is trimmed: that entry is its base now

 private:
  raft::LogBase base_;
  std::deque<LogTime> times_;              // of the entries above base
  std::vector<raft::EntryId> term_begins_;   // the first entry of each term above base
  std::vector<std::pair<Index, raft::ConfigurationPtr>> configurations_;   // above base
  raft::HardState hard_state_;
};

}  // namespace parley::store
