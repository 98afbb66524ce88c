// Compaction and snapshots (paper section 7, dissertation chapter 5). The snapshot is the state machine's archive; here
// is only what follows for the log, on the leader that offers a copy of it and on the follower that has fetched one.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {
namespace {

// What a correct leader offers, whatever the logs hold: a snapshot stands for committed entries, so there is a
// configuration among them (R3), and nothing in it is of a later term.
bool well_formed(const InstallSnapshot& message) {
  const SnapshotMeta& meta = message.meta;
  return message.term <= term_max && meta.id.term > Term(0) && meta.id.term <= message.term &&
         meta.id.index > Index(0) && meta.id.index.value <= term_max.value && meta.configuration != nullptr &&
         meta.configuration->well_formed() && meta.configuration->voters() > 0 &&
         meta.configuration_index <= meta.id.index;
}

}  // namespace

// -- the log gets shorter -------------------------------------------------------------------------------------------

Index Consensus::State::compact(Index through) {
  // What is not applied is in no archive (catalogue 28). What this disk lacks would leave a hole in the log there.
  const Index applied = PARLEY_MUTANT(compacts_what_is_not_applied) ? log.last_index() : applied_index;
  through = std::min({through, applied, persistence.stable()});
  if (through <= log.base().index) return log.base().index;
  log.compact(through);
  if (auto* leader = std::get_if<Leader>(&role)) {
    for (auto& [node, progress] : leader->progress) progress.compacted(log.base().index);
  }
  return log.base().index;
}

std::optional<SnapshotMeta> Consensus::State::snapshot_meta(Index index) const {
  if (index < log.base().index || index > commit_index() || index == Index(0)) return std::nullopt;
  return log.base_at(index);
}

// -- the leader -----------------------------------------------------------------------------------------------------

bool Consensus::State::offer_snapshot(NodeId node, SnapshotMeta meta) {
  auto* leader = std::get_if<Leader>(&role);
  if (leader == nullptr) return false;
  const auto found = leader->progress.find(node);
  if (found == leader->progress.end() || found->second.mode() != Progress::Mode::snapshot) return false;
  // The peer goes on just above it, so that must be here.
  if (meta.id.index < log.base().index || meta.id.index > applied_index) return false;
  PARLEY_ASSERT(log.term_at(meta.id.index) == meta.id.term, "the archive was made from this log");
  PARLEY_ASSERT(same(log.configuration_at(meta.id.index), meta.configuration),
                "a snapshot carries the latest configuration at or below it, no later one (catalogue 22)");
  found->second.offer(std::move(meta));
  return true;
}

// -- the follower ---------------------------------------------------------------------------------------------------

void Consensus::State::on(ServerId from, InstallSnapshot&& message, Now now) {
  if (message.term < current_term()) {
    if (Peer* old_leader = asking(from)) old_leader->stale_leader = true;   // "Reply immediately" (Figure 13)
    return;
  }
  if (!well_formed(message) || !follows(from, message.term, now)) return static_cast<void>(++violations);
  auto& follower = std::get<Follower>(role);
  const EntryId last = message.meta.id;
  const auto term_here = log.term_at(last.index);
  if (term_here && *term_here != last.term && last.index <= std::max(commit_index(), follower.matched)) {
    return static_cast<void>(++violations);   // contradicts what is committed, or what this leader said before
  }
  hear_leader(follower, from, now);

  // Old, doubled or overtaken: what is here stays (catalogue 26, 27). The leader has all that is committed, and all
  // that a snapshot holds is committed.
  if (term_here == last.term) advance_commit_index(last.index, now);
  if (last.index <= commit_index() && !PARLEY_MUTANT(wants_old_snapshots)) {
    follower.matched = std::max(follower.matched, commit_index());
    follower.reply_due = true;
    return;
  }
  const bool repeats = offer && offer->from == from && offer_term == message.term;
  if (!repeats || offer->meta.id.index < last.index) offer = SnapshotOffer{from, std::move(message.meta)};
  offer_term = message.term;
}

std::optional<SnapshotOffer> Consensus::State::wanted_snapshot() const {
  if (!offer) return std::nullopt;
  const EntryId last = offer->meta.id;
  const bool log_came_first = last.index <= commit_index() || log.term_at(last.index) == last.term;
  return log_came_first && !PARLEY_MUTANT(wants_old_snapshots) ? std::nullopt : offer;
}

void Consensus::State::install(SnapshotMeta meta, Now now) {
  observe(now);
  const Index last = meta.id.index;
  PARLEY_ASSERT(last > applied_index, "a snapshot never takes the state machine back (W16, catalogue 26)");
  // "If existing log entry has same index and term as snapshot's last included entry, retain log entries following it"
  // (Figure 13), and those before it as well, until they are compacted. Else "discard the entire log": a suffix of
  // another history must not stand on this base (catalogue 27).
  const bool holds_it = log.term_at(last) == meta.id.term ||
                        (PARLEY_MUTANT(keeps_a_suffix_of_another_history) && last <= log.last_index());
  if (holds_it) advance_commit_index(last, now);
  else begin_anew(std::move(meta), now);
  taken_index = applied_index = last;

  if (auto* follower = std::get_if<Follower>(&role)) {
    follower->matched = std::max(follower->matched, last);
    if (follower->rejection && follower->rejection->rejected_prev <= follower->matched) follower->rejection.reset();
    follower->reply_due |= std::min(follower->matched, persistence.stable()) > follower->match_replied;
  }
}

void Consensus::State::begin_anew(SnapshotMeta meta, Now now) {
  PARLEY_ASSERT(meta.id.index > commit_index(), "a snapshot never contradicts what is committed");
  PARLEY_ASSERT(!std::holds_alternative<Leader>(role), "a leader's log holds whatever was committed before (5.4.3)");
  become_follower(current_term(), now);   // a campaign rests on the log that it named
  PARLEY_ASSERT(std::get<Follower>(role).matched < meta.id.index, "a snapshot never contradicts the leader's log");
  persistence.reset(meta, commit_index());
  hard_state.commit_index = meta.id.index;
  log.reset(meta);
}

}  // namespace parley::raft
