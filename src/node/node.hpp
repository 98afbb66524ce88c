#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/clock.hpp"
#include "node/config.hpp"
#include "node/machine.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "store/archive.hpp"

namespace parley::node {

// Makes the state machine's side over the archive that Node opened; make_machine of machine.hpp in production.
using MachineFactory = std::function<Result<std::unique_ptr<Machine>>(Seams, const ClusterConfig&, const NodeConfig&,
                                                                        store::Archive::Opened)>;

// One node: the data directory's lock, the consensus side and the state machine's side, on one strand.
class Node {
 public:
  // Takes the data directory and reads it: lock file, identity, archive, log, in this order; makes what a new
  // directory lacks; then binds both ports. Blocking. The error says what is wrong and what to do.
  static Result<std::unique_ptr<Node>> open(Seams seams, ClusterConfig config, NodeId id, MachineFactory make_machine);

  virtual ~Node() = default;

  // Runs until stop(), on the strand. Throws what ended a loop for good: DiskError above all; the directory is then
  // as after a crash and the process must end.
  virtual awaitable<void> run() = 0;
  // On the strand. A planned stop: the others are told, leadership is handed over, what is under way is answered, all
  // that within a second or so; then run() returns. Called again: without all that.
  virtual void stop() = 0;

  virtual Replication& replication() = 0;
  virtual Machine& machine() = 0;
  // And data directories set aside (R4). Each one gave this node another archive, Replication and Machine: what refers
  // to the former ones is void.
  virtual std::uint64_t snapshots_installed() const = 0;
  // It ended while an archive was being swapped: there is no Replication and no Machine to look at.
  virtual bool between_lives() const = 0;
};

}  // namespace parley::node
