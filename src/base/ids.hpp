#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/strong.hpp"

namespace parley {

using NodeId = Strong<struct NodeIdTag, std::uint32_t>;   // 1 … 65535, given by the configuration
using Term = Strong<struct TermTag>;                      // 0: before the first election
using Index = Strong<struct IndexTag>;                    // position in the log, from 1; 0: before the log

// Random, made once per data directory (DESIGN.md R4): a wiped disk is a new incarnation of the same node.
using Incarnation = Strong<struct IncarnationTag>;

// Random, made once at the cluster's birth (R3).
using ClusterId = Strong<struct ClusterIdTag>;            // 0: none yet

// Changes at every restore or recover (R19); part of cursors, client sessions and outboxes. From 1.
using Generation = Strong<struct GenerationTag>;

// One life of one node: votes and acknowledgements count per server, not per node (R4).
struct ServerId {
  NodeId node;
  Incarnation incarnation;
  auto operator<=>(const ServerId&) const = default;
};

}  // namespace parley
