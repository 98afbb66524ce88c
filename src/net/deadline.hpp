#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "base/time.hpp"

namespace parley::net {

// Calls `expire` once, on the strand of `executor`, when the time has come, unless this object is gone by then. The
// way to interrupt an operation here is to close its socket: cancellation slots and races of operations lose data or
// crash (STYLE.md 4.9). Keep it in the frame that owns the socket, declared after it.
class Deadline {
 public:
  Deadline(const boost::asio::any_io_executor& executor, TimePoint at, std::function<void()> expire);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  bool expired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;   // shared with the timer's handler, which may run after we are gone
};

}  // namespace parley::net
