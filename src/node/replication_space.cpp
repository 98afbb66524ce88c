#include "node/member_changes.hpp"
#include "node/replication_node.hpp"

// A disk that is nearly full (RELIABILITY.md W10, I17; decision 0026).
//
// Invariant: what is refused was not proposed, and nothing that was proposed is taken back. Only commands are refused:
// what the leader writes by itself, of which there is little, and changes of members go on, and so do reads. So a
// cluster whose disks are all short serves what it has, changes leaders and voters, and takes commands again by itself.

namespace parley::node {

bool ReplicationNode::has_no_space_for_more() const {
  return space_.is_short() && driver_.started() && driver_.consensus().standing().role == raft::Role::leader;
}

// Every second, and when this node has become leader: who could not take over then may be able to now.
void ReplicationNode::space_looked(bool changed) {
  if (changed) {
    for (const auto& [id, peer] : peers_) tell_whether_short(id);
  }
  if (!has_no_space_for_more() || stopping_) return;
  const auto status = driver_.consensus().status();
  if (status.transfer_target || !status.configuration) return;
  const auto unfit = [this](NodeId node) { return autopilot_.is_away(node) || short_of_space_.contains(node); };
  const auto successor = best_successor(status, self(), unfit);
  if (!successor || !driver_.consensus().transfer_leadership(*successor, driver_.now()).ok()) return;
  const std::string to = "node " + std::to_string(successor->value);
  seams_.logger.info("hand_over", "handing over to " + to + ", which has more space");
  driver_.wake();
}

void ReplicationNode::tell_whether_short(NodeId to) {
  const auto view = space_.view();
  auto* const known = peer(to);
  if (!view || known == nullptr || !known->up()) return;
  wire::DiskShort frame;
  frame.is_short = view->is_short;
  known->post(wire::PeerFrame(frame));
}

void ReplicationNode::heard_of_space(ServerId from, const wire::DiskShort& frame) {
  if (!is_member(from)) return;
  if (frame.is_short) short_of_space_.insert(from.node);
  else short_of_space_.erase(from.node);
}

}  // namespace parley::node
