#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace parley::raft {

// How long a server that lives is silent now and then. On a machine that is starved of processor time that is longer
// than the heartbeats mean it to be, and who judges by the usual silence then elects for nothing. So it waits twice the
// longest silence of late, at least the election timeout and at most `patience_most` times that.
// No safety rests on it. A process that is gone is noticed by its port that refuses, without any timeout (R5).
class Silences {
 public:
  // Heard now, and the last time before that then.
  void heard(TimePoint before, TimePoint now) {
    move_on(now);
    longest_ = std::max(longest_, now - before);
  }

  Duration patience(Duration election_timeout, TimePoint now) const {
    const TimePoint forgotten = began_ + 2 * window;
    const Duration recent = now < forgotten ? std::max(longest_, longest_before_) : Duration(0);
    return std::clamp<Duration>(2 * recent, election_timeout, patience_most * election_timeout);
  }

  static constexpr int patience_most = 4;
  static constexpr Duration window = milliseconds(10'000);   // a silence counts for one to two of them

 private:
  void move_on(TimePoint now) {
    if (now < began_ + window) return;
    longest_before_ = now < began_ + 2 * window ? longest_ : Duration(0);
    longest_ = Duration(0);
    began_ = now;
  }

  TimePoint began_{};
  Duration longest_{0};
  Duration longest_before_{0};
};

}  // namespace parley::raft
