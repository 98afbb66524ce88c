#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.hpp"

namespace parley::node {

// How long something took, counted by size, as Prometheus wants it: each bound counts all that took at most so long.
class TimeHistogram {
 public:
  static constexpr std::array<milliseconds, 13> bounds{
      milliseconds(1),   milliseconds(2),   milliseconds(4),   milliseconds(8),    milliseconds(16),
      milliseconds(32),  milliseconds(64),  milliseconds(128), milliseconds(256),  milliseconds(512),
      milliseconds(1024), milliseconds(2048), milliseconds(4096)};

  void add(Duration took) {
    const auto first = static_cast<std::size_t>(std::ranges::lower_bound(bounds, took) - bounds.begin());
    for (std::size_t i = first; i < bounds.size(); ++i) ++at_most_[i];
    ++count_;
    sum_ += took;
  }

  std::uint64_t at_most(std::size_t bound) const { return at_most_[bound]; }
  std::uint64_t count() const { return count_; }
  Duration sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size()> at_most_{};
  std::uint64_t count_ = 0;
  Duration sum_{0};
};

}  // namespace parley::node
