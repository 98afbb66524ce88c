#include "cli/space_wait.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

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

bool SpaceWait::wait(const std::string& failure, Clock::time_point life_began) {
  const auto now = Clock::now();
  if (now - life_began >= settled_after) delay_ = first_delay;
  retry_at_ = now + delay_;
  delay_ = std::min<Clock::duration>(2 * delay_, longest_delay);
  const std::uint64_t free = free_at(directory_);
  was_enough_ = free >= enough_bytes_;
  const std::string place = std::to_string(free) + " bytes are free at " + directory_;
  logger_.error("disk_full", failure + "; " + place + ". This node takes no part until there is space: make some "
                                                      "there. It goes on by itself");
  manager_.tell("STATUS=the disk is full: " + place + "; waits for space");

  stopped_ = false;
  io_.restart();
  boost::asio::signal_set signals(io_, SIGINT, SIGTERM);
  signals.async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    stopped_ = true;
    io_.stop();
  });
  look();
  io_.run();
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
