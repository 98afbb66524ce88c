#include "samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace parley::bench {

Duration Samples::percentile(double percent) const {
  if (samples_.empty()) return Duration::zero();
  if (sorted_ != samples_.size()) {
    std::sort(samples_.begin(), samples_.end());
    sorted_ = samples_.size();
  }
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(samples_.size())));
  return samples_[std::clamp<std::size_t>(rank, 1, samples_.size()) - 1];
}

Duration Samples::mean() const {
  if (samples_.empty()) return Duration::zero();
  return std::accumulate(samples_.begin(), samples_.end(), Duration::zero()) / samples_.size();
}

std::string to_text(Duration duration) {
  const double us = static_cast<double>(duration.count()) / 1e3;
  char text[32];
  if (us < 1e3) std::snprintf(text, sizeof text, "%.0f µs", us);
  else if (us < 1e6) std::snprintf(text, sizeof text, "%.2f ms", us / 1e3);
  else std::snprintf(text, sizeof text, "%.2f s", us / 1e6);
  return text;
}

}  // namespace parley::bench
