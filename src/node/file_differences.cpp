#include "node/file_differences.hpp"

#include <algorithm>

namespace parley::node {
namespace {

std::string add_command(const NodeConfig& node) {
  return "parley member add " + std::to_string(node.id.value) + " --peer " + node.peer.advertise + " --client " +
         node.client.advertise;
}

}  // namespace

std::vector<std::string> file_differences(const ClusterConfig& file, const raft::Configuration& members, NodeId self) {
  std::vector<std::string> lines;
  for (const NodeConfig& node : file.nodes) {
    if (node.id == self) continue;
    const std::string name = "node " + std::to_string(node.id.value);
    const raft::Member* member = members.find(node.id);
    if (member == nullptr) {
      lines.push_back("this node's file lists " + name + ", which is no member; to make it one: " + add_command(node));
    } else if (member->peer_address != node.peer.advertise || member->client_address != node.client.advertise) {
      lines.push_back(name + " is at " + member->peer_address + " and " + member->client_address +
                      ", and this node's file says otherwise; to believe the file: " + add_command(node));
    }
  }
  for (const raft::Member& member : members.members) {
    const NodeId id = member.id.node;
    if (id == self || file.find(id) != nullptr) continue;
    const std::string number = std::to_string(id.value);
    lines.push_back("node " + number + " is a member, and this node's file does not list it: add it there, or, to be "
                    "rid of it: parley member remove " + number);
  }
  return lines;
}

}  // namespace parley::node
