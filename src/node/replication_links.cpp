#include <utility>

#include "node/replication_node.hpp"
#include "raft/log.hpp"

// How links change what a node knows: greetings, messages, forwarded commands, presence.

namespace parley::node {
namespace {

std::string hex(std::uint64_t value) {
  static const char* const digits = "0123456789abcdef";
  std::string out(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4) out[static_cast<std::size_t>(i)] = digits[value & 15];
  return out;
}

std::string versions(std::uint16_t low, std::uint16_t high) {
  return std::to_string(low) + " to " + std::to_string(high);
}

wire::Rejected rejected(std::string reason) {
  wire::Rejected rejection;
  rejection.reason = std::move(reason);
  return rejection;
}

wire::Forwarded::Outcome outcome_of(raft::Refusal refusal) {
  switch (refusal) {
    case raft::Refusal::not_leader: return wire::Forwarded::Outcome::not_leader;
    case raft::Refusal::busy: return wire::Forwarded::Outcome::busy;
    case raft::Refusal::too_large: return wire::Forwarded::Outcome::too_large;
    case raft::Refusal::invalid: break;   // of configurations only
  }
  return wire::Forwarded::Outcome::not_leader;
}

}  // namespace

// -- links that this node dialled -----------------------------------------------------------------------------

wire::Hello ReplicationNode::hello_to(NodeId to) const {
  wire::Hello hello;
  hello.from = self();
  hello.to = to;
  hello.cluster = identity_.cluster;
  hello.founding = founding_;
  hello.log_end = log_end();
  if (driver_.started()) {
    hello.configuration = driver_.consensus().log().configuration_index();
    hello.term_and_vote = raft::term_and_vote(driver_.consensus().hard_state());
  }
  hello.address = self_config_.peer.advertise;
  return hello;
}

Result<Nothing> ReplicationNode::accept_welcome(NodeId to, const wire::Welcome& welcome) {
  if (welcome.version < wire::peer_version_min || welcome.version > wire::peer_version_max) {
    return Error{describe(to) + " speaks version " + std::to_string(welcome.version) +
                 " of the peer protocol, this node " + versions(wire::peer_version_min, wire::peer_version_max)};
  }
  if (welcome.from.node != to) {
    return Error{describe(to) + " says that it is node " + std::to_string(welcome.from.node.value) +
                 ": check the addresses in the configuration"};
  }
  if (born() && welcome.cluster != ClusterId() && welcome.cluster != identity_.cluster) {
    return Error{describe(to) + " belongs to cluster " + hex(welcome.cluster.value) + ", this node to cluster " +
                 hex(identity_.cluster.value)};
  }
  return success();
}

void ReplicationNode::link_up(NodeId to, const wire::Welcome& welcome) {
  auto& lines = link_lines_[to];
  if (!std::exchange(lines.said_up, true)) seams_.logger.info("link_up", "connected to " + describe(to));
  if (!born()) {
    birth_.welcomed(to, welcome);
    birth_alarm_->ring();
    return;
  }
  if (welcome.cluster == ClusterId() && identity_.founding.find(welcome.from) != nullptr) {
    wire::Founded founded;
    founded.cluster = identity_.cluster;
    founded.configuration = identity_.founding;
    peer(to)->post(wire::PeerFrame(std::move(founded)));
  }
  if (is_other_incarnation(welcome.from)) say_not_a_member(welcome.from);
  autopilot_.reached(to);
  if (welcome.cluster == identity_.cluster && is_stranger(welcome.from)) tell_stranger(to);
  if (space_.is_short()) tell_whether_short(to);   // who says nothing is not
  driver_.consensus().reachable(to, driver_.now());
  driver_.wake();
}

void ReplicationNode::link_down(NodeId to, const std::vector<std::uint64_t>& unsent) {
  forwards_.not_sent(unsent);
  forwards_.link_lost(to);
  auto& lines = link_lines_[to];
  if (!std::exchange(lines.redialling, false) && !stopping_ && lines.downs.allow(seams_.clock.now())) {
    lines.said_up = false;
    seams_.logger.warn("link_down", "lost the connection to " + describe(to));
  }
  if (!born()) {
    birth_.lost(to);
    birth_alarm_->ring();
    return;
  }
  if (!driver_.started()) return;
  driver_.consensus().unreachable(to, driver_.now());
  // It said that it stops: this is as good as a port that refuses (R5), which a quick restart may never let be seen.
  if (autopilot_.is_stopping(to)) driver_.consensus().refused(to, driver_.now());
  driver_.wake();
}

void ReplicationNode::connect_failed(NodeId to, const net::ConnectResult& result) {
  if (!driver_.started()) return;
  if (result.failure == net::ConnectFailure::refused) {
    autopilot_.refused(to);
    driver_.consensus().refused(to, driver_.now());   // the process is gone: no need to wait for a timeout (R5)
    driver_.wake();
  } else {
    autopilot_.lost(to);
  }
}

std::optional<raft::Message> ReplicationNode::message_for(ServerId server) {
  if (!driver_.started()) return std::nullopt;
  return driver_.consensus().take_message_for(server, driver_.now());
}

bool ReplicationNode::is_other_incarnation(ServerId server) const {
  const auto* member = configuration_ ? configuration_->find(server.node) : nullptr;
  return member != nullptr && member->id.incarnation != server.incarnation;
}

bool ReplicationNode::is_member(ServerId server) const {
  return configuration_ != nullptr && configuration_->find(server) != nullptr;
}

void ReplicationNode::say_not_a_member(ServerId server) {
  seams_.logger.warn("other_incarnation",
                     "node " + std::to_string(server.node.value) + " came with another data directory (incarnation " +
                         hex(server.incarnation.value) + "): it counts for nothing until it replaces the former one");
}

// -- links that were dialled from elsewhere -------------------------------------------------------------------

Greeting ReplicationNode::answer(const wire::Hello& hello) {
  const std::string me = "node " + std::to_string(identity_.node.value);
  const std::string you = "node " + std::to_string(hello.from.node.value);
  if (hello.version_min > wire::peer_version_max || hello.version_max < wire::peer_version_min) {
    return rejected(me + " speaks versions " + versions(wire::peer_version_min, wire::peer_version_max) +
                    " of the peer protocol, " + you + " speaks " + versions(hello.version_min, hello.version_max));
  }
  if (hello.to != identity_.node) {
    return rejected("this is " + me + ", not node " + std::to_string(hello.to.value) +
                    ": check the addresses in the configuration of " + you);
  }
  if (hello.from.node == identity_.node) {
    return rejected("both ends claim to be " + me + ": two processes were started with the same --id");
  }
  if (born() && hello.cluster != ClusterId() && hello.cluster != identity_.cluster) {
    return rejected(me + " belongs to cluster " + hex(identity_.cluster.value) + ", " + you + " to cluster " +
                    hex(hello.cluster.value) + ": one of them has another cluster's data directory or address");
  }
  if (const auto refusal = answer_to_stranger(hello)) return *refusal;
  if (const auto refusal = answer_to_rolled_back(hello)) return *refusal;
  wire::Welcome welcome;
  welcome.version = std::min(wire::peer_version_max, hello.version_max);
  welcome.from = self();
  welcome.cluster = identity_.cluster;
  welcome.founding = founding_;
  if (!identity_.founding.members.empty()) welcome.founded = identity_.founding;
  return welcome;
}

void ReplicationNode::inbound_up(const wire::Hello& hello) {
  forwards_.link_lost(hello.from.node);   // what it still had to answer on a former link is lost
  callers_.insert_or_assign(hello.from, hello);
  meet(hello);
  if (auto* known = peer(hello.from.node)) known->dial_now();
  if (driver_.started() && is_other_incarnation(hello.from)) say_not_a_member(hello.from);
  if (born() && hello.cluster == identity_.cluster) autopilot_.called(hello.from);
}

// Its answers to what was forwarded came over this link.
void ReplicationNode::inbound_down(ServerId from) {
  callers_.erase(from);
  remote_presence_.erase(from.node);
  short_of_space_.erase(from);
  autopilot_.hung_up(from);
  forwards_.link_lost(from.node);
}

void ReplicationNode::arrived(const wire::Hello& hello, wire::PeerFrame frame) {
  if (!born()) {
    if (const auto* founded = std::get_if<wire::Founded>(&frame)) {
      told_ = birth_.told(*founded);
      birth_alarm_->ring();
    }
    return;   // who is in no cluster takes no part (R3)
  }
  // A link that was greeted before its dialler's birth says nothing about clusters: it greets anew afterwards.
  if (!driver_.started() || hello.cluster != identity_.cluster) return;
  if (auto* message = std::get_if<raft::Message>(&frame)) {
    driver_.consensus().step(hello.from, std::move(*message), driver_.now());
    driver_.wake();
  } else if (const auto* forward = std::get_if<wire::Forward>(&frame)) {
    arrived_forward(hello.from, *forward);
  } else if (const auto* forwarded = std::get_if<wire::Forwarded>(&frame)) {
    forwards_.answered(hello.from.node, *forwarded);
  } else if (auto* presence = std::get_if<wire::Presence>(&frame)) {
    remote_presence_.insert_or_assign(hello.from.node, std::move(presence->accounts));
  } else if (const auto* digest = std::get_if<wire::StateDigest>(&frame)) {
    heard_digest(hello.from, *digest);
  } else if (const auto* space = std::get_if<wire::DiskShort>(&frame)) {
    heard_of_space(hello.from, *space);
  } else if (const auto* request = std::get_if<wire::SnapshotRequest>(&frame)) {
    source_.requested(hello.from.node, *request);
  } else if (auto* chunk = std::get_if<wire::SnapshotChunk>(&frame)) {
    fetcher_.arrived(hello.from.node, std::move(*chunk));
  } else if (std::holds_alternative<wire::PlannedStop>(frame)) {
    if (is_other_incarnation(hello.from)) return;   // it has no seat to keep
    seams_.logger.info("planned_stop", "node " + std::to_string(hello.from.node.value) + " stops on purpose");
    autopilot_.stops(hello.from.node);
  } else if (const auto* stranger = std::get_if<wire::NotAMember>(&frame)) {
    static_cast<void>(told_not_a_member(hello.from.node, *stranger));
  } else if (auto* asked = std::get_if<wire::MemberRequest>(&frame)) {
    if (!is_member(hello.from)) return;
    const bool others = asked->action == wire::MemberAction::relocate && asked->node != hello.from.node;
    if (others) return;   // where a node is only that node says
    membership_.requested(hello.from.node, std::move(*asked));
  } else if (const auto* answered = std::get_if<wire::MemberReply>(&frame)) {
    membership_.answered(hello.from.node, *answered);
  }
}

// Answers at once with the entry's id: its sender sees in its own log what became of it.
void ReplicationNode::arrived_forward(ServerId from, const wire::Forward& forward) {
  wire::Forwarded answer;
  answer.id = forward.id;
  if (has_no_space_for(forward.command)) {
    answer.outcome = wire::Forwarded::Outcome::disk_full;
  } else if (const auto proposed = driver_.consensus().propose(forward.command, driver_.now()); proposed.ok()) {
    answer.entry = *proposed;
    driver_.wake();
  } else {
    answer.outcome = outcome_of(proposed.error());
  }
  if (auto* known = peer(from.node)) known->post(wire::PeerFrame(std::move(answer)));
}

}  // namespace parley::node
