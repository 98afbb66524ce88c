#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "sim/run.hpp"

namespace parley::sim {

// The command line of parley-sim.
struct SimOptions {
  RunOptions run;                    // of each seed; its seed is the first
  std::uint64_t last_seed = 1;
  std::string faults = "all";        // as given
  std::size_t jobs = 1;
  bool json = false;
  bool quiet = false;                // a line per hundred seeds, not per seed
  bool shrink = false;
  bool verify_determinism = false;
  bool keep_going = false;           // after a violation
};

// The options, or the exit code if that is all (help, a wrong option, --list-faults), with everything printed.
std::variant<SimOptions, int> parse_options(int argc, const char* const* argv);

// The one command that does the same again.
std::string replay_command(const RunOptions& run, const std::string& faults);

}  // namespace parley::sim
