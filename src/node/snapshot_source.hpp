#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "node/driver.hpp"
#include "node/pace.hpp"
#include "node/replication.hpp"
#include "node/room.hpp"
#include "node/snapshot_post.hpp"
#include "store/archive.hpp"
#include "store/archive_copies.hpp"
#include "wire/snapshot_frame.hpp"

namespace parley::node {

// The leader's side of snapshots (R12): makes a copy of the archive when a peer lacks what the log no longer holds,
// offers it, and answers the peer's requests for its bytes. A copy serves every peer as long as the log goes on from
// it; the store keeps at most two. One strand; outlives its tasks.
class SnapshotSource {
 public:
  struct Limits {
    std::uint64_t bytes_per_second = 0;   // of all copies to all peers, while writes go on; 0: no bound
    std::uint64_t keep_free_bytes = 0;    // no copy is made that would leave less
  };
  SnapshotSource(Seams seams, TaskGroup& tasks, Driver& driver, SnapshotPost& post, Limits limits);

  void start(store::Archive& archive);   // spawns offer_loop; `archive` outlives the tasks
  void stop();                           // a copy under way is given up
  void look() { alarm_->ring(); }        // the role changed
  void space_is_short(bool is_short);    // then a copy goes as soon as nobody fetches it

  // Answered by one chunk, when it is its turn (Pace). A second request of the same peer before that is ignored: it
  // asks again by itself.
  void requested(NodeId from, const wire::SnapshotRequest& request);

  std::uint64_t copies_made() const { return copies_made_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::optional<SnapshotView> progress(NodeId to) const;   // nullopt: nothing is being sent there

  static constexpr Duration look_interval = milliseconds(100);   // while it leads
  static constexpr Duration pause_after_failure = milliseconds(5000);
  static constexpr Duration in_use_for = milliseconds(10'000);   // after the last request for it
  static constexpr Duration kept_unused = milliseconds(600'000);   // for a peer that was restarted, or is the next one

 private:
  struct Sending {
    SnapshotView view;
    TimePoint asked_at;
  };

  net::awaitable<void> offer_loop();
  net::awaitable<void> list_copies();
  net::awaitable<void> make_copy();
  std::optional<std::string> lacks_room(const std::optional<store::ArchiveCopyId>& used);   // blocking
  net::awaitable<void> drop_copies();
  TimePoint drop_at() const;
  net::awaitable<void> wait_for_turn(NodeId to, const wire::SnapshotChunk& chunk);
  net::awaitable<void> serve(NodeId to, wire::SnapshotRequest request);
  std::vector<NodeId> in_need();
  std::optional<raft::SnapshotMeta> best_copy() const;
  std::optional<store::ArchiveCopyId> find(const wire::SnapshotRequest& request) const;
  std::optional<store::ArchiveCopyId> in_use() const;

  Seams seams_;
  TaskGroup& tasks_;
  Driver& driver_;
  SnapshotPost& post_;
  store::ArchiveCopies copies_;
  store::Archive* archive_ = nullptr;
  std::unique_ptr<net::Alarm> alarm_;
  std::vector<store::ArchiveCopyId> known_;   // by index
  Pace pace_;
  Room room_;
  std::map<NodeId, std::unique_ptr<net::Alarm>> serving_;
  std::map<NodeId, Sending> sending_;
  std::set<NodeId> empty_handed_;             // were offered a copy that is gone: offer another
  std::optional<store::ArchiveCopyId> last_used_;
  TimePoint last_used_at_ = long_ago;
  TimePoint unused_since_ = long_ago;
  bool short_of_space_ = false;
  std::stop_source giving_up_;
  std::uint64_t copies_made_ = 0;
  std::uint64_t bytes_sent_ = 0;
  bool stopping_ = false;
};

}  // namespace parley::node
