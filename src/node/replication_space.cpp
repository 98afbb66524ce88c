#include <variant>

#include "base/mutant.hpp"
#include "node/member_changes.hpp"
#include "node/replication_node.hpp"
#include "wire/command_codec.hpp"

// A disk that is nearly full (RELIABILITY.md W10, I17; decision 0026).
//
// Invariant: what is refused was not proposed, and nothing that was proposed is taken back. Refused are only commands
// that the archive grows by: what the leader writes by itself, changes of members, and what people need to get in, to
// get out and to be kept out go on, and so do reads. So a cluster whose disks are all short serves what it has, changes
// leaders and voters, and takes messages again by itself.

namespace parley::node {
namespace {

// What does not decode is apply's to refuse, but it would be kept all the same.
bool archive_grows_by(const SharedBytes& command) {
  const auto decoded = wire::decode_command(command.view());
  if (!decoded.ok()) return true;
  const auto* sequenced = std::get_if<chat::Sequenced>(&*decoded);
  if (sequenced == nullptr) return false;
  const auto& request = sequenced->request;
  return std::holds_alternative<chat::SendRoom>(request) || std::holds_alternative<chat::SendDirect>(request) ||
         std::holds_alternative<chat::EditMessage>(request) || std::holds_alternative<chat::CreateRoom>(request) ||
         std::holds_alternative<chat::Register>(request);
}

}  // namespace

bool ReplicationNode::leads_short_of_space() const {
  return space_.is_short() && driver_.started() && driver_.consensus().standing().role == raft::Role::leader;
}

bool ReplicationNode::has_no_space_for(const SharedBytes& command) const {
  return leads_short_of_space() && archive_grows_by(command);
}

// Every second, and when this node has become leader. It leads for that long at least, so that all have had the time to
// say that they are short too: leadership must not go round among the short ones.
void ReplicationNode::space_looked(bool changed) {
  source_.space_is_short(space_.is_short());
  if (changed || space_.is_short()) {   // again and again: who has just joined was told nothing
    for (const auto& [id, peer] : peers_) tell_whether_short(id);
  }
  if (PARLEY_MUTANT(leads_from_a_full_disk) || !leads_short_of_space() || stopping_) return;
  if (seams_.clock.now() < led_since_ + SpaceWatch::look_interval) return;
  const auto status = driver_.consensus().status();
  if (status.transfer_target || !status.configuration) return;
  const auto unfit = [&](NodeId node) {
    const auto* member = status.configuration->find(node);
    return autopilot_.is_away(node) || (member != nullptr && short_of_space_.contains(member->id));
  };
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

// Member or not yet: it may be one when it matters.
void ReplicationNode::heard_of_space(ServerId from, const wire::DiskShort& frame) {
  if (frame.is_short) short_of_space_.insert(from);
  else short_of_space_.erase(from);
}

}  // namespace parley::node
