#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "node/config.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "store/archive.hpp"

namespace parley::node {

struct Services;
using ArchiveDamageHandler = std::function<bool(const std::string& what)>;

// The state machine's side of a node: applies what is committed, keeps the archive behind it, serves the clients.
// Made by Node before Replication starts (the archive's position is needed to read the log back).
// Everything is called on the strand; `run` once.
class Machine {
 public:
  virtual ~Machine() = default;

  // Binds the client port; the error names the address and the reason. Before `run`, which else does it itself and
  // throws std::runtime_error with the same text.
  virtual Result<Nothing> listen() = 0;

  // Spawns apply, archive, marker and acceptor loops on the strand and returns when all of them have ended, with all
  // that was applied and persisted in the archive, checkpointed, unless that is replaced. `replication` outlives it. A
  // loop that fails (disk, broken assertion) throws out of the executor: a dead loop is a dead node.
  virtual awaitable<void> run(Replication& replication) = 0;

  // Before stop(), so that nobody waits in vain: clients are told "node_stopping" once they have the answers that they
  // wait for, and go elsewhere; what they ask for after this is not carried out. retired(): nobody waits any more.
  virtual void retire() = 0;
  virtual bool retired() const = 0;

  // Asks the loops to end; sessions are told "node_stopping". The apply loop ends when next_committed() gives
  // nothing, so stop Replication too (before, at once, or later: any order). Idempotent.
  virtual void stop() = 0;

  // Before stop(), when another archive is about to take this one's place: it is left as it is, damaged or not.
  virtual void archive_is_replaced() = 0;

  // Told of damage that any use of the archive meets, with what is wrong, again and again while it says that it can't
  // be repaired now. True: it will be (P8, Archiver::on_damage). Before run().
  virtual void on_damage(ArchiveDamageHandler handler) = 0;
  // Damage that who is no part of the machine has met. True: it will be repaired, and the archive is not used any more.
  virtual bool met_damage(const std::string& what) = 0;

  virtual std::string client_address() const = 0;  // really bound, once listening; else empty

  // The last checkpoint of the archive: the log at or below it is no longer needed for a restart of this node.
  virtual Index checkpointed() const = 0;

  virtual const Services& services() const = 0;   // to look at only

  // To be copied for a peer (Archive::copy()); its rows are the machine's own business.
  virtual store::Archive& archive() = 0;
};

// `opened` is what store::Archive::open gave: its records become the State, its position is where the log is replayed
// from (entries at or below are skipped, but must agree with it). Writes `operator.token` (mode 0600) into the data
// directory if it is not there. The error names the record or file and what is wrong with it.
// Blocking (reads and writes one small file, rebuilds the state): call it before the loops run.
Result<std::unique_ptr<Machine>> make_machine(Seams seams, const ClusterConfig& cluster, const NodeConfig& self,
                                              store::Archive::Opened opened);

}  // namespace parley::node
