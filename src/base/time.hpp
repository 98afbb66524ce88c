#pragma once

#include <chrono>
#include <cstdint>

namespace parley {

using Duration = std::chrono::nanoseconds;

// A point on the steady clock of one process (CLOCK_MONOTONIC), or of the simulated world: never compared
// between processes, never stored.
struct SteadyTag {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<SteadyTag, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = SteadyTag::time_point;

inline constexpr TimePoint never = TimePoint::max();   // as a deadline: only a ring wakes
inline constexpr TimePoint long_ago = TimePoint::min();

// Milliseconds since 1970-01-01 UTC by somebody's wall clock: shown to people, never trusted by the protocol.
struct WallTime {
  std::int64_t ms = 0;
  auto operator<=>(const WallTime&) const = default;
};

// Log time (DESIGN.md R14): milliseconds since 1970, carried by every entry, never going back along the log.
struct LogTime {
  std::int64_t ms = 0;
  auto operator<=>(const LogTime&) const = default;
};

// Both clocks read at one moment; what the pure code is told instead of asking.
struct Now {
  TimePoint steady{};
  WallTime wall{};
};

using std::chrono::milliseconds;

}  // namespace parley
