#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/types.hpp"

namespace parley::store {

// What the log looks like without its entries: enough to say whether the next record can stand where it stands, and
// to begin a new segment. Kept while appending and while reading back, so that both obey one set of rules.
class LogShape {
 public:
  LogShape() = default;
  LogShape(raft::EntryId base, raft::ConfigurationPtr configuration);   // a log that holds nothing above `base`

  raft::EntryId base() const { return base_; }
  raft::EntryId last() const;
  const raft::ConfigurationPtr& configuration() const;   // the latest, committed or not; null: none yet
  const raft::HardState& hard_state() const { return hard_state_; }

  // Each returns what is wrong, and then has changed nothing.
  std::optional<std::string> append(const raft::Entry& entry);
  std::optional<std::string> truncate(Index from);
  std::optional<std::string> set_hard_state(const raft::HardState& hard_state);

 private:
  Term term_at(Index index) const;

  raft::EntryId base_;
  raft::ConfigurationPtr base_configuration_;
  Index last_index_;
  std::vector<raft::EntryId> term_begins_;   // the first entry of each term above base
  std::vector<std::pair<Index, raft::ConfigurationPtr>> configurations_;   // above base
  raft::HardState hard_state_;
};

}  // namespace parley::store
