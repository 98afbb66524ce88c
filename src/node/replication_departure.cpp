#include <algorithm>
#include <utility>

#include "node/replication_node.hpp"
#include "raft/log.hpp"

// A planned stop (DESIGN.md section 2): the others are told, so that they keep this node's seat; a leader hands over
// first. Nothing depends on its success: a node that stops like this and one that is killed leave the same disk.

namespace parley::node {
namespace {

constexpr int departure_timeouts = 4;   // election timeouts that it may take, all in all
constexpr Duration look_interval = milliseconds(5);

}  // namespace

net::awaitable<void> ReplicationNode::depart() {
  if (!driver_.started() || stopping_) co_return;
  autopilot_.leave();
  std::map<NodeId, std::uint64_t> said;
  for (const auto& [id, peer] : peers_) {
    if (peer->post(wire::PeerFrame(wire::PlannedStop()))) said[id] = peer->posted();
  }
  const TimePoint deadline = seams_.clock.now() + departure_timeouts * config_.election_timeout;
  bool led = driver_.consensus().status().role == raft::Role::leader;
  while (!stopping_ && !(led_out(led) && told(said))) {
    if (seams_.clock.now() >= deadline) {
      seams_.logger.warn("stop_cut_short", "leaves without having handed over, or without everybody having been told");
      co_return;
    }
    const TimePoint next = std::min(deadline, seams_.clock.now() + look_interval);
    co_await departure_alarm_->wait_until(next);
  }
}

// Whatever else is posted meanwhile: under load there is always something.
bool ReplicationNode::told(const std::map<NodeId, std::uint64_t>& said) const {
  return std::ranges::all_of(said, [this](const auto& entry) { return peer(entry.first)->out() >= entry.second; });
}

// One step out of the leadership; true when none is left. Who led stays until the next leader has committed in its own
// term: that one may need this node's vote for it, and may take this node's vote away only afterwards (R1). `led`: it
// did since it is to stop.
bool ReplicationNode::led_out(bool& led) {
  const auto status = driver_.consensus().status();
  const raft::Log& log = driver_.consensus().log();
  if (status.role != raft::Role::leader) {
    // Who is being made a voter stays until that is so: its leader can commit nothing without it any more.
    const bool promised = log.configuration() && log.configuration()->is_voter(self());
    if (promised && log.configuration_index() > status.commit_index) return false;
    return !led || log.term_at(status.commit_index) == status.term;
  }
  led = true;
  if (status.transfer_target) return false;
  const auto away = [this](NodeId node) { return autopilot_.is_away(node); };
  if (const auto successor = best_successor(status, self(), away)) {
    const auto begun = driver_.consensus().transfer_leadership(*successor, driver_.now());
    if (begun.ok()) seams_.logger.info("hand_over", "handing over to node " + std::to_string(successor->value));
    driver_.wake();
    return false;
  }
  if (promote_successor(status)) return false;
  // Who is heard, and only not ready yet, may be so in a moment. Who stops, too, or is gone is not waited for.
  return std::ranges::none_of(status.peers, [&](const raft::PeerStatus& peer) {
    return status.configuration->is_voter(peer.id) && peer.recently_heard && !away(peer.id.node);
  });
}

// A sole voter makes a voter of a learner that is caught up, so that it can hand over to it. False: there is none.
bool ReplicationNode::promote_successor(const raft::Status& status) {
  const auto away = [this](NodeId node) { return autopilot_.is_away(node); };
  const bool alone = status.configuration->voters() == 1 && status.configuration->is_voter(self());
  const auto learner = best_learner(status, away);
  if (!alone || !learner) return false;
  auto larger = with_vote(*status.configuration, *learner, true);
  if (driver_.consensus().propose_configuration(std::move(larger), driver_.now()).ok()) {
    seams_.logger.info("hand_over", "node " + std::to_string(learner->value) + " is made a voter to hand over to it");
    driver_.wake();
  }
  return true;
}

}  // namespace parley::node
