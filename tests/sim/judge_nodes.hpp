#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "node/node.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

// Each node's copy against the committed log: the chain digest whenever it applied something, at the end the digest of
// the whole state and every row of every message, from the archive and memory together.
class NodeJudge {
 public:
  explicit NodeJudge(const Truth& truth) : truth_(truth) {}

  std::optional<std::string> after_step(NodeId id, node::Node& node, bool& moved);   // moved: it applied something
  std::optional<std::string> look_at_limits(NodeId id, node::Node& node) const;   // I18
  std::optional<std::string> at_end(NodeId id, node::Node& node) const;
  void restarted(NodeId id) { applied_.erase(id); }
  void disk_harmed(NodeId id) { harmed_.insert(id); }

 private:
  std::optional<std::string> compare_rows(NodeId id, const node::Services& services) const;

  const Truth& truth_;
  std::map<NodeId, raft::EntryId> applied_;
  std::set<NodeId> harmed_;
};

}  // namespace parley::sim
