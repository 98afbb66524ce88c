#include "node/snapshot_source.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/checksum.hpp"

namespace parley::node {

SnapshotSource::SnapshotSource(Seams seams, TaskGroup& tasks, Driver& driver, SnapshotPost& post,
                               Limits limits)
    : seams_(seams),
      tasks_(tasks),
      driver_(driver),
      post_(post),
      copies_(seams.disk),
      alarm_(seams.clock.make_alarm()),
      pace_(limits.bytes_per_second),
      room_(seams.disk, limits.keep_free_bytes) {}

void SnapshotSource::start(store::Archive& archive) {
  archive_ = &archive;
  tasks_.spawn(offer_loop());
}

void SnapshotSource::stop() {
  stopping_ = true;
  giving_up_.request_stop();
  alarm_->ring();
  for (const auto& [peer, turn] : serving_) turn->ring();
}

void SnapshotSource::space_is_short(bool is_short) {
  if (std::exchange(short_of_space_, is_short) != is_short) alarm_->ring();
}

net::awaitable<void> SnapshotSource::offer_loop() {
  co_await list_copies();
  unused_since_ = seams_.clock.now();
  while (!stopping_) {
    const auto peers = in_need();
    if (peers.empty()) {
      if (seams_.clock.now() >= drop_at()) {
        co_await drop_copies();
        continue;
      }
      const bool leads = driver_.consensus().standing().role == raft::Role::leader;
      TimePoint next = drop_at();
      if (leads) next = std::min(next, seams_.clock.now() + look_interval);
      co_await alarm_->wait_until(next);
      continue;
    }
    const auto meta = best_copy();
    if (!meta) {
      co_await make_copy();
      continue;
    }
    for (const NodeId peer : peers) {
      empty_handed_.erase(peer);
      if (!driver_.consensus().offer_snapshot(peer, *meta)) continue;
      seams_.logger.info("snapshot_offered", "node " + std::to_string(peer.value) +
                                                 " lacks what the log no longer holds: offered the archive at index " +
                                                 std::to_string(meta->id.index.value));
    }
    driver_.wake();
  }
}

net::awaitable<void> SnapshotSource::list_copies() {
  std::vector<store::ArchiveCopyId> listed;
  std::function<void()> job = [this, &listed] { listed = copies_.list(); };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  known_ = std::move(listed);
}

// Nobody needs them: they only take room.
TimePoint SnapshotSource::drop_at() const {
  if (known_.empty()) return never;
  return unused_since_ + (short_of_space_ ? in_use_for : kept_unused);
}

net::awaitable<void> SnapshotSource::drop_copies() {
  std::vector<store::ArchiveCopyId> listed;
  std::function<void()> job = [this, &listed] {
    try {
      copies_.remove_all_but(std::nullopt);
    } catch (const store::DiskError&) {   // they are tried again in a while
    }
    listed = copies_.list();
  };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  known_ = std::move(listed);
  unused_since_ = seams_.clock.now();
}

// What others don't fetch at the moment goes first, if there is little room.
std::optional<std::string> SnapshotSource::lacks_room(const std::optional<store::ArchiveCopyId>& used) {
  const std::uint64_t bytes = archive_->file_bytes();
  if (!room_.lacks(bytes)) return std::nullopt;
  try {
    copies_.remove_all_but(used);
  } catch (const store::DiskError& error) {
    return error.what();
  }
  return room_.lacks(bytes);
}

// By a connection and a thread of its own, while writes go on (R12).
net::awaitable<void> SnapshotSource::make_copy() {
  std::optional<Result<store::ArchiveCopy>> made;
  std::vector<store::ArchiveCopyId> listed;
  const auto used = in_use();
  std::string damage;
  std::function<void()> job = [&] {
    try {
      if (auto lacking = lacks_room(used)) made.emplace(Error{std::move(*lacking)});
      else made.emplace(copies_.make(*archive_, used, giving_up_.get_token()));
    } catch (const store::ArchiveDamaged& found) {
      damage = found.what();
      made.emplace(Error{damage});
    }
    listed = copies_.list();
  };
  co_await seams_.workers.run(net::Lane::search, std::move(job));
  known_ = std::move(listed);
  unused_since_ = seams_.clock.now();
  if (!damage.empty()) post_.archive_damaged(damage);   // if it is to be repaired, this life ends
  if (stopping_) co_return;
  if (made->ok()) {
    ++copies_made_;
    const auto& id = (*made)->id;
    seams_.logger.info("snapshot_made", "copied the archive at index " + std::to_string(id.applied.index.value) + ", " +
                                            std::to_string(id.bytes) + " bytes");
    co_return;
  }
  seams_.logger.error("snapshot_failed", "no copy of the archive could be made: " + made->error().message);
  const TimePoint again = seams_.clock.now() + pause_after_failure;
  while (!stopping_ && seams_.clock.now() < again) co_await alarm_->wait_until(again);
}

// Who lacks something and was offered nothing; on the way whoever lacks nothing any more is no longer sent to.
std::vector<NodeId> SnapshotSource::in_need() {
  std::vector<NodeId> peers;
  std::set<NodeId> lacking;
  for (const auto& peer : driver_.consensus().status().peers) {
    if (peer.needs_snapshot) lacking.insert(peer.id.node);
    const bool nothing_offered = peer.snapshot_offered == Index(0) || empty_handed_.contains(peer.id.node);
    if (peer.needs_snapshot && nothing_offered) peers.push_back(peer.id.node);
  }
  std::erase_if(sending_, [&](const auto& sent) { return !lacking.contains(sent.first); });
  return peers;
}

// The newest copy that the log goes on from.
std::optional<raft::SnapshotMeta> SnapshotSource::best_copy() const {
  for (auto copy = known_.rbegin(); copy != known_.rend(); ++copy) {
    auto meta = driver_.consensus().snapshot_meta(copy->applied.index);
    if (meta && meta->id == copy->applied) return meta;
  }
  return std::nullopt;
}

std::optional<store::ArchiveCopyId> SnapshotSource::find(const wire::SnapshotRequest& request) const {
  const auto fits = [&](const store::ArchiveCopyId& copy) {
    return copy.applied == request.snapshot && (!request.file || copy.digest == *request.file);
  };
  auto found = std::ranges::find_if(known_, fits);
  if (found == known_.end()) {   // another copy of the same index will do: the peer begins anew
    found = std::ranges::find(known_, request.snapshot, &store::ArchiveCopyId::applied);
  }
  return found == known_.end() ? std::nullopt : std::optional(*found);
}

std::optional<store::ArchiveCopyId> SnapshotSource::in_use() const {
  return seams_.clock.now() < last_used_at_ + in_use_for ? last_used_ : std::nullopt;
}

void SnapshotSource::requested(NodeId from, const wire::SnapshotRequest& request) {
  if (stopping_ || archive_ == nullptr || serving_.contains(from)) return;
  serving_.emplace(from, seams_.clock.make_alarm());
  tasks_.spawn(serve(from, request));
}

std::optional<SnapshotView> SnapshotSource::progress(NodeId to) const {
  const auto sent = sending_.find(to);
  if (sent == sending_.end() || seams_.clock.now() >= sent->second.asked_at + in_use_for) return std::nullopt;
  return sent->second.view;
}

// What the peer has asked for so far it has received up to there.
net::awaitable<void> SnapshotSource::wait_for_turn(NodeId to, const wire::SnapshotChunk& chunk) {
  const TimePoint now = seams_.clock.now();
  sending_.insert_or_assign(to, Sending{{chunk.snapshot.index, chunk.offset, chunk.total}, now});
  const TimePoint at = pace_.take(now, chunk.bytes.size());
  net::Alarm& turn = *serving_.at(to);
  while (!stopping_ && seams_.clock.now() < at) co_await turn.wait_until(at);
  bytes_sent_ += chunk.bytes.size();
}

net::awaitable<void> SnapshotSource::serve(NodeId to, wire::SnapshotRequest request) {
  wire::SnapshotChunk chunk;
  chunk.snapshot = request.snapshot;
  if (const auto copy = find(request)) {
    last_used_ = copy;
    unused_since_ = last_used_at_ = seams_.clock.now();
    std::optional<Result<std::string>> read;
    const std::uint64_t offset = request.file == copy->digest ? request.offset : 0;
    std::function<void()> job = [this, &read, &copy, offset] {
      read.emplace(copies_.read(*copy, offset, wire::chunk_bytes_max));
    };
    co_await seams_.workers.run(net::Lane::search, std::move(job));
    if (read->ok()) {
      chunk.file = copy->digest;
      chunk.total = copy->bytes;
      chunk.offset = offset;
      chunk.checksum = checksum(**read);
      chunk.bytes = SharedBytes(std::move(**read));
      co_await wait_for_turn(to, chunk);
    } else {
      seams_.logger.warn("snapshot_unreadable", read->error().message);
      co_await list_copies();
    }
  }
  serving_.erase(to);
  if (stopping_) co_return;
  if (chunk.total == 0) {
    sending_.erase(to);
    empty_handed_.insert(to);
    alarm_->ring();
  }
  post_.post_to(to, wire::PeerFrame(std::move(chunk)));
}

}  // namespace parley::node
