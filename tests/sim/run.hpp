#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "sim/faults.hpp"
#include "sim/judges.hpp"
#include "sim/workload.hpp"

namespace parley::sim {

// I15: from the moment at which a majority is healed, whatever the rest does, until it leads, has finished all that
// people have under way, and agrees.
inline constexpr Duration liveness_bound = std::chrono::seconds(60);
// I16: from the moment at which everything is healed until all nodes agree.
inline constexpr Duration convergence_bound = std::chrono::seconds(60);
// From the moment at which they agree until every node that is not damaged votes: who fell out again and again is made
// to wait for up to a minute (raft::AutopilotOptions::steady_most).
inline constexpr Duration votes_bound = std::chrono::seconds(120);
// Without a fault a cluster has a leader by then.
inline constexpr Duration birth_bound = std::chrono::seconds(30);

struct RunOptions {
  std::uint64_t seed = 1;
  double minutes = 2;                          // of the faulty phase, virtual
  std::size_t nodes = 3;
  FaultSet faults;
  std::optional<std::set<std::size_t>> only;   // of the plan's events, by number; nullopt: all
  WorkloadOptions workload;
  enum class Trace : std::uint8_t { none, readable, full } trace = Trace::none;   // to stdout
};

Duration phase_of(const RunOptions& options);

struct RunResult {
  std::optional<Violation> violation;
  bool lost = false;               // no set of undamaged nodes could go on: liveness was not judged
  Counters counters;
  std::uint64_t operations = 0;
  std::uint64_t world_events = 0;
  double virtual_seconds = 0;
  double core_seconds = 0;         // of processor time: other work on the machine does not show in it
  double liveness_seconds = 0;     // virtual, until the healed majority had done all
  std::size_t planned = 0;         // events of the plan
  std::map<Fault, std::uint64_t> faults;
  std::string hash;                // of the trace
};

// One whole run: birth, faulty phase, liveness phase, convergence, judgement. The same options give the same result
// but for core_seconds. Not twice at a time in one process: SQLite's generator is one for the process.
RunResult run(const RunOptions& options);

}  // namespace parley::sim
