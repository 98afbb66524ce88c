#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "net/clock.hpp"

namespace parley::net {

// The same moment for Asio's timers. `never` and `long_ago` stay the ends of time: Asio's timer queue saturates when
// it subtracts (asio/detail/chrono_time_traits.hpp), so neither overflows.
inline std::chrono::steady_clock::time_point to_steady(TimePoint point) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(point.time_since_epoch()));
}

// CLOCK_MONOTONIC now; for where no Clock is at hand. Everything that the simulator runs asks its Clock instead.
inline TimePoint steady_now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

// Lives on the strand of `executor`; destroy it there, with nobody waiting or the strand's loop at its end.
class SteadyAlarm final : public Alarm {
 public:
  explicit SteadyAlarm(boost::asio::any_io_executor executor) : timer_(std::move(executor)) {}
  awaitable<void> wait_until(TimePoint deadline) override;
  void ring() override { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

// The real Clock: CLOCK_MONOTONIC, CLOCK_REALTIME, and alarms on one strand.
class SteadyClock final : public Clock {
 public:
  explicit SteadyClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  TimePoint now() const override { return steady_now(); }
  WallTime wall_now() const override;
  std::unique_ptr<Alarm> make_alarm() override { return std::make_unique<SteadyAlarm>(executor_); }

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace parley::net
