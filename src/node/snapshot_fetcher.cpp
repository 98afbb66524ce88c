#include "node/snapshot_fetcher.hpp"

#include <string>
#include <utility>

#include "base/checksum.hpp"
#include "node/data_directory.hpp"
#include "store/archive_install.hpp"

namespace parley::node {

SnapshotFetcher::SnapshotFetcher(Seams seams, TaskGroup& tasks, Driver& driver, SnapshotPost& post)
    : seams_(seams),
      tasks_(tasks),
      driver_(driver),
      post_(post),
      room_(seams.disk, keep_free_bytes),
      alarm_(seams.clock.make_alarm()) {}

void SnapshotFetcher::start() { tasks_.spawn(fetch_loop()); }

void SnapshotFetcher::stop() {
  stopping_ = true;
  giving_up_.request_stop();
  alarm_->ring();
}

void SnapshotFetcher::wanted(raft::SnapshotOffer offer) {
  const bool other = !offer_ || offer_->meta.id != offer.meta.id;
  if (prepared_ || (!other && offer_->from == offer.from)) return;
  if (other) {
    seams_.logger.info("snapshot_wanted", "this node lacks what the log of node " +
                                              std::to_string(offer.from.node.value) +
                                              " no longer holds: it fetches its archive at index " +
                                              std::to_string(offer.meta.id.index.value));
  }
  offer_ = std::move(offer);
  ask_at_ = long_ago;
  alarm_->ring();
}

// One request is under way at a time, so there is one place for its answer.
void SnapshotFetcher::arrived(NodeId from, wire::SnapshotChunk chunk) {
  if (!offer_ || offer_->from.node != from || chunk.snapshot != offer_->meta.id || chunk_) return;
  chunk_ = std::move(chunk);
  alarm_->ring();
}

std::optional<SnapshotView> SnapshotFetcher::progress() const {
  if (!offer_) return std::nullopt;
  SnapshotView shown;
  shown.index = offer_->meta.id.index;
  if (incoming_ && incoming_->id().applied == offer_->meta.id) {
    shown.bytes = incoming_->offset();
    shown.total = incoming_->id().bytes;
  } else if (all_there_ && all_there_->applied == offer_->meta.id) {
    shown.bytes = shown.total = all_there_->bytes;
  }
  return shown;
}

net::awaitable<void> SnapshotFetcher::fetch_loop() {
  co_await look_for_earlier();
  while (!stopping_) {
    if (prepared_ || !still_wanted()) {
      co_await alarm_->wait_until(never);
    } else if (chunk_) {
      wire::SnapshotChunk chunk = std::move(*chunk_);
      chunk_.reset();
      co_await take(std::move(chunk));
    } else if (incoming_ && incoming_->id().applied == offer_->meta.id && incoming_->complete()) {
      co_await prepare();
    } else {
      if (seams_.clock.now() >= ask_at_) ask();
      co_await alarm_->wait_until(ask_at_);
    }
  }
}

net::awaitable<void> SnapshotFetcher::look_for_earlier() {
  std::optional<store::ArchiveCopyId> found;
  std::function<void()> job = [this, &found] { found = store::IncomingArchive::found(seams_.disk, archive_file); };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  earlier_ = found;
}

// The log may have come first after all, or another leader.
bool SnapshotFetcher::still_wanted() {
  if (!offer_) return false;
  const auto present = driver_.consensus().wanted_snapshot();
  if (present && present->meta.id == offer_->meta.id) return true;
  seams_.logger.info("snapshot_not_wanted", "the snapshot at index " + std::to_string(offer_->meta.id.index.value) +
                                                " is no longer needed");
  offer_.reset();
  chunk_.reset();
  return false;
}

void SnapshotFetcher::ask() {
  wire::SnapshotRequest request;
  request.snapshot = offer_->meta.id;
  if (incoming_ && incoming_->id().applied == request.snapshot) {
    request.file = incoming_->id().digest;
    request.offset = incoming_->offset();
  } else if (earlier_ && earlier_->applied == request.snapshot) {
    request.file = earlier_->digest;
  }
  post_.post_to(offer_->from.node, wire::PeerFrame(request));
  ask_at_ = seams_.clock.now() + answer_timeout;
}

void SnapshotFetcher::pause(const std::string& why, Duration time) {
  seams_.logger.warn("snapshot_delayed", why);
  ask_at_ = seams_.clock.now() + time;
}

net::awaitable<void> SnapshotFetcher::take(wire::SnapshotChunk chunk) {
  if (chunk.total == 0) {
    pause("the copy that was offered is gone: waiting for another one");
    co_return;
  }
  if (checksum(chunk.bytes.view()) != chunk.checksum) {
    pause("a part of the snapshot was damaged before it was sent: asking for it again");
    co_return;
  }
  store::ArchiveCopyId id;
  id.applied = chunk.snapshot;
  id.digest = chunk.file;
  id.bytes = chunk.total;
  if (!incoming_ || incoming_->id() != id) {
    const bool opened = co_await open(id);
    if (!opened) co_return;
  }
  ask_at_ = long_ago;   // for the next one
  if (chunk.offset != incoming_->offset()) co_return;   // an earlier life had got further: ask from there
  std::optional<Result<Nothing>> written;
  std::function<void()> job = [this, &chunk, &written] {
    written.emplace(incoming_->write(chunk.offset, chunk.bytes.view()));
  };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  if (!written->ok()) pause("the snapshot could not be kept: " + written->error().message);
}

net::awaitable<bool> SnapshotFetcher::open(store::ArchiveCopyId id) {
  incoming_.reset();
  const bool begun = earlier_ == id;
  earlier_.reset();
  std::optional<Result<store::IncomingArchive>> opened;
  std::function<void()> job = [this, &id, begun, &opened] {
    const auto lacking = begun ? std::nullopt : room_.lacks(id.bytes);
    if (lacking) opened.emplace(Error{*lacking});
    else opened.emplace(store::IncomingArchive::open(seams_.disk, archive_file, id, bytes_max));
  };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  if (!opened->ok()) {
    pause("no room for the snapshot: " + opened->error().message, pause_without_room);
    co_return false;
  }
  incoming_.emplace(std::move(**opened));
  co_return true;
}

net::awaitable<void> SnapshotFetcher::prepare() {
  const store::ArchiveCopyId id = incoming_->id();
  incoming_.reset();   // closes the file
  all_there_ = id;
  std::optional<Result<store::ArchivePosition>> prepared;
  std::function<void()> job = [this, &id, &prepared] {
    prepared.emplace(store::prepare_archive(seams_.disk, archive_file, id, std::nullopt, giving_up_.get_token()));
  };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  if (stopping_) co_return;
  if (!prepared->ok()) {
    all_there_.reset();
    pause("the snapshot is not as it was sent, it is fetched again: " + prepared->error().message);
    co_return;
  }
  if (!still_wanted()) co_return;
  prepared_ = true;
  seams_.logger.info("snapshot_fetched", "the archive at index " + std::to_string(id.applied.index.value) +
                                             " is here (" + std::to_string(id.bytes) + " bytes) and verified");
  post_.snapshot_prepared(id.applied);
}

}  // namespace parley::node
