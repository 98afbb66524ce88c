#include "sim/linearizability.hpp"

#include <algorithm>

namespace parley::sim {
namespace {

std::string when(TimePoint time) { return std::to_string(time.time_since_epoch().count()); }

}  // namespace

// The order of everything is given but for reads of one length among themselves, which commute. So each takes the
// earliest moment it can: if that is too late for one, nothing else would have helped.
std::optional<std::string> find_nonlinear(std::vector<Appended> appends, std::vector<LengthRead> reads) {
  std::sort(appends.begin(), appends.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  std::sort(reads.begin(), reads.end(), [](const auto& a, const auto& b) { return a.length < b.length; });
  TimePoint earliest = long_ago;
  auto append = appends.begin();
  for (auto read = reads.begin(); read != reads.end() || append != appends.end();) {
    const bool append_is_next = append != appends.end() && (read == reads.end() || append->number <= read->length);
    if (append_is_next) {
      earliest = std::max(earliest, append->called);
      if (earliest > append->returned) {
        return "number " + std::to_string(append->number) + " was acknowledged at " + when(append->returned) +
               ", but what precedes it can't have happened before " + when(earliest);
      }
      ++append;
      continue;
    }
    TimePoint latest = earliest;
    for (const std::uint64_t length = read->length; read != reads.end() && read->length == length; ++read) {
      const TimePoint moment = std::max(earliest, read->called);
      if (moment > read->returned) {
        return "a read that ended at " + when(read->returned) + " saw " + std::to_string(length) +
               " messages, but the last of them can't have been there before " + when(moment);
      }
      latest = std::max(latest, moment);
    }
    earliest = latest;
  }
  return std::nullopt;
}

}  // namespace parley::sim
