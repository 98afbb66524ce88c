// Cluster membership: one server at a time (dissertation chapter 4).
#include <algorithm>

#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {

Result<EntryId, Refusal> Consensus::State::propose_configuration(Configuration configuration, Now now) {
  const auto* leader = std::get_if<Leader>(&role);
  if (leader == nullptr) return Refusal::not_leader;
  if (leader->transfer) return Refusal::busy;
  std::sort(configuration.members.begin(), configuration.members.end(),
            [](const Member& one, const Member& other) { return one.id.node < other.id.node; });
  if (!configuration.well_formed() || configuration.voters() == 0) return Refusal::invalid;
  if (!one_voter_apart(*log.configuration(), configuration)) return Refusal::invalid;
  // One at a time, and only after an entry of this term is committed: else two leaders, each with an uncommitted
  // configuration of its own, could find disjoint majorities (Ongaro's correction of 2015; catalogue 20).
  const bool own_term = commit_index() >= leader->term_start || PARLEY_MUTANT(takes_back_a_change_of_another);
  if (!own_term) return Refusal::busy;
  if (log.configuration_index() > commit_index() && !takes_back(configuration)) return Refusal::busy;
  const EntryId id = append_own(std::make_shared<const Configuration>(std::move(configuration)), now);
  commit_by_counting(now);   // a smaller majority may hold more already
  return id;
}

// Sole exception to "one at a time" (docs/decisions/0022): this leader's own change, while it is not committed, may be
// followed by the configuration before it. Then every log ends in the one or the other of two that are one voter apart,
// as with the change alone.
ConfigurationPtr Consensus::State::returnable() const {
  const auto* leader = std::get_if<Leader>(&role);
  if (leader == nullptr || log.configurations_above(commit_index()) != 1) return nullptr;
  const bool own = log.term_at(log.configuration_index()) == current_term() && commit_index() >= leader->term_start;
  return own || PARLEY_MUTANT(takes_back_a_change_of_another) ? log.configuration_at(commit_index()) : nullptr;
}

// A leadership ends: its own change that is not committed goes with what follows it. Nobody but this leader could
// commit that in its term, and no leader of a later one counts a copy of it before this server acknowledges it anew.
// Kept, it would make this server need the votes of those who have just fallen silent (decision 0022).
void Consensus::State::give_up_own_change() {
  if (!returnable()) return;
  const Index change = log.configuration_index();
  log.truncate_from(change);
  persistence.truncated_from(change);
}

bool Consensus::State::takes_back(const Configuration& configuration) const {
  const ConfigurationPtr before = returnable();
  return before != nullptr && *before == configuration;
}

// While it is not committed, a change is kept from the server whose vote it takes, be it one that the change before it
// had given and that is not committed either. With that entry its log would be longer than that of a leader that lost
// it, or would outlive one, and it could not be elected itself.
Index Consensus::State::last_index_for(ServerId member) const {
  const Index latest = log.configuration_index();
  if (latest <= commit_index() || log.configuration()->is_voter(member)) return log.last_index();
  const auto& before = log.configuration_at(latest.previous());
  return before && before->is_voter(member) ? latest.previous() : log.last_index();
}

// The latest configuration in the log holds as soon as it is there. Members that stay keep their Progress; another
// incarnation of a node is another server and starts from nothing (R4).
void Consensus::State::configuration_changed(Now now) {
  auto& leader = std::get<Leader>(role);
  const Configuration& configuration = *log.configuration();
  std::erase_if(leader.progress, [&](const auto& known) { return configuration.find(known.second.id()) == nullptr; });
  for (const Member& member : configuration.members) {
    if (member.id == self) continue;
    const Silences unheard(options.election_timeout);
    leader.progress.try_emplace(member.id.node, member.id, log.last_index().next(), unheard, now.steady);
  }
}

}  // namespace parley::raft
