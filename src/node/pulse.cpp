#include "node/pulse.hpp"

#include <algorithm>

namespace parley::node {
namespace {

std::string in_ms(Duration time) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(time).count()) + " ms";
}

}  // namespace

// Empty: not worth a line, or one was written not long ago: then it is counted for the next.
std::string Pulse::told(Slow& slow, Duration took, TimePoint now) {
  if (took < slow_from) return "";
  ++slow.count;
  slow.longest = std::max(slow.longest, took);
  const bool first = slow.told_at == long_ago;
  if (!first && now < slow.told_at + tell_interval) return "";
  std::string text = in_ms(took);
  if (slow.count > 1) {
    text += " (" + std::to_string(slow.count) + " times that long since this was last said, " + in_ms(slow.longest) +
            " at most)";
  }
  slow = Slow{now, 0, Duration(0)};
  return text;
}

void Pulse::log_written(Duration took, TimePoint now) {
  log_writes_.add(took);
  const std::string how_long = told(slow_writes_, took, now);
  if (how_long.empty()) return;
  logger_.warn("disk_slow", "a write of the log took " + how_long +
                                ": the disk is slow, or something else writes much to it, or keeps the processor");
}

void Pulse::woken(TimePoint due, TimePoint now) {
  if (now < due) return;
  lateness_.add(now - due);
  const std::string how_long = told(late_, now - due, now);
  if (how_long.empty()) return;
  logger_.warn("woken_late", "this node was woken too late, by " + how_long +
                                 ": the machine has too little processor time for it, or was suspended");
}

}  // namespace parley::node
