#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "net/clock.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"

namespace parley::node {

// Looks every second how much space is left where the data directory is (RELIABILITY.md W10): a node that knows it
// before a write fails can leave the leadership in good order. On the log's lane, as a file system that hangs must not
// hang the strand. Short below the least, well again a tenth above it, so that it does not go to and fro. One strand.
class SpaceWatch {
 public:
  // `least_bytes` 0: never short. `looked`: after each look; whether it became short or well by that.
  SpaceWatch(Seams seams, std::uint64_t least_bytes, std::function<void(bool changed)> looked);

  net::awaitable<void> space_loop();   // until stop()
  void look();                         // soon
  void stop();

  const std::optional<SpaceView>& view() const { return view_; }
  bool is_short() const { return view_ && view_->is_short; }

  static constexpr Duration look_interval = milliseconds(1000);

 private:
  bool take(std::uint64_t free_bytes);

  Seams seams_;
  const std::uint64_t least_bytes_;
  std::function<void(bool)> looked_;
  std::unique_ptr<net::Alarm> alarm_;
  std::optional<SpaceView> view_;
  bool stopping_ = false;
};

}  // namespace parley::node
