#include "node/member_changes.hpp"

#include <algorithm>
#include <utility>

namespace parley::node {
namespace {

using Outcome = wire::MemberReply::Outcome;

constexpr std::uint64_t caught_up_entries = 256;   // as raft::AutopilotOptions has it

std::string name(NodeId node) { return "node " + std::to_string(node.value); }

MemberPlan said(Outcome outcome, std::string text) {
  MemberPlan plan;
  plan.reply.outcome = outcome;
  plan.reply.text = std::move(text);
  return plan;
}

MemberPlan refuse(std::string text) { return said(Outcome::refused, std::move(text)); }

MemberPlan change(raft::Configuration configuration, std::string text) {
  MemberPlan plan = said(Outcome::done, std::move(text));
  plan.configuration = std::move(configuration);
  return plan;
}

const raft::PeerStatus* peer_of(const raft::Status& status, ServerId id) {
  const auto found = std::ranges::find(status.peers, id, &raft::PeerStatus::id);
  return found == status.peers.end() ? nullptr : &*found;
}

bool heard(const raft::Status& status, const raft::Member& member, ServerId self, const Away& away) {
  if (member.id == self) return true;
  const auto* peer = peer_of(status, member.id);
  return peer != nullptr && peer->recently_heard && !away(member.id.node);
}

bool caught_up(const raft::Status& status, const raft::PeerStatus& peer, const Away& away) {
  return peer.recently_heard && !away(peer.id.node) && peer.replicating && peer.match_index > Index(0) &&
         peer.match_index + caught_up_entries >= status.last_index;
}

// Whether a majority of its voters is heard now: else what it decides waits until some of them return.
bool usable(const raft::Status& status, const raft::Configuration& configuration, ServerId self, const Away& away) {
  const auto alive = std::ranges::count_if(configuration.members, [&](const raft::Member& member) {
    return member.voter && heard(status, member, self, away);
  });
  return static_cast<std::size_t>(alive) >= configuration.quorum();
}

// New addresses of a member; nullopt: it is none.
std::optional<MemberPlan> plan_relocate(const raft::Status& status, const wire::MemberRequest& request) {
  raft::Configuration next = *status.configuration;
  const auto found = std::ranges::find(next.members, request.node, [](const auto& member) { return member.id.node; });
  if (found == next.members.end()) return std::nullopt;
  raft::Member changed = *found;
  if (!request.peer_address.empty()) changed.peer_address = request.peer_address;
  if (!request.client_address.empty()) changed.client_address = request.client_address;
  if (changed == *found) return said(Outcome::done, name(request.node) + " is a member already, at these addresses");
  *found = changed;
  return change(std::move(next), name(request.node) + " is now at " + changed.peer_address + " for nodes and " +
                                     changed.client_address + " for clients");
}

MemberPlan plan_add(const raft::Status& status, const wire::MemberRequest& request) {
  if (auto known = plan_relocate(status, request)) return std::move(*known);
  raft::Configuration next = *status.configuration;
  if (request.peer_address.empty() || request.client_address.empty()) {
    return refuse(name(request.node) + " is no member yet: give both its addresses, --peer and --client");
  }
  if (next.members.size() >= raft::members_max) {
    return refuse("a cluster has at most " + std::to_string(raft::members_max) + " members");
  }
  raft::Member added;
  added.id = ServerId{request.node, Incarnation(0)};   // its data directory says who it is when it calls (R4)
  added.voter = false;
  added.peer_address = request.peer_address;
  added.client_address = request.client_address;
  next.members.push_back(std::move(added));
  return change(std::move(next), name(request.node) + " is a learner; start it, and it becomes a voter by itself once "
                                                      "it is caught up");
}

// By force: one voter fewer of those that are not heard, as dynamic quorum would have it but for min_voters. Each such
// step is committed by those who are heard, so nothing ever waits for who may not come back. nullopt: it is no help.
std::optional<MemberPlan> plan_without_the_dead(const raft::Status& status, ServerId self, NodeId removed,
                                                const Away& away) {
  for (const raft::Member& member : status.configuration->members) {
    if (!member.voter || member.id.node == removed || heard(status, member, self, away)) continue;
    auto smaller = with_vote(*status.configuration, member.id.node, false);
    if (!usable(status, smaller, self, away)) return std::nullopt;
    MemberPlan plan = change(std::move(smaller), name(member.id.node) + " has no vote any more: it is not heard");
    plan.goes_on = true;
    return plan;
  }
  return std::nullopt;
}

MemberPlan plan_remove(const raft::Status& status, ServerId self, const wire::MemberRequest& request,
                       const Away& away) {
  raft::Configuration next = *status.configuration;
  const raft::Member* member = next.find(request.node);
  if (member == nullptr) return said(Outcome::done, name(request.node) + " is no member");
  if (member->voter && next.voters() == 1) {
    return refuse(name(request.node) + " is the only voter: without it the cluster is over");
  }
  const bool was_voter = member->voter;
  std::erase_if(next.members, [&](const auto& one) { return one.id.node == request.node; });
  if (!usable(status, next, self, away)) {
    auto plan = plan_without_the_dead(status, self, request.node, away);
    if (plan && request.force) return std::move(*plan);
    const char* force = plan ? "; --force takes the votes of those not heard first, whatever min_voters says" : "";
    return refuse("without " + name(request.node) + " no majority of the voters is heard, and nothing could be written "
                  "until more of them return" + force);
  }
  if (request.node == self.node) {   // its successor does it
    MemberPlan plan = said(Outcome::later, name(self.node) + " leads and hands over first");
    plan.transfer = best_successor(status, self, away);
    if (!plan.transfer) return refuse(name(self.node) + " leads, and there is no voter that it could hand over to");
    return plan;
  }
  if (!was_voter) return change(std::move(next), name(request.node) + " is a member no more");
  // First its vote, as from a dead one: a change that takes that alone can be taken back (decision 0022). Who is no
  // member is not heard, and could not be counted on.
  auto without_vote = with_vote(*status.configuration, request.node, false);
  MemberPlan plan = change(std::move(without_vote), name(request.node) + " has no vote any more");
  plan.goes_on = true;
  return plan;
}

MemberPlan plan_promote(const raft::Status& status, const wire::MemberRequest& request, const Away& away) {
  const raft::Member* member = status.configuration->find(request.node);
  if (member == nullptr) return refuse(name(request.node) + " is no member: add it first");
  if (member->voter) return said(Outcome::done, name(request.node) + " is a voter already");
  const auto* peer = peer_of(status, member->id);
  if (peer == nullptr || !caught_up(status, *peer, away)) {
    return refuse(name(request.node) + " is not caught up, or not heard: as a voter it would only be one more to fail");
  }
  return change(with_vote(*status.configuration, request.node, true), name(request.node) + " is a voter");
}

MemberPlan plan_transfer(const raft::Status& status, ServerId self, const wire::MemberRequest& request) {
  const raft::Member* member = status.configuration->find(request.node);
  if (request.node == self.node) return said(Outcome::done, name(self.node) + " leads");
  if (member == nullptr) return refuse(name(request.node) + " is no member");
  if (!member->voter) return refuse(name(request.node) + " is a learner: only a voter can lead");
  const auto* peer = peer_of(status, member->id);
  if (peer == nullptr || !peer->recently_heard) return refuse(name(request.node) + " is not heard");
  MemberPlan plan = said(Outcome::done, name(request.node) + " leads");
  plan.transfer = request.node;
  return plan;
}

}  // namespace

raft::Configuration with_vote(raft::Configuration configuration, NodeId node, bool voter) {
  for (auto& member : configuration.members) {
    if (member.id.node == node) member.voter = voter;
  }
  return configuration;
}

std::optional<NodeId> best_successor(const raft::Status& status, ServerId self,
                                     const Away& away) {
  const raft::PeerStatus* best = nullptr;
  for (const auto& peer : status.peers) {
    const bool able = status.configuration->is_voter(peer.id) && peer.recently_heard && peer.replicating;
    if (!able || peer.id == self || away(peer.id.node)) continue;
    if (best == nullptr || peer.match_index > best->match_index) best = &peer;
  }
  if (best == nullptr) return std::nullopt;
  return best->id.node;
}

std::optional<NodeId> best_learner(const raft::Status& status, const Away& away) {
  const raft::PeerStatus* best = nullptr;
  for (const auto& peer : status.peers) {
    const raft::Member* member = status.configuration->find(peer.id);
    if (member == nullptr || member->voter || !caught_up(status, peer, away)) continue;
    if (best == nullptr || peer.match_index > best->match_index) best = &peer;
  }
  if (best == nullptr) return std::nullopt;
  return best->id.node;
}

MemberPlan plan_member_change(const raft::Status& status, ServerId self, const wire::MemberRequest& request,
                              const Away& away) {
  if (status.role != raft::Role::leader || !status.configuration) {
    return said(Outcome::later, "the leader has just changed");
  }
  switch (request.action) {
    case wire::MemberAction::list: return said(Outcome::done, {});
    case wire::MemberAction::add: return plan_add(status, request);
    case wire::MemberAction::remove: return plan_remove(status, self, request, away);
    case wire::MemberAction::promote: return plan_promote(status, request, away);
    case wire::MemberAction::transfer: return plan_transfer(status, self, request);
    case wire::MemberAction::relocate:
      return plan_relocate(status, request).value_or(refuse(name(request.node) + " is no member"));
  }
  return refuse("unknown");
}

}  // namespace parley::node
