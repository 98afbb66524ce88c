#include "cli/space_wait.hpp"

#include <algorithm>
#include <utility>

#include "node/room.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 500ms;
constexpr auto first_delay = 1s;
constexpr auto longest_delay = 60s;
constexpr auto settled_after = 60s;   // a life that lasted so long had space: the next delay is the first again
constexpr std::uint64_t start_bytes = 32ULL * 1024 * 1024;   // a segment of the log, and as much for the archive

std::uint64_t free_at(const std::string& directory) {
  try {
    return store::PosixDisk(directory).free_bytes();
  } catch (const store::DiskError&) {   // not even the directory could be made
    return 0;
  }
}

}  // namespace

SpaceWait::SpaceWait(std::string directory, std::uint64_t least_bytes, node::Logger& logger,
                     const ServiceManager& manager)
    : directory_(std::move(directory)),
      enough_bytes_(least_bytes == 0 ? start_bytes : least_bytes + least_bytes / 10),
      logger_(logger),
      manager_(manager),
      delay_(first_delay) {}

// What this node can make or fetch again.
std::uint64_t SpaceWait::make_space() {
  try {
    store::PosixDisk disk(directory_);
    return node::remove_disposable(disk);
  } catch (const store::DiskError&) {
    return 0;
  }
}

bool SpaceWait::wait(const std::string& failure, Clock::time_point life_began) {
  const auto now = Clock::now();
  if (now - life_began >= settled_after) delay_ = first_delay;
  retry_at_ = now + delay_;
  delay_ = std::min<Clock::duration>(2 * delay_, longest_delay);
  stopped_ = false;
  io_.restart();
  signals_.async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    stopped_ = true;
    io_.stop();
  });
  const std::uint64_t freed = make_space();
  const std::uint64_t free = free_at(directory_);
  was_enough_ = free >= enough_bytes_;
  std::string place = std::to_string(free) + " bytes are free at " + directory_;
  if (freed > 0) place += ", " + std::to_string(freed) + " of them were copies of the archive";
  logger_.error("disk_full", failure + "; " + place + ". This node takes no part until there is space: make some "
                                                      "there. It goes on by itself");
  manager_.tell("STATUS=the disk is full: " + place + "; waits for space");

  look();
  io_.run();
  signals_.cancel();
  io_.restart();
  io_.poll();   // a signal that came at the same moment counts
  if (stopped_) {
    logger_.info("stopped", "stopped while it waited for space");
    manager_.tell("STOPPING=1\nSTATUS=stops");
  } else {
    logger_.info("starts_again", std::to_string(free_at(directory_)) + " bytes are free at " + directory_);
  }
  return !stopped_;
}

void SpaceWait::look() {
  const bool space_came = !was_enough_ && free_at(directory_) >= enough_bytes_;
  if (space_came || Clock::now() >= retry_at_) return io_.stop();
  timer_.expires_after(look_interval);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) look();
  });
}

}  // namespace parley::cli
