#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/cluster.hpp"
#include "sim/history.hpp"

namespace parley::sim {

struct Violation {
  std::string judge;   // "raft", "digests", "requests", "reads", "feeds", "access", "memory", …
  std::string text;
};

// What happened, so that a quiet simulator is noticed.
struct Counters {
  std::uint64_t elections = 0;       // leaders elected
  std::uint64_t campaigns = 0;       // elections begun, won or not
  std::uint64_t truncations = 0;     // conflicting suffixes cut from a log
  std::uint64_t leader_crashes = 0;
  std::uint64_t leader_crashes_with_unreplicated = 0;   // with an entry that no other running or stopped node has
  std::uint64_t restarts = 0;
  std::uint64_t snapshots = 0;   // installed
  std::uint64_t committed = 0;       // entries
  std::uint64_t configurations = 0;  // of them
  std::uint64_t member_changes = 0;  // of these, who is a member, or at which addresses: what only an operator asks for
  std::uint64_t messages = 0;        // sent, in the log
  std::uint64_t acknowledged = 0;    // operations done
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
  std::uint64_t pages = 0;           // read and judged
  std::uint64_t pushes = 0;          // seen by subscribers and judged
};

// What must hold of the whole cluster and of all that people saw (RELIABILITY.md section 2).
//
// after_step: Raft's properties on every node that was told anything (raft/invariants.hpp), what is committed is on the
// disks of a majority, the chain digest of every node is that of the committed log, tables and queues keep their
// limits. at_end: what people did and saw against the committed log. Appends are linearizable, and so are reads that
// are not marked stale (PROTOCOL.md section 5). A stale one shows rows as they were at a moment between the latest that
// this life of the node is known to have applied and the answer.

// Between agreement and at_end: who is connected is told everything meanwhile.
inline constexpr Duration settling_time = std::chrono::seconds(6);

class Judges {
 public:
  Judges(SimCluster& cluster, const History& history);
  ~Judges();

  std::optional<Violation> after_step();   // costs what changed
  std::optional<Violation> at_end();       // everybody is healed, settled and in agreement, for settling_time
  void node_restarted(NodeId id);          // after SimNode::start
  void before_crash(NodeId id);            // before a node's life ends, however it ends
  // Before a start: a fault took from this node's disk what had been synced (wiped, rolled back, damaged). What it
  // promised about its own log before is not held against it.
  void disk_harmed(NodeId id);
  const Counters& counters() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace parley::sim
