#include "net/steady_clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley::net {

namespace asio = boost::asio;

awaitable<void> SteadyAlarm::wait_until(TimePoint deadline) {
  timer_.expires_at(to_steady(deadline));
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));   // being rung is not an error
}

WallTime SteadyClock::wall_now() const {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return WallTime{std::chrono::duration_cast<milliseconds>(since_1970).count()};
}

}  // namespace parley::net
