#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/cluster.hpp"
#include "sim/faults.hpp"

namespace parley::sim {

// One fault to come. What it hits is drawn when it comes (the leader of that moment, say), from a seed of its own: the
// others may be left out without changing it.
struct FaultEvent {
  std::size_t number = 0;   // its place in the plan
  Duration at{0};           // from the begin of the faulty phase
  Fault fault = Fault::kill;
  Duration lasts{0};
  std::uint64_t seed = 0;
};

std::string describe(const FaultEvent& event);

// All that will be done to one run, drawn from its seed before it begins: which faults there are in this run at all,
// how often each comes (swarm testing: Groce et al., ISSTA 2012), and when.
struct FaultPlan {
  ClusterOptions cluster;
  bool from_birth = false;   // faults begin with the first start, else once there is a leader
  FaultSet chosen;
  std::vector<FaultEvent> events;   // by time
};

FaultPlan make_plan(std::uint64_t seed, std::size_t nodes, const FaultSet& allowed, Duration faulty_phase);

}  // namespace parley::sim
