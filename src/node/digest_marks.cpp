#include "node/digest_marks.hpp"

#include "base/mutant.hpp"

namespace parley::node {

bool DigestMarks::is_mark(LogTime before, LogTime time, Index index) {
  return time.ms / interval_ms != before.ms / interval_ms || index.value % interval_entries == 0;
}

void DigestMarks::own(Index index, const Digest& chain) {
  marks_[index].own = chain;
  forget();
}

void DigestMarks::heard(ServerId from, Index index, const Digest& chain) {
  const bool too_old = marks_.size() >= kept_max && index < marks_.begin()->first;
  if (too_old) return;
  auto& mark = marks_[index];
  if (mark.others.size() >= raft::members_max && !mark.others.contains(from)) return;
  mark.others.insert_or_assign(from, chain);
  forget();
}

void DigestMarks::forget() {
  while (marks_.size() > kept_max) marks_.erase(marks_.begin());
}

std::optional<DigestMarks::Finding> DigestMarks::look(const raft::Configuration& configuration, ServerId self) {
  for (auto& [index, mark] : marks_) {
    if (!mark.own) continue;
    Finding finding;
    finding.index = index;
    for (const auto& [server, chain] : mark.others) {
      if (server == self || configuration.find(server) == nullptr) continue;
      if (!mark.judged.insert(server).second) continue;
      ++compared_;
      if (chain == *mark.own) continue;
      ++differed_;
      finding.differing.push_back(server);
    }
    if (finding.differing.empty()) continue;
    finding.self = is_outvoted(mark, configuration);
    return finding;
  }
  return std::nullopt;
}

bool DigestMarks::is_outvoted(const Mark& mark, const raft::Configuration& configuration) {
  std::map<Digest, std::size_t> votes;
  for (const auto& [server, chain] : mark.others) {
    if (chain != *mark.own && configuration.is_voter(server)) ++votes[chain];
  }
  for (const auto& [chain, count] : votes) {
    if (2 * count > configuration.voters()) return !PARLEY_MUTANT(outvoted_nodes_stay);
  }
  return false;
}

}  // namespace parley::node
