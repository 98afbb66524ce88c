#include "node/birth.hpp"

#include <memory>

#include "base/codec.hpp"

namespace parley::node {
namespace {

constexpr Term founding_term{1};
constexpr Index founding_index{1};

raft::HardState first_hard_state(Index commit) {
  raft::HardState hard_state;
  hard_state.current_term = founding_term;
  hard_state.commit_index = commit;
  return hard_state;
}

raft::Entry founding_entry(const raft::Configuration& founding) {
  raft::Entry entry;
  entry.id = raft::EntryId{founding_term, founding_index};
  entry.content = std::make_shared<const raft::Configuration>(founding);
  return entry;
}

raft::Member member_of(const NodeConfig& node, Incarnation incarnation) {
  raft::Member member;
  member.id = ServerId{node.id, incarnation};
  member.peer_address = node.peer.advertise;
  member.client_address = node.client.advertise;
  return member;
}

}  // namespace

Digest founding_digest(const ClusterConfig& config) {
  std::string bytes;
  Writer out(bytes);
  for (const auto& node : config.nodes) {
    out.u32(node.id.value);
    out.string(node.peer.advertise);
    out.string(node.client.advertise);
  }
  return digest(bytes);
}

raft::Durable founding_durable(const raft::Configuration& founding) {
  raft::Durable durable;
  durable.hard_state = first_hard_state(founding_index);
  durable.entries.push_back(founding_entry(founding));
  return durable;
}

raft::PersistBatch founding_batch(const raft::Configuration& founding) {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.hard_state = first_hard_state(Index(0));   // a log never cuts off what it says is committed
  batch.truncate_from = founding_index;
  batch.entries.push_back(founding_entry(founding));
  return batch;
}

raft::Durable joining_durable() {
  raft::Durable durable;
  durable.hard_state = first_hard_state(Index(0));
  return durable;
}

raft::PersistBatch joining_batch() {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.hard_state = first_hard_state(Index(0));
  batch.truncate_from = founding_index;
  return batch;
}

bool log_was_begun(const raft::Durable& durable) { return durable.hard_state.current_term >= founding_term; }

bool log_is_unborn(const raft::Durable& durable) {
  if (durable.base != raft::EntryId{} || durable.entries.size() > 1) return false;
  if (durable.hard_state.current_term > founding_term || durable.hard_state.voted_for) return false;
  return durable.entries.empty() || durable.entries.front().id == raft::EntryId{founding_term, founding_index};
}

Birth::Birth(const ClusterConfig& config, ServerId self)
    : self_(self), digest_(founding_digest(config)), nodes_(config.nodes) {}

void Birth::welcomed(NodeId peer, const wire::Welcome& welcome) { answers_.insert_or_assign(peer, welcome); }

void Birth::lost(NodeId peer) { answers_.erase(peer); }

bool Birth::agrees(NodeId peer) const {
  const auto answer = answers_.find(peer);
  return answer != answers_.end() && answer->second.cluster == ClusterId() && answer->second.founding == digest_;
}

Birth::Decision Birth::decide() const {
  std::optional<Join> join;
  for (const auto& [peer, answer] : answers_) {
    if (answer.cluster == ClusterId()) continue;
    if (answer.founded && answer.founded->find(self_) != nullptr) return Adopt{answer.cluster, *answer.founded};
    if (!join) join = Join{answer.cluster, peer};
  }
  if (join) return *join;
  if (nodes_.empty() || nodes_.front().id != self_.node || !waiting_for().empty()) return Wait{};
  Found found;
  for (const auto& node : nodes_) {
    const bool own = node.id == self_.node;
    const auto incarnation = own ? self_.incarnation : answers_.at(node.id).from.incarnation;
    found.configuration.members.push_back(member_of(node, incarnation));
  }
  return found;
}

Birth::Decision Birth::told(const wire::Founded& founded) const {
  if (founded.cluster == ClusterId() || founded.configuration.find(self_) == nullptr) return Wait{};
  return Adopt{founded.cluster, founded.configuration};
}

std::vector<NodeId> Birth::waiting_for() const {
  std::vector<NodeId> missing;
  for (const auto& node : nodes_) {
    if (node.id != self_.node && !agrees(node.id)) missing.push_back(node.id);
  }
  return missing;
}

std::string Birth::objection(NodeId peer) const {
  const auto answer = answers_.find(peer);
  if (answer == answers_.end() || agrees(peer)) return {};
  if (answer->second.cluster != ClusterId()) return "belongs to a cluster already";
  return "its configuration file lists other nodes or addresses: make the files equal";
}

}  // namespace parley::node
