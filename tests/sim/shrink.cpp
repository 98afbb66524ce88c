#include "sim/shrink.hpp"

#include <algorithm>
#include <vector>

namespace parley::sim {

Shrunk shrink(const RunOptions& options, const RunResult& failed,
              const std::function<RunResult(const RunOptions&)>& attempt) {
  std::vector<std::size_t> events;
  for (std::size_t i = 0; i < failed.planned; ++i) {
    if (!options.only || options.only->contains(i)) events.push_back(i);
  }
  Shrunk best;
  best.violation = *failed.violation;
  std::size_t parts = 2;
  while (!events.empty() && best.attempts < shrink_attempts_max) {
    bool smaller = false;
    const std::size_t size = std::max<std::size_t>(1, (events.size() + parts - 1) / parts);
    for (std::size_t begin = 0; begin < events.size() && best.attempts < shrink_attempts_max;) {
      std::vector<std::size_t> rest = events;
      const auto from = rest.begin() + static_cast<std::ptrdiff_t>(begin);
      rest.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, events.size() - begin)));
      RunOptions fewer = options;
      fewer.only = std::set<std::size_t>(rest.begin(), rest.end());
      ++best.attempts;
      const RunResult result = attempt(fewer);
      if (result.violation && result.violation->judge == failed.violation->judge) {
        events = std::move(rest);
        best.violation = *result.violation;
        smaller = true;
      } else {
        begin += size;
      }
    }
    if (size == 1 && !smaller) break;
    parts = smaller ? std::max<std::size_t>(2, parts) : parts * 2;
    if (size == 1) parts = events.size();
  }
  best.events = std::set<std::size_t>(events.begin(), events.end());
  return best;
}

}  // namespace parley::sim
