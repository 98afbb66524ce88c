#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

#include "net/clock.hpp"

namespace parley::node {

// The coroutines of one part of a node, counted so that it can be joined. Never detached: what a task throws leaves
// through the executor's run() and ends the process, because a dead loop is a dead node.
class TaskGroup {
 public:
  TaskGroup(boost::asio::any_io_executor executor, net::Clock& clock)
      : executor_(std::move(executor)), ended_(clock.make_alarm()) {}

  void spawn(net::awaitable<void> task);   // on the strand; what the task refers to outlives the group
  net::awaitable<void> join();             // until no task is left; one waiter
  std::size_t running() const { return running_; }

 private:
  boost::asio::any_io_executor executor_;
  std::unique_ptr<net::Alarm> ended_;
  std::size_t running_ = 0;
};

}  // namespace parley::node
