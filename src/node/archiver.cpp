#include "node/archiver.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <utility>

#include "base/mutant.hpp"
#include "node/limits.hpp"

namespace parley::node {
namespace {

constexpr Duration damage_look = milliseconds(100);

// One transaction's worth: of each record and each message the last version, as the earlier ones can't be seen.
// Runs on the archive's lane.
store::ArchiveBatch batch_of(std::vector<AppliedEntry>& entries, store::ArchivePosition position) {
  store::ArchiveBatch batch;
  batch.position = std::move(position);
  std::map<chat::MessageId, chat::MessageRow> messages;
  std::map<std::pair<std::uint8_t, std::string>, chat::RecordRow> records;
  for (auto& entry : entries) {
    for (auto& row : entry.messages) messages.insert_or_assign(row.id, std::move(row));
    for (auto& row : entry.records) {
      auto key = std::make_pair(row.kind, row.key);
      records.insert_or_assign(std::move(key), std::move(row));
    }
  }
  batch.messages.reserve(messages.size());
  for (auto& [id, row] : messages) batch.messages.push_back(std::move(row));
  batch.records.reserve(records.size());
  for (auto& [key, row] : records) batch.records.push_back(std::move(row));
  return batch;
}

}  // namespace

Archiver::Archiver(Seams seams, std::unique_ptr<store::Archive> archive, store::ArchivePosition position,
                   Recent& recent, Lag lag_max, milliseconds checkpoint_interval)
    : seams_(seams),
      archive_(std::move(archive)),
      position_(std::move(position)),
      recent_(recent),
      lag_max_(lag_max),
      checkpoint_interval_(checkpoint_interval),
      alarm_(seams_.clock.make_alarm()),
      room_(seams_.clock.make_alarm()),
      checkpointed_(position_.applied.index) {}

void Archiver::add(AppliedEntry entry) {
  recent_.add(entry.id.index, entry.messages);
  lag_bytes_ += entry.bytes;
  queue_.push_back(std::move(entry));
  // The first of a batch wakes the loop; the rest is taken along.
  if (queue_.size() == 1 || queue_.size() == backlog()) alarm_->ring();
}

// Before anybody has to wait for room.
std::size_t Archiver::backlog() const { return std::min(archive_backlog, lag_max_.entries); }

net::awaitable<void> Archiver::wait_for_room() {
  while (full()) co_await room_->wait_until(never);
}

void Archiver::unblock() {
  unblocked_ = true;
  room_->ring();
}

void Archiver::close() {
  closed_ = true;
  alarm_->ring();
}

void Archiver::abandon() {
  abandoned_ = true;
  alarm_->ring();
}

net::awaitable<void> Archiver::archive_loop(Replication& replication) {
  while (!abandoned_) {
    if (checkpoint_overdue()) {
      co_await checkpoint();
      continue;
    }
    auto entries = take(replication.persisted_index());
    if (!entries.empty()) {
      co_await write(std::move(entries));
    } else if (checkpoint_due()) {
      co_await checkpoint();
    } else if (closed_) {
      co_return;  // what is left is not persisted: the log will bring it again
    } else {
      co_await alarm_->wait_until(next_look());
    }
  }
}

std::vector<AppliedEntry> Archiver::take(Index persisted) {
  std::vector<AppliedEntry> entries;
  const bool in_a_hurry = closed_ || queue_.size() >= backlog();
  if (!in_a_hurry && seams_.clock.now() < not_before_) return entries;
  std::size_t bytes = 0;
  while (!queue_.empty() && entries.size() < archive_batch_max && bytes < archive_batch_bytes_max &&
         (queue_.front().id.index <= persisted || PARLEY_MUTANT(archive_passes_the_log))) {
    bytes += queue_.front().bytes;
    entries.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return entries;
}

net::awaitable<Archiver::Damage> Archiver::run(net::Lane lane, std::function<void()> work) {
  Damage damage;
  std::function<void()> job = [&work, &damage] {
    try {
      work();
    } catch (const store::ArchiveDamaged& found) {
      damage.failure = std::current_exception();
      damage.what = found.what();
    }
  };
  co_await seams_.workers.run(lane, std::move(job));
  co_return damage;
}

// At a start the others are not linked yet: to end at once would be to end again and again.
net::awaitable<bool> Archiver::carry_out(std::function<void()> work) {
  const Damage damage = co_await run(net::Lane::archive, std::move(work));
  if (!damage.failure) co_return true;
  const TimePoint deadline = seams_.clock.now() + damage_patience;
  const auto alarm = seams_.clock.make_alarm();
  while (!will_be_repaired(damage.what)) {
    if (unblocked_) abandon();   // this life ends in any case; what is not archived is in the log
    else if (!damage_ || seams_.clock.now() >= deadline) std::rethrow_exception(damage.failure);
    const TimePoint next = seams_.clock.now() + damage_look;
    co_await alarm->wait_until(next);
  }
  seams_.logger.warn("archive_damaged", "the archive is damaged, nothing more is written to it: " + damage.what);
  co_return false;
}

net::awaitable<bool> Archiver::look(net::Lane lane, std::function<void()> work) {
  const Damage damage = co_await run(lane, std::move(work));
  if (!damage.failure) co_return true;
  met_damage(damage.what);
  co_return false;
}

bool Archiver::met_damage(const std::string& what) {
  if (will_be_repaired(what)) return true;
  if (what == said_) return false;
  said_ = what;
  seams_.logger.error("damaged", what + ". Too few of the others can be heard to do without this node: it goes on, "
                                        "serves nothing of that, and is repaired as soon as they can");
  return false;
}

net::awaitable<void> Archiver::write(std::vector<AppliedEntry> entries) {
  auto position = position_;
  position.applied = entries.back().id;
  position.time = entries.back().time;
  position.chain = entries.back().chain;
  for (const auto& entry : entries) {
    if (!entry.configuration) continue;
    position.configuration_index = entry.id.index;
    position.configuration = *entry.configuration;
  }
  // The state can be digested only as it is now, so only a transaction that catches up with it carries a digest.
  std::size_t bytes = 0;
  for (const auto& entry : entries) bytes += entry.bytes;
  since_checkpoint_ += entries.size();
  bytes_since_checkpoint_ += bytes;
  if (checkpoint_due() && queue_.empty() && digest_) {
    position.state_digest = digest_();
    position.state_digest_at = position.applied.index;
  }
  writing_ = entries.size();
  auto* const archive = archive_.get();
  std::function<void()> job = [&entries, &position, archive] { archive->write(batch_of(entries, position)); };
  const bool written = co_await carry_out(std::move(job));
  writing_ = 0;
  lag_bytes_ -= bytes;
  if (!written) co_return;
  if (checkpoint_at_ == never) checkpoint_at_ = seams_.clock.now() + checkpoint_interval_;
  position_ = std::move(position);
  recent_.archived(position_.applied.index);
  not_before_ = seams_.clock.now() + archive_gap;
  ++transactions_;
  room_->ring();
}

net::awaitable<void> Archiver::checkpoint() {
  const auto through = position_.applied.index;
  store::ArchiveBatch mark;
  const bool digest_missing = queue_.empty() && digest_ && position_.state_digest_at != through;
  if (digest_missing) {  // all that is applied is archived: the state as it is now is the one at `through`
    position_.state_digest = digest_();
    position_.state_digest_at = through;
    mark.position = position_;
  }
  auto* const archive = archive_.get();
  std::function<void()> job = [&mark, digest_missing, archive] {
    if (digest_missing) archive->write(mark);
    archive->checkpoint();
  };
  const bool done = co_await carry_out(std::move(job));
  if (!done) co_return;
  checkpointed_ = through;
  since_checkpoint_ = 0;
  bytes_since_checkpoint_ = 0;
  checkpoint_at_ = never;
}

bool Archiver::checkpoint_due() const {
  if (since_checkpoint_ == 0) return false;
  return closed_ || wrote_much(1) || seams_.clock.now() >= checkpoint_at_;
}

// Under load there is always more to write: it has to wait, or the log, which goes on from the last checkpoint, grows.
bool Archiver::checkpoint_overdue() const { return wrote_much(2); }

bool Archiver::wrote_much(std::size_t times) const {
  return since_checkpoint_ >= times * checkpoint_entries || bytes_since_checkpoint_ >= times * checkpoint_bytes;
}

TimePoint Archiver::next_look() const {
  if (queue_.empty()) return checkpoint_at_;
  // Either the gap, or the front is applied but not yet persisted here: nobody rings for that, so look soon.
  return std::min(checkpoint_at_, std::max(not_before_, seams_.clock.now() + milliseconds{5}));
}

}  // namespace parley::node
