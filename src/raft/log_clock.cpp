#include "raft/log_clock.hpp"

#include <algorithm>

namespace parley::raft {
namespace {

std::int64_t sane(std::int64_t ms) { return std::clamp<std::int64_t>(ms, 0, wall_time_max.ms); }

}  // namespace

std::optional<WallRange> median_wall(std::vector<ClockSample> samples, std::size_t quorum, TimePoint now) {
  std::erase_if(samples, [&](const ClockSample& sample) {
    return sample.taken == long_ago || sample.taken + clock_sample_age_max < now;
  });
  if (samples.empty() || samples.size() < quorum) return std::nullopt;
  std::vector<std::int64_t> walls;
  walls.reserve(samples.size());
  for (const ClockSample& sample : samples) {
    const auto age = std::chrono::duration_cast<milliseconds>(std::max(now, sample.taken) - sample.taken);
    walls.push_back(sane(sane(sample.wall.ms) + age.count()));
  }
  std::sort(walls.begin(), walls.end());
  return WallRange{{walls[(walls.size() - 1) / 2]}, {walls[walls.size() / 2]}};
}

std::optional<milliseconds> clock_ahead(const ClockSample& sample, Now now) {
  if (sample.taken == long_ago || sample.taken + clock_sample_age_max < now.steady) return std::nullopt;
  const auto age = std::chrono::duration_cast<milliseconds>(std::max(now.steady, sample.taken) - sample.taken);
  return milliseconds(sane(sample.wall.ms) - sane(now.wall.ms)) + age;
}

LogClock::LogClock(LogTime last, TimePoint now) : time_(milliseconds(sane(last.ms))), at_(now), last_(last) {}

LogTime LogClock::stamp(Now now, std::optional<WallRange> median, milliseconds slack) {
  auto elapsed = std::chrono::duration_cast<Micros>(std::max(now.steady, at_) - at_);
  at_ += elapsed;   // not `now`: what is less than a microsecond stays for the next stamp
  if (median) {
    const auto own_near = [&](WallTime other) -> Micros {
      const std::int64_t least = sane(other.ms - slack.count());
      return milliseconds(std::clamp(sane(now.wall.ms), least, sane(other.ms + slack.count())));
    };
    if (time_ + elapsed > own_near(median->high)) elapsed /= 2;
    time_ = std::max(time_ + elapsed, own_near(median->low));
  } else {
    time_ += elapsed;
  }
  last_.ms = std::max(last_.ms, sane(std::chrono::duration_cast<milliseconds>(time_).count()));
  return last_;
}

}  // namespace parley::raft
