#pragma once

#include <string>
#include <vector>

#include "node/config.hpp"
#include "raft/types.hpp"

namespace parley::node {

// R6: the file's list of nodes counts at the cluster's birth only. What it says of other nodes that is not so (any
// more), a line each, with the command that would make it so. Of this node itself see replication_address.cpp.
std::vector<std::string> file_differences(const ClusterConfig& file, const raft::Configuration& members, NodeId self);

}  // namespace parley::node
