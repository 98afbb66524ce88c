#include "raft/progress.hpp"

#include <algorithm>
#include <utility>

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
  } else if (mode_ == Mode::snapshot && match_index_.next() >= next_index_) {
    mode_ = Mode::replicate;   // it has the base
    offered_.reset();
  } else if (mode_ == Mode::snapshot) {
    return news;
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
  next = std::max(next, match_index_.next());
  const Index base = log.base().index;
  if (next > base) return probe_from(next), true;
  // What it lacks is not in the log any more. It stays at the base, and hears of the copy again if there is one.
  if (mode_ != Mode::snapshot) probe_from(base.next());
  mode_ = Mode::snapshot;
  probe_sent_ = true;
  offer_sent_ = false;
  return true;
}

void Progress::link_changed(Index base) {
  offer_sent_ = false;
  if (mode_ == Mode::snapshot) probe_sent_ = false;   // it may have the base by now: ask
  else probe_from(std::max(base.next(), mode_ == Mode::replicate ? match_index_.next() : next_index_));
}

void Progress::compacted(Index base) {
  if (offered() < base) offered_.reset();
  if (next_index_ > base) return;
  if (mode_ == Mode::snapshot) next_index_ = base.next();
  else probe_from(base.next());
}

void Progress::offer(SnapshotMeta meta) {
  if (offered_ && offered_->id.index >= meta.id.index) return;
  offered_ = std::move(meta);
  offer_sent_ = false;
}

std::optional<SnapshotMeta> Progress::take_offer() {
  if (mode_ != Mode::snapshot || std::exchange(offer_sent_, true)) return std::nullopt;
  return offered_;
}

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
  if (mode_ == Mode::snapshot) return false;
  return inflight_.size() < options.inflight_appends_max && inflight_bytes_ < options.inflight_bytes_max;
}

bool Progress::wants_to_send(Index last_index, Index commit_index, const Options& options) const {
  if (mode_ != Mode::replicate) return !probe_sent_;
  return may_send_entries(last_index, options) || std::min(commit_index, next_index_.previous()) > commit_sent_;
}

void Progress::sent(const AppendEntries& message, std::size_t bytes) {
  PARLEY_ASSERT(message.prev_log.index.next() == next_index_, "messages are built from next_index");
  const Index last = message.prev_log.index + message.entries.size();
  round_sent = message.round;
  if (mode_ != Mode::replicate) {
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
