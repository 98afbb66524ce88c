#include "node/status.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

#include "chat/tables.hpp"

namespace parley::node {

namespace json = boost::json;

namespace {

json::value address_or_null(const std::string& address) {
  if (address.empty()) return nullptr;
  return json::value(address);
}

void put_leader(json::object& result, const LeaderView& leader) {
  result["leader"] = nullptr;
  if (leader.leader) result["leader"] = leader.leader->value;
  result["leader_address"] = address_or_null(leader.leader ? leader.client_address : std::string());
}

// Where each member's clients should dial: as the configuration in the log says, before the birth as the file says.
json::object addresses(const Services& services, const raft::Status& status) {
  json::object result;
  if (status.configuration && !status.configuration->members.empty()) {
    for (const auto& member : status.configuration->members) {
      result[std::to_string(member.id.node.value)] = member.client_address;
    }
  } else {
    for (const auto& node : services.cluster.nodes) result[std::to_string(node.id.value)] = node.client.advertise;
  }
  return result;
}

json::object snapshot_json(const SnapshotView& snapshot) {
  json::object result;
  result["index"] = snapshot.index.value;
  result["bytes"] = snapshot.bytes;
  result["total"] = snapshot.total;
  return result;
}

json::array members(const Services& services, const raft::Status& status, bool voters) {
  json::array result;
  if (!status.configuration) return result;
  for (const auto& member : status.configuration->members) {
    if (member.voter != voters) continue;
    const bool self = member.id.node == services.self.id;
    json::object voter;
    voter["node"] = member.id.node.value;
    voter["address"] = member.client_address;
    voter["connected"] = self || services.replication->connected(member.id.node);
    voter["match"] = nullptr;  // the leader alone knows
    if (const auto* peer = peer_of(status, member.id)) {
      voter["match"] = peer->match_index.value;
      if (peer->clock_ahead) voter["clock_ahead_ms"] = peer->clock_ahead->count();
    }
    if (self) voter["match"] = status.persisted_index.value;
    if (const auto sent = services.replication->snapshot_sent(member.id.node)) voter["snapshot"] = snapshot_json(*sent);
    result.push_back(std::move(voter));
  }
  return result;
}

}  // namespace

const raft::PeerStatus* peer_of(const raft::Status& status, const ServerId& id) {
  const auto found =
      std::find_if(status.peers.begin(), status.peers.end(), [&](const auto& peer) { return peer.id == id; });
  return found == status.peers.end() ? nullptr : &*found;
}

std::size_t min_voters(const Services& services) {
  return static_cast<std::size_t>(services.state().tables().settings[chat::Setting::min_voters]);
}

std::string_view name(raft::Role role) {
  switch (role) {
    case raft::Role::follower:
      return "follower";
    case raft::Role::pre_candidate:
      return "pre_candidate";
    case raft::Role::candidate:
      return "candidate";
    case raft::Role::leader:
      return "leader";
  }
  return "unknown";
}

json::object hello_json(Services& services) {
  const auto status = services.replication->status();
  json::object result;
  result["protocol"] = 1;
  result["node"] = services.self.id.value;
  result["cluster"] = services.replication->identity().cluster.value;
  result["generation"] = chat::generation(services.state()).value;
  result["term"] = status.term.value;
  put_leader(result, services.replication->leader());
  put_copies(result, services.copies_told, services.now());
  result["addresses"] = addresses(services, status);
  result["cursor"] = services.applier.applied().value;
  return result;
}

json::object status_json(Services& services) {
  const auto status = services.replication->status();
  const auto copies = copies_of(services, status);
  json::object result;
  result["node"] = services.self.id.value;
  result["role"] = name(status.role);
  result["term"] = status.term.value;
  put_leader(result, services.replication->leader());
  result["generation"] = chat::generation(services.state()).value;
  result["cluster"] = services.replication->identity().cluster.value;
  result["commit"] = status.commit_index.value;
  result["applied"] = services.applier.applied().value;
  result["persisted"] = status.persisted_index.value;
  result["archived"] = services.archiver.archived().value;
  result["digest"] = services.applier.state_digest().hex();
  json::object chain;
  chain["index"] = services.applier.applied().value;
  chain["digest"] = services.applier.chain().hex();
  result["chain"] = std::move(chain);
  result["voters"] = members(services, status, true);
  result["learners"] = members(services, status, false);
  result["copies"] = copies.copies;
  result["sessions"] = services.sessions.count();
  put_bearable(result, copies.bearable, copies.bearable_in);
  if (const auto space = services.replication->space(); space && space->is_short) {
    result["disk_short"] = true;
    result["disk_free_bytes"] = space->free_bytes;
  }
  if (const auto fetched = services.replication->snapshot_fetched()) result["snapshot"] = snapshot_json(*fetched);
  if (const auto missing = services.replication->waiting_for(); !missing.empty()) {
    json::array nodes;
    for (const auto node : missing) nodes.emplace_back(node.value);
    result["waiting_for"] = std::move(nodes);
  }
  if (const auto age = staleness(services)) {
    result["stale"] = true;
    if (age->count() >= 0) result["age_ms"] = age->count();
  }
  return result;
}

std::optional<milliseconds> staleness(const Services& services) {
  const auto status = services.replication->status();
  if (status.role == raft::Role::leader && status.quorum_heard) return std::nullopt;
  if (status.leader_heard == long_ago) return milliseconds{-1};
  const auto age = std::chrono::duration_cast<milliseconds>(services.now() - status.leader_heard);
  if (status.leader && age <= services.cluster.election_timeout) return std::nullopt;
  return std::max(age, milliseconds{0});
}

milliseconds wait_until(TimePoint at, TimePoint now) {
  return std::max(std::chrono::ceil<milliseconds>(at - now), milliseconds{0});
}

void put_bearable(json::object& result, bool bearable, std::optional<milliseconds> in) {
  result["bearable"] = bearable ? "yes" : in ? "soon" : "no";
  if (!bearable && in) result["bearable_in_ms"] = in->count();
}

Copies copies_of(const Services& services, const raft::Status& status) {
  Copies copies;
  if (!status.configuration) return copies;
  for (const auto& member : status.configuration->members) {
    if (!member.voter) {
      ++copies.learners;
      continue;
    }
    ++copies.voters;
    const bool self = member.id.node == services.self.id;
    const bool connected = self || services.replication->connected(member.id.node);   // not, once its process is gone
    if (connected) ++copies.connected;
    const auto* peer = peer_of(status, member.id);
    const bool holds = self ? status.persisted_index >= status.commit_index
                            : peer && peer->recently_heard && peer->match_index >= status.commit_index;
    if (status.role == raft::Role::leader && connected && holds) ++copies.copies;
  }
  const auto view = services.replication->quorum();
  if (!view) {   // a follower knows whom it is connected to, no more
    copies.bearable = raft::Resilience::of(copies.voters, copies.connected, min_voters(services)).bearable > 0;
    return copies;
  }
  copies.bearable = view->resilience.bearable > 0;
  if (view->acts_at) copies.bearable_in = wait_until(*view->acts_at, services.now());
  return copies;
}

std::string unready(const Services& services) {
  if (!services.replication) return "starting";
  if (const auto missing = services.replication->waiting_for(); !missing.empty()) {
    std::string reason = "waiting for the birth of the cluster: not reachable yet: node";
    for (const auto node : missing) reason += " " + std::to_string(node.value);
    return reason;
  }
  if (const auto fetched = services.replication->snapshot_fetched()) {
    const auto percent = fetched->total == 0 ? 0 : fetched->bytes * 100 / fetched->total;
    return "takes over the archive of another node: " + std::to_string(percent) + " %";
  }
  if (!services.replication->leader().leader) return "no leader is known";
  if (!services.ready) return "not yet applied what was committed at the start";
  return {};
}

}  // namespace parley::node
