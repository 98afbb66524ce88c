#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace parley::node {

// So many bytes a second and no more, whoever takes them: each part may go when those before it have had their time.
// Time that nobody used is not saved up. Pure.
class Pace {
 public:
  explicit Pace(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}   // 0: as fast as may be

  // When this part may go; from then on the next ones wait for it.
  TimePoint take(TimePoint now, std::uint64_t bytes) {
    if (bytes_per_second_ == 0) return now;
    const TimePoint at = std::max(now, free_at_);
    const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second_);
    free_at_ = at + std::chrono::ceil<Duration>(std::chrono::duration<double>(seconds));
    return at;
  }

 private:
  std::uint64_t bytes_per_second_;
  TimePoint free_at_ = long_ago;
};

}  // namespace parley::node
