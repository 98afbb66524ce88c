#pragma once

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "net/clock.hpp"
#include "net/spawn.hpp"

namespace parley::net {

namespace detail {

template <class T>
struct Race {
  std::unique_ptr<Alarm> alarm;
  std::optional<T> value;
  std::exception_ptr failure;
  bool ended = false;
};

template <class T>
awaitable<void> run_race(std::shared_ptr<Race<T>> race, awaitable<T> operation) {
  try {
    T value = co_await std::move(operation);
    race->value.emplace(std::move(value));
  } catch (...) {
    race->failure = std::current_exception();
  }
  race->ended = true;
  race->alarm->ring();
}

}  // namespace detail

// The operation's value, or nullopt if the deadline came first; its exception is thrown here. Works on the Clock, so
// it runs in simulated time too.
//
// At the deadline the operation is NOT stopped (STYLE.md 4.9: no cancellation): it runs on by itself and its value is
// dropped. So it may refer only to what lives on without the caller, and the caller makes it end where it could
// hang, e.g. by Connection::close(). A connection that is dropped closes.
template <class T>
awaitable<std::optional<T>> before(Clock& clock, TimePoint deadline, awaitable<T> operation) {
  auto race = std::make_shared<detail::Race<T>>();
  race->alarm = clock.make_alarm();
  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  spawn(executor, detail::run_race<T>(race, std::move(operation)));
  while (!race->ended && clock.now() < deadline) co_await race->alarm->wait_until(deadline);
  if (race->failure) std::rethrow_exception(race->failure);
  co_return std::move(race->value);
}

}  // namespace parley::net
