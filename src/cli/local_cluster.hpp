#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/ask.hpp"
#include "cli/supervisor.hpp"

namespace parley::cli {

// A supervised local cluster and what can be found out about it by asking its nodes: who leads, who has caught up.
// For `parley up`, `parley demo`, parley-bench and the failure scenarios.
class LocalCluster {
 public:
  LocalCluster(ClientSeams seams, std::filesystem::path program, LocalLayout layout,
               std::vector<std::string> extra_arguments = {});

  Supervisor& supervisor() { return supervisor_; }
  const LocalLayout& layout() const { return supervisor_.layout(); }
  std::vector<std::string> servers() const;      // client addresses of all nodes
  std::string server(NodeId node) const;

  Result<Nothing> start_all();

  // What each running node says, asked at once; who doesn't answer within `patience` is left out.
  awaitable<std::map<NodeId, NodeView>> views(Duration patience);

  // The node that says "leader" and that a majority of its voters names; nullopt: not within `at_most`.
  awaitable<std::optional<NodeId>> leader(Duration at_most);

  // Every running, uncut node knows one leader, has applied all that the leader had committed when asked, and is a
  // voter (again): another one may fail now.
  awaitable<bool> caught_up(Duration at_most);

  awaitable<void> pause(Duration duration);      // of the caller, not of a node

 private:
  std::optional<NodeId> agreed_leader(const std::map<NodeId, NodeView>& views) const;

  ClientSeams seams_;
  Supervisor supervisor_;
};

}  // namespace parley::cli
