#include "node/backups.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "chat/state.hpp"
#include "node/limits.hpp"
#include "store/archive_copy.hpp"

namespace parley::node {
namespace {

constexpr Duration look_interval = milliseconds(20);   // while the archive catches up

// On Lane::search. The digest of the state is taken of what was copied: whoever restores it has to get the same.
Result<store::BackupAbout> copy_archive(store::ArchiveCopies& copies, const Room& room, store::Disk& disk,
                                        store::Archive& archive, const std::stop_token& stop) {
  try {
    copies.remove_all_but(std::nullopt);
    if (auto lacking = room.lacks(archive.file_bytes())) return Error{std::move(*lacking)};
    auto made = copies.make(archive, std::nullopt, stop);
    if (!made.ok()) return made.error();
    auto content = store::read_archive_content(disk, copies.path_of(made->id));
    if (!content.ok()) return content.error();
    auto state = chat::State::load(content->records);
    if (!state.ok()) return state.error();
    store::BackupAbout about;
    about.generation = made->position.generation;
    about.time = made->position.time;
    about.chain = made->position.chain;
    about.state = state->digest();
    about.copy = made->id;
    return about;
  } catch (const store::DiskError& error) {
    return Error{error.what()};
  }
}

}  // namespace

Backups::Backups(Seams seams, Archiver& archiver, std::uint64_t keep_free_bytes)
    : seams_(seams),
      archiver_(archiver),
      copies_(seams.disk, directory),
      room_(seams.disk, keep_free_bytes),
      alarm_(seams.clock.make_alarm()) {
  try {
    copies_.remove_all_but(std::nullopt);
  } catch (const store::DiskError& error) {   // it takes room, no more; the next backup tries again
    seams_.logger.warn("backup_left_over", error.what());
  }
}

void Backups::stop() {
  stopping_ = true;
  giving_up_.request_stop();
  alarm_->ring();
}

net::awaitable<void> Backups::expiry_loop() {
  while (!stopping_) {
    const TimePoint until = current_ ? last_used_ + idle_max : never;
    if (!making_ && reading_ == 0 && seams_.clock.now() >= until) {
      seams_.logger.info("backup_given_up", "nobody asked for the rest of the backup: its copy is removed");
      co_await remove();
    } else {
      const TimePoint next = reading_ > 0 ? never : until;
      co_await alarm_->wait_until(next);
    }
  }
}

net::awaitable<Backups::Begun> Backups::begin(Index at_least) {
  const bool crowded = seams_.workers.queued(net::Lane::search) >= search_queue_max;
  if (making_ || current_ || stopping_ || crowded) co_return Begun(Busy());
  making_ = true;
  const bool there = co_await archived(at_least);
  Begun begun = Busy();
  if (there) begun = co_await make();
  making_ = false;
  alarm_->ring();
  co_return begun;
}

// What was applied is written to the archive in batches, a little later (R9).
net::awaitable<bool> Backups::archived(Index index) {
  const auto alarm = seams_.clock.make_alarm();
  const TimePoint deadline = seams_.clock.now() + archive_patience;
  while (archiver_.archived() < index) {
    if (stopping_ || seams_.clock.now() >= deadline) co_return false;
    const TimePoint next = std::min(deadline, seams_.clock.now() + look_interval);
    co_await alarm->wait_until(next);
  }
  co_return !stopping_;
}

net::awaitable<Backups::Begun> Backups::make() {
  std::optional<Result<store::BackupAbout>> made;
  std::function<void()> job = [this, &made] {
    made.emplace(copy_archive(copies_, room_, seams_.disk, archiver_.archive(), giving_up_.get_token()));
  };
  const bool sound = co_await archiver_.look(net::Lane::search, std::move(job));
  if (stopping_) co_return Begun(Busy());
  if (!sound) made.emplace(Error{"this node's archive is damaged: take the backup from another one"});
  if (!made->ok()) {
    seams_.logger.error("backup_failed", made->error().message);
    co_return Begun(made->error());
  }
  current_ = **made;
  last_used_ = seams_.clock.now();
  seams_.logger.info("backup_made", "copied the archive at index " +
                                        std::to_string(current_->copy.applied.index.value) + ", " +
                                        std::to_string(current_->copy.bytes) + " bytes, for a backup");
  co_return Begun(*current_);
}

net::awaitable<Result<std::string>> Backups::page(Digest copy, std::uint64_t offset, std::size_t size) {
  if (!is_current(copy) || stopping_) co_return Error{"this node holds no such copy (any more): begin again"};
  const store::ArchiveCopyId id = current_->copy;
  const std::size_t wanted = std::min(size, page_bytes_max);
  std::optional<Result<std::string>> read;
  std::function<void()> job = [this, &read, &id, offset, wanted] { read.emplace(copies_.read(id, offset, wanted)); };
  ++reading_;
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  --reading_;
  last_used_ = seams_.clock.now();
  if (!read->ok() && is_current(copy)) current_.reset();
  alarm_->ring();
  co_return std::move(*read);
}

net::awaitable<void> Backups::end(Digest copy) {
  if (is_current(copy) && !making_) co_await remove();
}

net::awaitable<void> Backups::remove() {
  making_ = true;
  current_.reset();
  std::function<void()> job = [this] {
    try {
      copies_.remove_all_but(std::nullopt);
    } catch (const store::DiskError&) {   // goes with the next one, or at the next start
    }
  };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  making_ = false;
}

}  // namespace parley::node
