#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>

#include "sim/run.hpp"

namespace parley::sim {

struct Shrunk {
  std::set<std::size_t> events;   // of the plan
  Violation violation;            // with only these
  std::size_t attempts = 0;
};

// Leaves out faults of the plan, first in halves, then in smaller parts, at last one by one, as long as a run still
// fails before the same judge (delta debugging: Zeller and Hildebrandt, 2002). `attempt` runs the options given.
Shrunk shrink(const RunOptions& options, const RunResult& failed,
              const std::function<RunResult(const RunOptions&)>& attempt);

inline constexpr std::size_t shrink_attempts_max = 400;

}  // namespace parley::sim
