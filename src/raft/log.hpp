#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "raft/types.hpp"

namespace parley::raft {

// The entries a server holds, from just above `base` to the last, and the configurations among them. The prefix up
// to `base` is not here: it was committed, and the state machine's archive stands for it.
//
//       compacted      |  held here
//   1 ... base.index   |  base.index + 1 ... last_index()
//
// Every access by index is O(1), every search by term O(log n): terms never fall along a log.
class Log {
 public:
  Log() = default;
  explicit Log(Durable& durable);   // moves the entries out; asserts that they are consecutive

  EntryId base() const { return base_; }
  LogTime base_time() const { return base_time_; }
  Index last_index() const { return base_.index + entries_.size(); }
  EntryId last_id() const { return entries_.empty() ? base_ : entries_.back().id; }
  LogTime last_time() const { return entries_.empty() ? base_time_ : entries_.back().time; }

  std::optional<Term> term_at(Index index) const;   // from base to last; nullopt outside
  const Entry& at(Index index) const;               // above base, at most last
  void append(Entry entry);                         // its index is last_index() + 1
  void truncate_from(Index index);                  // that entry and all after it go; above base
  void compact(Index through);                      // that entry and all before it go; at most last, at least base
  void reset(const LogBase& base);                  // all go; the log begins anew above that

  // The latest configuration, committed or not, and where it stands; null and 0: none.
  const ConfigurationPtr& configuration() const { return configurations_.back().second; }
  Index configuration_index() const { return configurations_.back().first; }
  Index configuration_index_at(Index index) const;   // where the one stands that holds at `index`
  const ConfigurationPtr& configuration_at(Index index) const;   // the latest at or below `index`
  LogBase base_at(Index index) const;               // what a log would stand on that begins above `index`; base to last
  std::size_t configurations_above(Index index) const;

  // Fast back-off of next_index (paper 5.3, last paragraphs).
  Index first_index_of_term_at(Index index) const;       // first entry held here with the term of that entry
  Index last_index_up_to(Term term, Index index) const;  // last entry <= index whose term is <= term; base if none

  std::size_t bytes() const { return bytes_; }   // weight() of all that is held here

  // Entries from `first` on: at most `entries_max`, at most `bytes_max` payload bytes but always one.
  std::vector<Entry> copy(Index first, Index last, std::size_t entries_max, std::size_t bytes_max) const;

 private:
  std::size_t offset(Index index) const { return static_cast<std::size_t>(index - base_.index) - 1; }
  const std::pair<Index, ConfigurationPtr>& holding_at(Index index) const;

  EntryId base_;
  LogTime base_time_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  // Ascending; the first is the one that holds at base, and never goes.
  std::vector<std::pair<Index, ConfigurationPtr>> configurations_{{Index(0), nullptr}};
};

// What an entry weighs against the limits in bytes: its payload, and a little for being an entry at all.
std::size_t weight(const Entry& entry);

}  // namespace parley::raft
