#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace parley::bench {

// Every single duration that was measured, kept; percentiles are read off the sorted samples, never estimated.
class Samples {
 public:
  void add(Duration sample) { samples_.push_back(sample); }
  void add(const Samples& other) { samples_.insert(samples_.end(), other.samples_.begin(), other.samples_.end()); }
  std::size_t count() const { return samples_.size(); }
  Duration percentile(double percent) const;   // nearest rank; zero if there are no samples
  Duration max() const { return percentile(100); }
  Duration mean() const;

 private:
  mutable std::vector<Duration> samples_;
  mutable std::size_t sorted_ = 0;   // the first so many are in order
};

std::string to_text(Duration duration);   // "512 µs", "1.24 ms", "3.10 s"

}  // namespace parley::bench
