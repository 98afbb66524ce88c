#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "node/driver.hpp"
#include "node/replication.hpp"
#include "node/room.hpp"
#include "node/snapshot_post.hpp"
#include "store/archive_incoming.hpp"
#include "wire/snapshot_frame.hpp"

namespace parley::node {

// The follower's side of snapshots (R12): fetches the copy that the leader offered, one chunk at a time, so that it
// sets the pace; goes on where it stopped after a broken link, another leader or a restart; verifies the whole; and
// then says so. Applying what was fetched has no deadline. One strand; outlives its tasks.
class SnapshotFetcher {
 public:
  SnapshotFetcher(Seams seams, TaskGroup& tasks, Driver& driver, SnapshotPost& post);

  void start();                                    // spawns fetch_loop
  void stop();
  void wanted(raft::SnapshotOffer offer);          // again and again, while it is; a new one replaces the former
  void arrived(NodeId from, wire::SnapshotChunk chunk);

  std::optional<SnapshotView> progress() const;    // nullopt: nothing is being fetched

  static constexpr Duration answer_timeout = milliseconds(2000);   // then the chunk is asked for again
  static constexpr Duration pause_after_trouble = milliseconds(500);
  static constexpr Duration pause_without_room = milliseconds(5000);
  static constexpr std::uint64_t keep_free_bytes = 32 * 1024 * 1024;   // two files of the log
  static constexpr std::uint64_t bytes_max = std::uint64_t{1} << 40;   // a larger archive is refused

 private:
  net::awaitable<void> fetch_loop();
  net::awaitable<void> look_for_earlier();
  net::awaitable<void> take(wire::SnapshotChunk chunk);
  net::awaitable<bool> open(store::ArchiveCopyId id);
  net::awaitable<void> prepare();
  bool still_wanted();
  void ask();
  void pause(const std::string& why, Duration time = pause_after_trouble);

  Seams seams_;
  TaskGroup& tasks_;
  Driver& driver_;
  SnapshotPost& post_;
  const Room room_;
  std::unique_ptr<net::Alarm> alarm_;
  std::optional<raft::SnapshotOffer> offer_;
  std::optional<store::ArchiveCopyId> earlier_;      // what an earlier life had begun to fetch
  std::optional<store::IncomingArchive> incoming_;
  std::optional<store::ArchiveCopyId> all_there_;    // and is being verified, or was
  std::optional<wire::SnapshotChunk> chunk_;
  TimePoint ask_at_ = long_ago;
  std::stop_source giving_up_;
  bool prepared_ = false;
  bool stopping_ = false;
};

}  // namespace parley::node
