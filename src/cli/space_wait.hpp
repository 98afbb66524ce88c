#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>

#include "cli/service_manager.hpp"
#include "node/logging.hpp"

namespace parley::cli {

// Between two lives of a node whose disk is full: waits until there is space, as far as that can be known. A quota, or
// a disk on which what the node asks for is never free, can't be asked: so it is tried again all the same, after a
// second, later after a minute (decision 0026).
class SpaceWait {
 public:
  using Clock = std::chrono::steady_clock;

  // Before the first life. `least_bytes`: ClusterConfig's; 0: enough is what the next start takes.
  SpaceWait(std::string directory, std::uint64_t least_bytes, node::Logger& logger, const ServiceManager& manager);

  // `failure`: what the life, begun then, ended of. Blocking; SIGTERM and SIGINT end it: false.
  bool wait(const std::string& failure, Clock::time_point life_began);

 private:
  void look();
  std::uint64_t make_space();

  const std::string directory_;
  const std::uint64_t enough_bytes_;
  node::Logger& logger_;
  const ServiceManager& manager_;
  Clock::duration delay_;
  // Of the present wait.
  Clock::time_point retry_at_{};
  bool was_enough_ = false;
  bool stopped_ = false;
  boost::asio::io_context io_{1};
  // From the first life to the last: one that comes between two of them is neither lost nor deadly.
  boost::asio::signal_set signals_{io_, SIGINT, SIGTERM};
  boost::asio::steady_timer timer_{io_};
};

}  // namespace parley::cli
