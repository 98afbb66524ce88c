// Cluster membership: one server at a time (dissertation chapter 4).
#include <algorithm>

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
  if (log.configuration_index() > commit_index() || commit_index() < leader->term_start) return Refusal::busy;
  const EntryId id = append_own(std::make_shared<const Configuration>(std::move(configuration)), now);
  commit_by_counting(now);   // a smaller majority may hold more already
  return id;
}

// The latest configuration in the log holds as soon as it is there. Members that stay keep their Progress; another
// incarnation of a node is another server and starts from nothing (R4).
void Consensus::State::configuration_changed(Now now) {
  auto& leader = std::get<Leader>(role);
  const Configuration& configuration = *log.configuration();
  std::erase_if(leader.progress, [&](const auto& known) { return configuration.find(known.second.id()) == nullptr; });
  for (const Member& member : configuration.members) {
    if (member.id == self) continue;
    leader.progress.try_emplace(member.id.node, member.id, log.last_index().next(), now.steady);
  }
}

}  // namespace parley::raft
