#include "net/deadline.hpp"

#include <boost/asio/steady_timer.hpp>

#include "net/steady_clock.hpp"

namespace parley::net {

struct Deadline::State {
  explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}
  boost::asio::steady_timer timer;
  std::function<void()> expire;   // empty: disarmed, or has expired
  bool expired = false;
};

Deadline::Deadline(const boost::asio::any_io_executor& executor, TimePoint at, std::function<void()> expire)
    : state_(std::make_shared<State>(executor)) {
  state_->expire = std::move(expire);
  state_->timer.expires_at(to_steady(at));
  state_->timer.async_wait([state = state_](const boost::system::error_code&) {
    // Not the error but the state is asked: a timer may complete with success although it was cancelled (asio #878).
    if (!state->expire) return;
    state->expired = true;
    const auto call = std::exchange(state->expire, nullptr);
    call();
  });
}

Deadline::~Deadline() {
  state_->expire = nullptr;
  state_->timer.cancel();
}

bool Deadline::expired() const { return state_->expired; }

}  // namespace parley::net
