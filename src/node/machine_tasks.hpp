#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>

#include "net/clock.hpp"

namespace parley::node {

// The loops and calls of one machine, counted, so that it can tell when all have ended. What one throws is thrown by
// the executor that runs it: a dead loop is a dead node, never a silent one.
class Tasks {
 public:
  Tasks(boost::asio::any_io_executor executor, net::Clock& clock);

  void spawn(net::awaitable<void> task);
  std::size_t running() const { return running_; }
  net::awaitable<void> finished();  // returns once none is left; one caller

  // Said once by the machine; whoever waits in steps looks at it.
  void stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  boost::asio::any_io_executor executor_;
  std::unique_ptr<net::Alarm> alarm_;
  std::size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace parley::node
