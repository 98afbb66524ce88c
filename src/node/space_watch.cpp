#include "node/space_watch.hpp"

#include <string>
#include <utility>

#include "node/room.hpp"

namespace parley::node {

SpaceWatch::SpaceWatch(Seams seams, std::uint64_t least_bytes, std::function<void(bool)> looked)
    : seams_(seams), least_bytes_(least_bytes), looked_(std::move(looked)), alarm_(seams.clock.make_alarm()) {}

void SpaceWatch::look() { alarm_->ring(); }

void SpaceWatch::stop() {
  stopping_ = true;
  alarm_->ring();
}

// Not being told changes nothing: a disk that can't even say that will fail a write, and that has consequences.
net::awaitable<void> SpaceWatch::space_loop() {
  while (!stopping_) {
    std::optional<std::uint64_t> free_bytes;
    std::function<void()> job = [this, &free_bytes] {
      try {
        free_bytes = seams_.disk.free_bytes();
      } catch (const store::DiskError&) {
        free_bytes.reset();
      }
    };
    co_await seams_.workers.run(net::Lane::log, std::move(job));
    if (stopping_) co_return;
    if (free_bytes) {
      const bool changed = take(*free_bytes);
      looked_(changed);
    }
    co_await alarm_->wait_until(seams_.clock.now() + look_interval);
  }
}

bool SpaceWatch::take(std::uint64_t free_bytes) {
  const bool was_short = is_short();
  const std::uint64_t well_from = was_short ? least_bytes_ + least_bytes_ / 10 : least_bytes_;
  view_ = SpaceView{free_bytes, free_bytes < well_from};
  if (view_->is_short == was_short) return false;
  const std::string place = mebibytes(free_bytes) + " are free at " + seams_.disk.describe("");
  if (was_short) {
    seams_.logger.info("disk_well", place + " again");
  } else {
    seams_.logger.warn("disk_short", "only " + place + ", less than disk_free_min_mb (" + mebibytes(least_bytes_) +
                                         "): this node leads only if no other can, and takes no messages, edits, "
                                         "rooms and accounts then. Make space; it goes on by itself");
  }
  return true;
}

}  // namespace parley::node
