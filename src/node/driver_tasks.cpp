#include "node/driver_tasks.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace parley::node {

void TaskGroup::spawn(net::awaitable<void> task) {
  ++running_;
  boost::asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr error) {
    --running_;
    if (running_ == 0) ended_->ring();
    if (error) std::rethrow_exception(error);
  });
}

net::awaitable<void> TaskGroup::join() {
  while (running_ > 0) co_await ended_->wait_until(never);
}

}  // namespace parley::node
