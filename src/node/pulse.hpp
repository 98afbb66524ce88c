#pragma once

#include <string>

#include "node/logging.hpp"
#include "node/time_histogram.hpp"

namespace parley::node {

// What a cluster is slow for most often, and what nothing else shows: a disk that takes long, and a machine that does
// not let the node run. Counted for /metrics; said now and then when it was long. One strand.
class Pulse {
 public:
  explicit Pulse(Logger& logger) : logger_(logger) {}

  void log_written(Duration took, TimePoint now);   // one batch, its fsync included
  void woken(TimePoint due, TimePoint now);         // by a timer that was due then; if it is not yet, nothing is told

  const TimeHistogram& log_writes() const { return log_writes_; }
  const TimeHistogram& lateness() const { return lateness_; }

  static constexpr Duration slow_from = milliseconds(100);         // several times what a hand-over takes
  static constexpr Duration tell_interval = milliseconds(10'000);

 private:
  struct Slow {
    TimePoint told_at = long_ago;
    std::uint64_t count = 0;    // since then
    Duration longest{0};
  };
  static std::string told(Slow& slow, Duration took, TimePoint now);

  Logger& logger_;
  TimeHistogram log_writes_;
  TimeHistogram lateness_;
  Slow slow_writes_;
  Slow late_;
};

}  // namespace parley::node
