#pragma once

#include <algorithm>
#include <utility>

#include "base/time.hpp"

namespace parley::raft {

// How long a server that lives is silent now and then. On a machine that is starved of processor time that is longer
// than the heartbeats mean it to be, and who judges by the usual silence then elects for nothing. So it waits twice the
// longest silence of late, at least the election timeout and at most `patience_most` times that (decision 0030).
// No safety rests on it. A process that is gone is noticed by its port that refuses, without any timeout (R5).
class Silences {
 public:
  explicit Silences(Duration election_timeout) : election_timeout_(election_timeout) {}

  // Heard now, and the last time before that then. Longer than anybody waits is no load: it was away, or its cable was.
  void heard(TimePoint before, TimePoint now) {
    move_on(now);
    const bool counts = !std::exchange(interrupted_, false) && now - before <= patience_most * election_timeout_;
    if (counts) longest_ = std::max(longest_, now - before);
  }
  // The link broke: what is silent from here to the next word says nothing.
  void interrupted() { interrupted_ = true; }

  Duration patience(TimePoint now) const {
    const Duration recent = now < began_ + 2 * window() ? std::max(longest_, longest_before_) : Duration(0);
    return std::clamp<Duration>(2 * recent, election_timeout_, patience_most * election_timeout_);
  }

  static constexpr int patience_most = 3;
  Duration window() const { return 32 * election_timeout_; }   // a silence counts for one to two of them

 private:
  void move_on(TimePoint now) {
    if (now < began_ + window()) return;
    longest_before_ = now < began_ + 2 * window() ? longest_ : Duration(0);
    longest_ = Duration(0);
    began_ = now;
  }

  Duration election_timeout_;
  TimePoint began_{};
  Duration longest_{0};
  Duration longest_before_{0};
  bool interrupted_ = false;
};

}  // namespace parley::raft
