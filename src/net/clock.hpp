#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "base/time.hpp"

namespace parley::net {

template <class T>
using awaitable = boost::asio::awaitable<T>;

// Wakes one waiter: at a deadline, or when rung, whichever is first. Ringing with nobody waiting does nothing, so
// a waiter always looks at the state before it waits, and a wake-up means "look again", never "it expired".
// The only wake-up primitive: it is condition variable and timeout at once. One strand owns it.
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual awaitable<void> wait_until(TimePoint deadline) = 0;   // `never`: only a ring wakes
  virtual void ring() = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;       // steady
  virtual WallTime wall_now() const = 0;   // may jump; never for the protocol
  virtual std::unique_ptr<Alarm> make_alarm() = 0;
  Now both() const { return Now{now(), wall_now()}; }
};

}  // namespace parley::net
