#include "raft/progress.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/mutant.hpp"

namespace parley::raft {

bool Progress::succeeded(Index match_index) {
  const bool news = match_index > match_index_;
  match_index_ = PARLEY_MUTANT(match_index_goes_back) ? match_index : std::max(match_index_, match_index);
  while (!inflight_.empty() && inflight_.front().last <= match_index_) {
    inflight_bytes_ -= inflight_.front().bytes;
    inflight_.pop_front();
  }
  if (mode_ == Mode::probe) {
    // The entries of the probe are taken to have arrived, though their disk may still be writing them. If they did
    // not, the next message is refused and tells where to go on.
    mode_ = Mode::replicate;
    next_index_ = std::max(next_index_, probe_last_.next());
  }
  next_index_ = std::max(next_index_, match_index_.next());
  return news;
}

bool Progress::refused(const AppendEntriesReply& reply, const Log& log) {
  const Index rejected = reply.rejected_prev;
  const bool overtaken = rejected <= match_index_ || rejected >= next_index_;   // or never sent
  if (overtaken && !PARLEY_MUTANT(obeys_old_refusals)) return false;
  if (mode_ == Mode::probe && rejected != next_index_.previous()) return false;       // of an earlier probe

  // Next to try is just after the last entry that may be equal. The follower holds entries of conflict_term from
  // conflict_index up to the refused one; it has nothing there if its log is short (conflict_term 0).
  Index next = std::min(std::max(reply.conflict_index, Index(1)), rejected);
  if (reply.conflict_term > Term(0)) {
    const Index candidate = log.last_index_up_to(reply.conflict_term, rejected);
    const bool same_term = log.term_at(candidate) == reply.conflict_term;
    if (same_term && candidate >= next) next = std::min(candidate.next(), rejected);
    else next = std::min(next, candidate.next());
  }
  // Below the base there is nothing to send until snapshots exist: it stays at the first entry held.
  probe_from(std::max({next, match_index_.next(), log.base().index.next()}));
  return true;
}

void Progress::link_changed() { probe_from(mode_ == Mode::replicate ? match_index_.next() : next_index_); }

void Progress::probe_from(Index next_index) {
  mode_ = Mode::probe;
  next_index_ = next_index;
  probe_sent_ = false;
  probe_last_ = next_index.previous();
  commit_sent_ = Index(0);
  inflight_.clear();
  inflight_bytes_ = 0;
}

bool Progress::may_send_entries(Index last_index, const Options& options) const {
  if (next_index_ > last_index) return false;
  if (mode_ == Mode::probe) return !probe_sent_;
  return inflight_.size() < options.inflight_appends_max && inflight_bytes_ < options.inflight_bytes_max;
}

bool Progress::wants_to_send(Index last_index, Index commit_index, const Options& options) const {
  if (mode_ == Mode::probe) return !probe_sent_;
  return may_send_entries(last_index, options) || std::min(commit_index, next_index_.previous()) > commit_sent_;
}

void Progress::sent(const AppendEntries& message, std::size_t bytes) {
  PARLEY_ASSERT(message.prev_log.index.next() == next_index_, "messages are built from next_index");
  const Index last = message.prev_log.index + message.entries.size();
  round_sent = message.round;
  if (mode_ == Mode::probe) {
    probe_sent_ = true;
    probe_last_ = std::max(probe_last_, last);
    return;   // next_index waits for the answer
  }
  commit_sent_ = std::max(commit_sent_, std::min(message.leader_commit, last));
  next_index_ = last.next();
  if (!message.entries.empty()) {
    inflight_.push_back({last, bytes});
    inflight_bytes_ += bytes;
  }
}

}  // namespace parley::raft
