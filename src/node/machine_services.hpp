#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/digest.hpp"
#include "node/applier.hpp"
#include "node/archiver.hpp"
#include "node/backups.hpp"
#include "node/config.hpp"
#include "node/copies_watch.hpp"
#include "node/limits.hpp"
#include "node/methods_passwords.hpp"
#include "node/presence.hpp"
#include "node/presence_markers.hpp"
#include "node/proposals.hpp"
#include "node/queries.hpp"
#include "node/replication.hpp"
#include "node/session_hub.hpp"

namespace parley::node {

// How requests end, for /metrics.
enum class Outcome : std::uint8_t { done, refused, later, unknown, invalid };

// The parts of one machine as its methods and pages see them. All outlive every call.
struct Services {
  Seams seams;
  const ClusterConfig& cluster;
  const NodeConfig& self;
  Tasks& tasks;
  Applier& applier;
  Archiver& archiver;
  Reads& reads;
  Proposals& proposals;
  Sessions& sessions;
  Presence& presence;
  Markers& markers;
  Passwords& passwords;
  Backups& backups;
  Digest operator_token;               // of the contents of operator.token
  Replication* replication = nullptr;  // set before the loops run
  RateLimit anonymous{anonymous_rate, anonymous_burst};
  std::map<std::pair<std::string_view, Outcome>, std::uint64_t> requests{};  // by method of the table
  bool ready = false;  // /readyz: what was committed at the start is applied
  std::optional<CopiesTold> copies_told{};  // what clients know; empty: not known here
  TimePoint started{};  // as this machine was made: what it has applied is at least so old, or it heard a leader

  const chat::State& state() const { return applier.state(); }
  TimePoint now() const { return seams.clock.now(); }
};

// Waits until this node has applied all that was committed anywhere when it was called: what is true here then is not
// behind. False: no leader answered, or it took too long.
net::awaitable<bool> catch_up(Services& services, milliseconds at_most);

}  // namespace parley::node
