#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/run.hpp"

namespace parley::sim {

// Each of the seeds from options.seed to `last_seed`, in processes of their own: a broken assertion, which aborts,
// costs one seed and is its violation ("died"). `on_result` is told in the order in which they end; false: no more are
// begun. A run that takes longer than run_limit_s of real time is ended and counts as died, too.
using OnResult = std::function<bool(std::uint64_t seed, const RunResult& result)>;
void run_in_processes(const RunOptions& options, std::uint64_t last_seed, std::size_t jobs, const OnResult& on_result);

RunResult run_in_process(const RunOptions& options);   // one

inline constexpr unsigned run_limit_s = 300;

}  // namespace parley::sim
