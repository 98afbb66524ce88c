#include "node/machine_tasks.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace parley::node {

Tasks::Tasks(boost::asio::any_io_executor executor, net::Clock& clock)
    : executor_(std::move(executor)), alarm_(clock.make_alarm()) {}

void Tasks::spawn(net::awaitable<void> task) {
  ++running_;
  boost::asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr error) {
    --running_;
    if (running_ == 0) alarm_->ring();
    if (error) std::rethrow_exception(error);
  });
}

net::awaitable<void> Tasks::finished() {
  while (running_ > 0) co_await alarm_->wait_until(never);
}

}  // namespace parley::node
