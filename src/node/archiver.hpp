#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
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
  Digest chain;                          // up to and including this entry (R10)
  raft::ConfigurationPtr configuration;  // null unless the entry is one
  std::vector<chat::MessageRow> messages;
  std::vector<chat::RecordRow> records;
};

// Brings what was applied into the archive, off the hot path: a transaction begins when the previous one ends and
// takes all that is queued and persisted (R9: the archive must never be ahead of this node's log). No sync but at a
// checkpoint. The rows stay readable in `recent` until their transaction is committed.
class Archiver {
 public:
  Archiver(Seams seams, std::unique_ptr<store::Archive> archive, store::ArchivePosition position, Recent& recent,
           std::size_t lag_max, milliseconds checkpoint_interval = milliseconds(30'000));

  void add(AppliedEntry entry);  // in log order
  net::awaitable<void> archive_loop(Replication& replication);
  // Beyond twice lag_max entries the apply loop waits here: requests of this node's clients are turned away at
  // lag_max, but what others propose is not, and memory is bounded all the same. unblock() ends all waiting.
  bool full() const { return lag() >= 2 * lag_max_ && !unblocked_; }
  net::awaitable<void> wait_for_room();
  void unblock();
  // Nothing more will be added: the loop writes what may be written, checkpoints and ends.
  void close();
  // Another node's archive takes this one's place when this life ends: nothing more is written here, and damage that a
  // write under way finds harms nobody any more.
  void abandon();

  // Of the archive, met by anything that uses it. carry_out(): runs `work` on a lane; true: done. False: it met damage
  // that will be repaired, and this archive is not used any more. Damage that will not be is thrown: it ends the node.
  void on_damage(std::function<bool(const std::string& what)> callee) { damage_ = std::move(callee); }
  bool will_be_repaired(const std::string& damage) const { return abandoned_ || (damage_ && damage_(damage)); }
  net::awaitable<bool> carry_out(net::Lane lane, std::function<void()> work);

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
  std::size_t backlog() const;
  std::vector<AppliedEntry> take(Index persisted);
  net::awaitable<void> write(std::vector<AppliedEntry> entries);
  net::awaitable<void> checkpoint();
  bool checkpoint_due() const;
  TimePoint next_look() const;

  Seams seams_;
  std::unique_ptr<store::Archive> archive_;
  store::ArchivePosition position_;  // of the last transaction that was committed
  Recent& recent_;
  std::function<Digest()> digest_;
  std::function<bool(const std::string&)> damage_;
  const std::size_t lag_max_;
  const milliseconds checkpoint_interval_;
  std::unique_ptr<net::Alarm> alarm_;
  std::unique_ptr<net::Alarm> room_;  // the apply loop's
  bool unblocked_ = false;
  std::deque<AppliedEntry> queue_;
  std::size_t writing_ = 0;
  Index checkpointed_;
  std::size_t since_checkpoint_ = 0;  // entries
  TimePoint checkpoint_at_ = never;   // by time; never: nothing to checkpoint
  TimePoint not_before_ = long_ago;   // the next transaction, unless the backlog is long
  bool closed_ = false;
  bool abandoned_ = false;
  std::uint64_t transactions_ = 0;
};

}  // namespace parley::node
