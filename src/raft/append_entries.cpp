// The follower's half of log replication (paper 5.3): AppendEntries comes in, one reply is due.
#include <algorithm>

#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {
namespace {

// What a correct leader's message looks like, whatever the logs hold. prev_log and entries are one stretch of a log.
bool well_formed(const AppendEntries& message) {
  if (message.term == Term(0) || message.term > term_max || message.prev_log.index.value > term_max.value) return false;
  EntryId before = message.prev_log;
  for (const Entry& entry : message.entries) {
    if (entry.id.index != before.index.next() || entry.id.term < before.term) return false;
    if (const auto* configuration = std::get_if<ConfigurationPtr>(&entry.content)) {
      if (*configuration == nullptr || !(*configuration)->well_formed()) return false;
    }
    before = entry.id;
  }
  return before.term <= message.term && (message.prev_log.index > Index(0) || message.prev_log.term == Term(0));
}

}  // namespace

void Consensus::State::on(ServerId from, AppendEntries&& message, Now now) {
  if (message.term < current_term()) {
    if (Peer* old_leader = asking(from)) old_leader->stale_leader = true;   // "Reply false if term < currentTerm"
    return;
  }
  if (!well_formed(message) || !follows(from, message.term, now)) return static_cast<void>(++violations);
  auto& follower = std::get<Follower>(role);
  // A leader that contradicts what is committed or what it said itself is broken, or not of this cluster. Following
  // it would break promises, and a refusal would make it send more: drop the message, keep the log, don't count
  // this as hearing a leader. It shows in Status::violations.
  if (!take_entries(follower, message, now)) return static_cast<void>(++violations);

  // Heartbeats and new rounds are answered at once, whatever the disk does: the leader wants to know who hears it.
  follower.round = std::max(follower.round, message.round);
  follower.reply_due |= !follower.rejection && (message.entries.empty() || follower.round > follower.round_replied);
  hear_leader(follower, from, now);
}

void Consensus::State::hear_leader(Follower& follower, ServerId from, Now now) {
  // Also where this server has asked for pre-votes meanwhile: just that silence is to be borne next time.
  const std::pair leads(from, current_term());
  if (std::exchange(last_leader, leads) == leads) leader_silences.heard(last_contact, now.steady);
  follower.leader = from;
  follower.leader_heard = last_contact = now.steady;
  follower.leader_refused = false;
  early_rounds = 0;
  const Duration least = leader_silences.patience(now.steady);
  if (!PARLEY_MUTANT(election_timer_runs_on)) arm_election_timer(now, least);
}

bool Consensus::State::follows(ServerId from, Term term, Now now) {
  if (term == current_term() && std::holds_alternative<Leader>(role)) return false;   // two leaders in a term
  become_follower(term, now);
  const auto& follower = std::get<Follower>(role);
  return !follower.leader || *follower.leader == from;
}

bool Consensus::State::take_entries(Follower& follower, AppendEntries& message, Now now) {
  const EntryId prev = message.prev_log;
  const Index matched = PARLEY_MUTANT(truncates_what_matches) ? Index(0) : follower.matched;
  const Index unchanging = std::max(commit_index(), matched);   // equals every correct leader's log

  // "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm"
  if (prev.index > log.last_index()) {
    follower.rejection = {prev.index, log.last_index().next(), Term(0)};
    return true;
  }
  if (prev.index >= log.base().index && log.term_at(prev.index) != prev.term) {
    if (prev.index <= unchanging) return false;
    follower.rejection = {prev.index, log.first_index_of_term_at(prev.index), *log.term_at(prev.index)};
    return true;
  }

  // What is here already stays, even if more follows it here: a message may be short, doubled or late (catalogue 9).
  // What lies below the base was committed, and is taken to agree (catalogue 7).
  const Index last_new = prev.index + message.entries.size();
  std::size_t known = 0;
  while (known < message.entries.size()) {
    const EntryId id = message.entries[known].id;
    if (id.index > log.last_index()) break;
    const bool differs = log.term_at(id.index) != id.term || PARLEY_MUTANT(truncates_what_matches);
    if (id.index >= log.base().index && differs && !PARLEY_MUTANT(keeps_a_conflicting_suffix)) {
      if (id.index <= unchanging) return false;
      log.truncate_from(id.index);   // "delete the existing entry and all that follow it"
      persistence.truncated_from(id.index);
      break;
    }
    ++known;
  }
  for (; known < message.entries.size(); ++known) log.append(std::move(message.entries[known]));

  follower.matched = std::max(follower.matched, last_new);
  if (follower.rejection && follower.rejection->rejected_prev <= follower.matched) follower.rejection.reset();
  // "commitIndex = min(leaderCommit, index of last new entry)": never over a suffix that was not compared with the
  // leader's log (catalogue 5).
  const Index verified = PARLEY_MUTANT(commits_unverified_suffix) ? log.last_index() : follower.matched;
  advance_commit_index(std::min(message.leader_commit, verified), now);
  follower.reply_due |= persistence.stable() >= last_new;   // nothing to wait for: it was all here
  return true;
}

std::optional<Message> Consensus::State::append_reply(Follower& follower, Now now) {
  AppendEntriesReply reply;
  reply.term = current_term();
  reply.round = follower.round;
  reply.wall = now.wall;
  // Two slots, so that neither hides the other: a success, which only ever says more, and the latest refusal.
  if (std::exchange(follower.reply_due, false)) {
    reply.success = true;
    const Index durable = PARLEY_MUTANT(acknowledges_before_sync) ? log.last_index() : persistence.stable();
    reply.match_index = std::min(follower.matched, durable);
    follower.match_replied = reply.match_index;
    follower.round_replied = follower.round;
    return reply;
  }
  if (!follower.rejection) return std::nullopt;
  reply.rejected_prev = follower.rejection->rejected_prev;
  reply.conflict_index = follower.rejection->conflict_index;
  reply.conflict_term = follower.rejection->conflict_term;
  follower.round_replied = follower.round;
  follower.rejection.reset();
  return reply;
}

}  // namespace parley::raft
