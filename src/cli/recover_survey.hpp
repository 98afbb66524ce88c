#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "node/config.hpp"
#include "raft/types.hpp"

namespace parley::cli {

// What is known of one node when a majority seems lost.
struct Survivor {
  NodeId node;
  std::string where;                    // the address that answered, or the directory that was read
  bool runs = false;
  std::optional<NodeId> leader;         // that it names; then the majority is not lost
  std::optional<raft::EntryId> last;    // of its log; of one that runs the term is not known: 0
  std::string trouble;                  // why nothing is known
};

// Asks every other configured node, for a few seconds while one answers without a leader (an election may be under
// way), then reads the logs of the directories that are on this machine and not in use.
std::vector<Survivor> survey(const node::ClusterConfig& config, NodeId self, const std::string& own_data);

// Who holds most: the log that an election would prefer (paper 5.4.1). Only of those that are stopped.
const Survivor* best_of(const std::vector<Survivor>& survivors);

// One that runs and whose log is longer than `last`: it has to be stopped to be compared.
const Survivor* longer_than(raft::EntryId last, const std::vector<Survivor>& survivors);

}  // namespace parley::cli
