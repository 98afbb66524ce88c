#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "node/machine_services.hpp"

namespace parley::node {

// What this node says about itself and its cluster: docs/PROTOCOL.md section 6.
boost::json::object hello_json(Services& services);
boost::json::object status_json(Services& services);

// Nothing while a leader is heard; else how old what this node has applied may be: since the leader was heard last;
// -1 ms: it never was. For reads there is freshness.hpp, which asks.
std::optional<milliseconds> staleness(const Services& services);

// How many of the voters have the latest, and whether one more of them may fail.
struct Copies {
  std::size_t voters = 0;
  std::size_t connected = 0;  // voters that this node hears, itself included
  std::size_t learners = 0;
  std::size_t copies = 0;     // leader: voters that hold all that is committed; else 0
  bool bearable = false;      // one more may fail, if it is not the leader
  std::optional<milliseconds> bearable_in;  // leader: not yet, but then
};
Copies copies_of(const Services& services, const raft::Status& status);

// Whether one more failure is bearable, now or `in` that time (docs/PROTOCOL.md sections 6 and 7).
void put_bearable(boost::json::object& result, bool bearable, std::optional<milliseconds> in);
milliseconds wait_until(TimePoint at, TimePoint now);   // none, if it is past

const raft::PeerStatus* peer_of(const raft::Status& status, const ServerId& id);  // null: the leader alone knows
std::size_t min_voters(const Services& services);                                // the replicated setting

// Empty: ready to serve. Else the reason, for /readyz.
std::string unready(const Services& services);

std::string_view name(raft::Role role);

}  // namespace parley::node
