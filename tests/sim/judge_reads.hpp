#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/history.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

// When each node's lives began: "what this process is known to have applied" ends with it. A process that installs a
// snapshot comes up anew (decision 0012): what it has applied only grows, what it held in memory alone is gone.
class NodeLives {
 public:
  void began(NodeId node, TimePoint at) {
    begins_[node].push_back(at);
    memories_[node].push_back(at);
  }
  void installed(NodeId node, TimePoint at) { memories_[node].push_back(at); }

  // The life of that node at that time; equal numbers, equal process.
  std::uint64_t life(std::uint32_t node, TimePoint at) const { return count(begins_, node, at); }
  // Equal numbers: it remembers all that it was told, also what it has not replicated.
  std::uint64_t memory(std::uint32_t node, TimePoint at) const { return count(memories_, node, at); }

 private:
  using Times = std::map<NodeId, std::vector<TimePoint>>;
  static std::uint64_t count(const Times& times, std::uint32_t node, TimePoint at);

  Times begins_;
  Times memories_;
};

// Pages of history, read, sync and search as they were answered: every row is a version of its message that was
// committed by then and, unless it is the last, was not yet replaced when the same process had last shown how far it
// was. Each process by itself is linearizable (prefix, monotonic, own writes), and what is not marked stale is so
// across all nodes (I5). Pages have no gaps.
// Nobody sees a message of an invite-only room or a pair that was not theirs to see (I8, R18). Markers don't go back.
std::optional<std::string> judge_reads(const Truth& truth, const History& history, const NodeLives& lives);

// A message that somebody saw: it is, or was, such, and it was theirs to see. Its place in truth.changes() goes to
// `version`.
std::optional<std::string> judge_message(const Truth& truth, const std::string& person, const cli::Message& message,
                                         TimePoint seen, std::size_t& version);

}  // namespace parley::sim
