#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/recent.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "store/archive.hpp"

namespace parley::node {

// All that one applied entry leaves for the archive; every entry has one, so that the position moves on.
struct AppliedEntry {
  raft::EntryId id;
  LogTime time;
  std::size_t bytes = 0;                 // raft::weight() of the entry: what it keeps in memory is about that
  Digest chain;                          // up to and including this entry (R10)
  raft::ConfigurationPtr configuration;  // null unless the entry is one
  std::vector<chat::MessageRow> messages;
  std::vector<chat::RecordRow> records;
};

// What is applied and not archived, at most.
struct Lag {
  std::size_t entries = 0;
  std::size_t bytes = 0;   // of theirs in the log
};

// Brings what was applied into the archive, off the hot path: a transaction begins when the previous one ends and
// takes what is queued and persisted (R9: the archive must never be ahead of this node's log). No sync but at a
// checkpoint. The rows stay readable in `recent` until their transaction is committed.
class Archiver {
 public:
  Archiver(Seams seams, std::unique_ptr<store::Archive> archive, store::ArchivePosition position, Recent& recent,
           Lag lag_max, milliseconds checkpoint_interval = milliseconds(30'000));

  void add(AppliedEntry entry);  // in log order
  net::awaitable<void> archive_loop(Replication& replication);
  // lag_max is not in the archive: requests of this node's clients are
  // turned away. What others propose is not; beyond twice that the apply loop waits here, so that memory is bounded all
  // the same. unblock() ends all waiting.
  bool is_behind() const { return lags(1); }
  bool full() const { return lags(2) && !unblocked_; }
  net::awaitable<void> wait_for_room();
  void unblock();
  // Nothing more will be added: the loop writes what may be written, checkpoints and ends.
  void close();
  // Another node's archive takes this one's place when this life ends: nothing more is written here, and damage that a
  // write under way finds harms nobody any more.
  void abandon();

  // Damage of the archive, met by anything that uses it; the callee says whether it will be repaired, by another
  // archive in the place of this one. Who writes and can't waits for that, and ends the node in the end, or at once
  // where nobody is told; who reads serves nothing of it.
  void on_damage(std::function<bool(const std::string& what)> callee) { damage_ = std::move(callee); }
  // Reads on a lane. False: it met damage, and has said so.
  net::awaitable<bool> look(net::Lane lane, std::function<void()> work);
  // Likewise, by who reads otherwise. True: it will be repaired; else that is said, once.
  bool met_damage(const std::string& what);

  static constexpr Duration damage_patience = milliseconds(10'000);   // till the others are linked and can do without

  // R10: State::digest() as it is now, that is after the last entry that was added.
  void digest_by(std::function<Digest()> digest) { digest_ = std::move(digest); }

  std::size_t lag() const { return queue_.size() + writing_; }  // entries applied but not in the archive
  Index archived() const { return position_.applied.index; }    // committed there, not necessarily synced
  Index checkpointed() const { return checkpointed_; }
  const store::ArchivePosition& position() const { return position_; }
  store::Archive& archive() { return *archive_; }
  const Recent& recent() const { return recent_; }
  std::uint64_t transactions() const { return transactions_; }

 private:
  bool lags(std::size_t times) const {
    return lag() >= times * lag_max_.entries || lag_bytes_ >= times * lag_max_.bytes;
  }
  struct Damage {
    std::exception_ptr failure;
    std::string what;
  };
  net::awaitable<Damage> run(net::Lane lane, std::function<void()> work);
  net::awaitable<bool> carry_out(std::function<void()> work);   // writes; false: given up
  bool will_be_repaired(const std::string& damage) const { return abandoned_ || (damage_ && damage_(damage)); }
  std::size_t backlog() const;
  std::vector<AppliedEntry> take(Index persisted);
  net::awaitable<void> write(std::vector<AppliedEntry> entries);
  net::awaitable<void> checkpoint();
  bool checkpoint_due() const;       // once nothing else is to be written
  bool checkpoint_overdue() const;   // before anything else is
  bool wrote_much(std::size_t times) const;
  TimePoint next_look() const;

  Seams seams_;
  std::unique_ptr<store::Archive> archive_;
  store::ArchivePosition position_;  // of the last transaction that was committed
  Recent& recent_;
  std::function<Digest()> digest_;
  std::function<bool(const std::string&)> damage_;
  std::string said_;   // of damage that can't be repaired now
  const Lag lag_max_;
  const milliseconds checkpoint_interval_;
  std::unique_ptr<net::Alarm> alarm_;
  std::unique_ptr<net::Alarm> room_;  // the apply loop's
  bool unblocked_ = false;
  std::deque<AppliedEntry> queue_;
  std::size_t writing_ = 0;
  std::size_t lag_bytes_ = 0;   // of the queue, and of what is being written
  Index checkpointed_;
  std::size_t since_checkpoint_ = 0;  // entries
  std::size_t bytes_since_checkpoint_ = 0;
  TimePoint checkpoint_at_ = never;   // by time; never: nothing to checkpoint
  TimePoint not_before_ = long_ago;   // the next transaction, unless the backlog is long
  bool closed_ = false;
  bool abandoned_ = false;
  std::uint64_t transactions_ = 0;
};

}  // namespace parley::node
