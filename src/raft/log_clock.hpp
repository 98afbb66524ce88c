#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"

namespace parley::raft {

// One voter's wall clock, and when (on this server's steady clock) it arrived here.
struct ClockSample {
  WallTime wall;
  TimePoint taken = long_ago;
};

// The median of wall clocks: one value of an odd number, two of an even one. Between those two nobody can tell who is
// right: so the lower one alone moves log time forward, and only beyond the upper one it runs too fast.
struct WallRange {
  WallTime low;
  WallTime high;
  bool operator==(const WallRange&) const = default;
};

// Of the voters' wall clocks, each moved on by the time since it was read. Samples older than `clock_sample_age_max`
// don't count. nullopt: fewer than `quorum` are left, so there is no median.
std::optional<WallRange> median_wall(std::vector<ClockSample> samples, std::size_t quorum, TimePoint now);

inline constexpr milliseconds clock_sample_age_max{10'000};

// How far a clock is ahead of this server's, behind if negative. nullopt: its sample is too old.
std::optional<milliseconds> clock_ahead(const ClockSample& sample, Now now);

// Log time (R14) as the leader stamps it: milliseconds since 1970 that never go back along the log.
//
//  - It advances by the leader's steady clock from the last entry it found in the log.
//  - With a median, it follows the leader's own wall clock as far as that lies within `slack` of the median, and
//    the nearer edge of that range otherwise: forward at once, back by running at half speed. Of two values the lower
//    one is for forward, the upper one for back.
//  - Without one (no majority of the voters has told its clock lately) it only advances.
//
// So one wrong clock, the leader's included, moves log time by at most `slack` from what the right ones say, and holds
// it back no further.
class LogClock {
 public:
  LogClock() = default;
  LogClock(LogTime last, TimePoint now);

  LogTime stamp(Now now, std::optional<WallRange> median, milliseconds slack);

 private:
  using Micros = std::chrono::microseconds;
  Micros time_{};      // of the last stamp; finer than a stamp, so that many stamps in a millisecond lose nothing
  TimePoint at_{};     // steady time of the last stamp
  LogTime last_{};
};

// Wall clocks beyond these are nonsense (C5) and are cut to them, so that sums never overflow.
inline constexpr WallTime wall_time_max{std::int64_t{1} << 52};   // in the year 144,683

}  // namespace parley::raft
