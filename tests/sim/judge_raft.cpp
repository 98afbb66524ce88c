#include "sim/judge_raft.hpp"

#include <algorithm>
#include <utility>

namespace parley::sim {
namespace {

std::string words(ServerId id) { return "node " + std::to_string(id.node.value); }
std::string words(raft::EntryId id) {
  return "entry " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

}  // namespace

std::optional<std::string> RaftJudge::observe(ServerId id, const raft::Consensus& server, TimePoint now) {
  Seen& seen = seen_[id];
  if (seen.server == &server && seen.observed && seen.revision == server.revision()) return std::nullopt;
  if (seen.server != &server) forget_process(id, seen);   // if it was another one
  seen.server = &server;
  seen.revision = server.revision();
  const raft::Status status = server.status();
  if (auto broken = invariants_.observe(id, server, status)) return broken;
  if (!seen.observed) {
    seen.observed = true;
    if (auto broken = check_promise(id, seen)) return broken;
  }
  if (server.hard_state_is_durable()) seen.promised.hard_state = server.hard_state();
  const Before before{seen.last.index, seen.role == raft::Role::leader && status.role != raft::Role::leader};
  count(seen, status);
  const Index persisted = server.persisted_index();
  if (const auto term = server.log().term_at(persisted)) seen.synced = {*term, persisted};
  while (truth_.committed() < server.hard_state().commit_index) {
    const Index next = truth_.committed().next();
    if (next <= server.log().base().index) return words(id) + " lacks entry " + std::to_string(next.value);
    if (auto broken = check_copies(next, before, server)) return broken;
    truth_.commit(server.log().at(next), now);
    count_change(server.log().at(next));
  }
  return std::nullopt;
}

void RaftJudge::count(Seen& seen, const raft::Status& status) {
  const bool leads = status.role == raft::Role::leader;
  if (leads && (seen.role != raft::Role::leader || seen.term != status.term)) ++leaders_;
  if (status.elections_started > seen.campaigns) campaigns_ += status.elections_started - seen.campaigns;
  seen.campaigns = status.elections_started;
  seen.role = status.role;
  seen.term = status.term;
  const raft::Log& log = seen.server->log();
  const bool cut = seen.last.index > log.base().index &&
                   (seen.last.index > log.last_index() || log.term_at(seen.last.index) != seen.last.term);
  if (cut) ++truncations_;
  seen.last = log.last_id();
}

// What the autopilot changes by itself is votes and incarnations.
void RaftJudge::count_change(const raft::Entry& committed) {
  const auto* after = std::get_if<raft::ConfigurationPtr>(&committed.content);
  if (after == nullptr) return;
  const auto before = std::exchange(configuration_, *after);
  if (!before) return;   // the founders'
  ++configurations_;
  const auto same_place = [](const raft::Member& one, const raft::Member& other) {
    return one.id.node == other.id.node && one.peer_address == other.peer_address &&
           one.client_address == other.client_address;
  };
  if (!std::ranges::equal(before->members, configuration_->members, same_place)) ++member_changes_;
}

// -- over restarts --------------------------------------------------------------------------------------------------

void RaftJudge::ended(ServerId id) {
  const auto found = seen_.find(id);
  if (found == seen_.end() || found->second.server == nullptr) return;
  Seen& seen = found->second;
  const raft::Log& log = seen.server->log();
  seen.promised.base = log.base().index;
  seen.promised.terms.clear();
  const Index persisted = seen.server->persisted_index();
  for (Index index = log.base().index.next(); index <= persisted; ++index) {
    seen.promised.terms.push_back(*log.term_at(index));
  }
  seen.promise = seen.promised;
  forget_process(id, seen);
}

void RaftJudge::vanished(NodeId node) {
  for (auto& [id, seen] : seen_) {
    if (id.node == node && seen.server != nullptr) forget_process(id, seen);
  }
}

void RaftJudge::forget_process(ServerId id, Seen& seen) {
  seen.server = nullptr;
  seen.observed = false;
  seen.role = raft::Role::follower;
  seen.campaigns = 0;
  seen.last = {};
  invariants_.restarted(id);
}

void RaftJudge::disk_harmed(NodeId node) {
  for (auto& [id, seen] : seen_) {
    if (id.node != node) continue;
    seen.promise.reset();
    seen.harmed = true;
  }
}

std::optional<std::string> RaftJudge::check_promise(ServerId id, Seen& seen) const {
  if (!seen.promise) return std::nullopt;
  const Promise promise = *seen.promise;
  seen.promise.reset();
  const raft::HardState now = seen.server->hard_state();
  if (now.current_term < promise.hard_state.current_term) return words(id) + " forgot its term (catalogue 2)";
  const bool same_term = now.current_term == promise.hard_state.current_term;
  if (same_term && promise.hard_state.voted_for && now.voted_for != promise.hard_state.voted_for) {
    return words(id) + " forgot its vote (catalogue 2)";
  }
  const raft::Log& log = seen.server->log();
  for (std::size_t i = 0; i < promise.terms.size(); ++i) {
    const Index index = promise.base + (i + 1);
    if (index <= log.base().index) continue;
    if (log.term_at(index) == promise.terms[i]) continue;
    // What a new leader overwrote in this very step was there when the process began.
    if (log.last_id().term > promise.hard_state.current_term) return std::nullopt;
    return words(id) + " lost " + words({promise.terms[i], index}) + ", which it had synced";
  }
  return std::nullopt;
}

// -- copies ---------------------------------------------------------------------------------------------------------

bool RaftJudge::has_synced(ServerId id, raft::EntryId entry, const raft::Log& log) const {
  const auto found = seen_.find(id);
  if (found == seen_.end()) return false;
  const Seen& seen = found->second;
  if (seen.server != nullptr) {
    if (entry.index <= seen.server->log().base().index) return true;
    if (seen.server->persisted_index() >= entry.index && seen.server->log().term_at(entry.index) == entry.term) {
      return true;
    }
    if (!seen.harmed) return false;
  }
  // Who set its data aside within its process had it until then; two logs that agree on an entry agree up to it.
  if (entry.index <= seen.synced.index && log.term_at(seen.synced.index) == seen.synced.term) return true;
  const std::uint64_t place = entry.index.value - seen.promised.base.value;
  if (entry.index <= seen.promised.base) return true;
  return place <= seen.promised.terms.size() && seen.promised.terms[place - 1] == entry.term;
}

std::pair<std::size_t, std::size_t> RaftJudge::copies_of(raft::EntryId entry, const raft::Log& log,
                                                         const raft::Configuration& configuration) const {
  std::size_t voters = 0, copies = 0;
  for (const raft::Member& member : configuration.members) {
    if (!member.voter) continue;
    ++voters;
    if (has_synced(member.id, entry, log)) ++copies;
  }
  return {copies, voters};
}

// By a configuration that is one member's vote away: a leader that ended in this step cut its own change (decision
// 0022), and may have counted by it before; any majority of the one shares a server with any of the other.
bool RaftJudge::enough_by_a_change(raft::EntryId entry, const raft::Log& log,
                                   const raft::Configuration& configuration) const {
  return std::any_of(configuration.members.begin(), configuration.members.end(), [&](const raft::Member& member) {
    raft::Configuration changed = configuration;
    for (raft::Member& one : changed.members) one.voter = one.voter != (one.id == member.id);
    const auto [copies, voters] = copies_of(entry, log, changed);
    return 2 * copies > voters;
  });
}

std::optional<std::string> RaftJudge::check_copies(Index index, Before before, const raft::Consensus& by) const {
  const raft::Log& log = by.log();
  const raft::EntryId entry = log.at(index).id;
  if (entry.term == Term(1)) return std::nullopt;   // the founders' entry: agreed on at the birth, not counted (R3)
  const auto& configuration = log.configuration_at(log.last_index());
  if (!configuration) return std::nullopt;
  const auto [copies, voters] = copies_of(entry, log, *configuration);
  if (2 * copies > voters) return std::nullopt;
  // A configuration counts from its entry on. What was appended in this very step, one configuration and the one that
  // takes it back (decision 0022), may have come after the decision.
  for (Index at = std::max(before.held, log.base().index); at < log.last_index(); ++at) {
    const auto& earlier = log.configuration_at(at);
    const auto [had, of] = earlier ? copies_of(entry, log, *earlier) : std::pair<std::size_t, std::size_t>();
    if (2 * had > of) return std::nullopt;
  }
  if (before.ended && enough_by_a_change(entry, log, *configuration)) return std::nullopt;
  return words(entry) + " is committed, but only " + std::to_string(copies) + " of " + std::to_string(voters) +
         " voters have it on their disks (catalogue 3)";
}

bool RaftJudge::leads_alone(ServerId id) const {
  const auto found = seen_.find(id);
  if (found == seen_.end() || found->second.server == nullptr) return false;
  const Seen& leader = found->second;
  if (leader.server->status().role != raft::Role::leader) return false;
  const raft::EntryId last = leader.server->log().last_id();
  return std::none_of(seen_.begin(), seen_.end(), [&](const auto& other) {
    if (other.first == id) return false;
    if (other.second.server != nullptr) return other.second.server->log().term_at(last.index) == last.term;
    return has_synced(other.first, last, leader.server->log());
  });
}

}  // namespace parley::sim
