#pragma once

#include <deque>
#include <optional>

#include "raft/consensus.hpp"
#include "raft/log.hpp"
#include "raft/log_clock.hpp"
#include "raft/message.hpp"
#include "raft/silences.hpp"

namespace parley::raft {

// What a leader knows about one other member, and what it may send there next.
//
//                       success
//       +---------+ ---------------------> +-----------+
//   --> |  probe  |                        | replicate |
//       +---------+ <--------------------- +-----------+
//        |  ^         refusal that holds,        |  ^
//        +--+         or the link broke          +--+
//      refusal: next_index                  success: match_index goes on,
//      goes back                            next_index goes on with each message sent
//
// Where the log begins above what the peer lacks, a refusal leads to a third mode (dissertation 5.1):
//
//   +---------+   refused at or below the base   +----------+   success at the base or above
//   |  probe  | -------------------------------> | snapshot | ------------------------------> replicate
//   +---------+                                  +----------+
//
// probe: it is not known where the logs agree. One AppendEntries is under way at a time; when it is lost, the
// heartbeats (without entries, same prev_log) ask again. replicate: the logs agree below next_index; AppendEntries
// follow each other without waiting, up to inflight_appends_max messages and inflight_bytes_max bytes whose entries
// are not yet acknowledged. A reply that was overtaken never moves match_index back, and a refusal of something that
// is not under way any more is not obeyed (catalogue 10, 11). snapshot: no entries. Heartbeats stand on the base, so
// whoever has it, from wherever, says so by accepting one; each refusal repeats the offer of a copy, if one stands.
class Progress {
 public:
  enum class Mode : std::uint8_t { probe, replicate, snapshot };

  Progress(ServerId id, Index next_index, Silences unheard, TimePoint now)
      : heard_at(now), silences(unheard), id_(id), next_index_(next_index) {}

  ServerId id() const { return id_; }
  Mode mode() const { return mode_; }
  Index match_index() const { return match_index_; }
  Index next_index() const { return next_index_; }

  // Replies. True if it told something new.
  bool succeeded(Index match_index);
  bool refused(const AppendEntriesReply& reply, const Log& log);

  // What was under way is lost: back to probing from what is known to match, or from the log's base.
  void link_changed(Index base);

  // The log begins anew above `base`.
  void compacted(Index base);

  // Snapshots: a copy that stands for `meta` is ready, until the log begins above it. What is to be sent of that.
  void offer(SnapshotMeta meta);
  std::optional<SnapshotMeta> take_offer();
  Index offered() const { return offered_ ? offered_->id.index : Index(0); }

  // Something beside heartbeats is to be sent: entries, a first probe, or news of the commit index.
  bool wants_to_send(Index last_index, Index commit_index, const Options& options) const;
  bool may_send_entries(Index last_index, const Options& options) const;

  void sent(const AppendEntries& message, std::size_t bytes);

  TimePoint heard_at;                // last reply of this term; at first the beginning of the leadership
  Silences silences;
  bool replied = false;              // in this term at all
  std::uint64_t round_sent = 0;      // the latest contact round sent to it, and the latest it echoed
  std::uint64_t round_echoed = 0;
  ClockSample clock;

 private:
  void probe_from(Index next_index);

  struct Inflight {
    Index last;
    std::size_t bytes = 0;
  };

  ServerId id_;
  Mode mode_ = Mode::probe;
  Index match_index_;
  Index next_index_;
  bool probe_sent_ = false;
  Index probe_last_;        // last entry sent with the probe under way
  Index commit_sent_;       // what it can have committed by what was sent to it
  std::deque<Inflight> inflight_;
  std::size_t inflight_bytes_ = 0;
  std::optional<SnapshotMeta> offered_;   // snapshot only
  bool offer_sent_ = false;
};

}  // namespace parley::raft
