// A leader hands over (dissertation 3.10): it brings the target up to date, takes no more proposals, and tells it to
// campaign at once, without a pre-vote; the others may vote though they hear a leader (4.2.3). If that comes to nothing
// within an election timeout it goes on as before (catalogue 25). Reads need no care: there are no leases (16).
//
// Invariant: proposals are refused only while what the target lacks is a matter of a round trip. A target that is far
// behind must not stop the writes of everybody while it catches up, or doesn't.
#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {

Result<Nothing, Refusal> Consensus::State::transfer_leadership(NodeId target, Now now) {
  observe(now);
  auto* leader = std::get_if<Leader>(&role);
  if (leader == nullptr) return Refusal::not_leader;
  const Member* member = log.configuration()->find(target);
  if (target == self.node || member == nullptr || !member->voter) return Refusal::invalid;
  if (leader->transfer) {
    if (leader->transfer->target != target) return Refusal::busy;
    return Nothing{};
  }
  const Progress& progress = leader->progress.at(target);
  if (!heard_of_late(progress, now)) return Refusal::busy;
  const bool endless = PARLEY_MUTANT(transfers_never_end);
  leader->transfer = Transfer{target, endless ? never : now.steady + options.election_timeout, false};
  return Nothing{};
}

// W12: a write that takes longer than an election timeout. While the others are a majority without this disk they
// commit what it does not hold yet, so it is this one that is slow, not all: somebody else should lead, and a hand-over
// costs next to nothing. Where all disks are slow alike nobody would gain by it. The end of it is disk_stall_max.
void Consensus::State::hand_over_from_slow_disk(Now now) {
  auto& leader = std::get<Leader>(role);
  if (leader.transfer || !disk_writes_since(options.election_timeout) || PARLEY_MUTANT(leads_from_a_slow_disk)) return;
  if (commit_index() <= persistence.stable()) return;
  const Progress* best = nullptr;
  for (const Member& member : log.configuration()->members) {
    if (!member.voter || member.id == self) continue;
    const Progress& progress = leader.progress.at(member.id.node);
    if (!heard_of_late(progress, now) || progress.mode() != Progress::Mode::replicate) continue;
    if (best == nullptr || progress.match_index() > best->match_index()) best = &progress;
  }
  if (best != nullptr) static_cast<void>(transfer_leadership(best->id().node, now));
}

// Whether proposals are refused: once all is on its way to the target, or it lacks little. Then that stays so, or under
// load there would always be something more. Each proposal passes here before it is taken in; so who was told to
// campaign, as it had all, lacks nothing afterwards either.
bool Consensus::State::transfer_closes() {
  auto& leader = std::get<Leader>(role);
  if (!leader.transfer) return false;
  const Progress& progress = leader.progress.at(leader.transfer->target);
  const Index last = log.last_index();
  const bool near = progress.match_index() + options.transfer_lag_max >= last || progress.next_index() > last;
  const bool soon_there = near && progress.mode() == Progress::Mode::replicate;
  leader.transfer->closing |= soon_there || progress.match_index() >= last;
  return leader.transfer->closing;
}

// Only to a target that holds all of the log, on its disk: it can then win against any voter, and loses nothing.
std::optional<Message> Consensus::State::timeout_now_for(NodeId node) {
  auto& leader = std::get<Leader>(role);
  if (!leader.transfer || leader.transfer->target != node || leader.transfer->told) return std::nullopt;
  if (leader.progress.at(node).match_index() < log.last_index()) return std::nullopt;
  leader.transfer->told = true;
  return TimeoutNow{current_term(), leader.round};
}

void Consensus::State::on(ServerId from, const TimeoutNow& message, Now now) {
  auto* follower = std::get_if<Follower>(&role);
  if (follower == nullptr || message.term != current_term() || follower->leader != from) return;
  // A heartbeat begun later says that the leader goes on: it may have given the transfer up.
  if (message.round < follower->round || !is_voter() || disk_stalls()) return;
  fail_reads();
  begin_election(now);
  std::get<Candidate>(role).transfer = true;
}

}  // namespace parley::raft
