#pragma once

#include <memory>

#include "node/config.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "store/archive.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {

// The state machine's side of a node: applies what is committed, keeps the archive behind it, serves the clients.
// Made by Node before Replication starts (the archive's position is needed to read the log back).
class Machine {
 public:
  virtual ~Machine() = default;

  // Spawns apply, archive, marker and acceptor loops on the strand and returns when all of them have ended.
  virtual awaitable<void> run(Replication& replication) = 0;
  virtual void stop() = 0;                       // asks the loops to end; sessions are told "node_stopping"
  virtual std::string client_address() const = 0;   // really bound, after run() began listening
};

}  // namespace parley::node
