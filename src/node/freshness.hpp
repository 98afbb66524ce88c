#pragma once

#include <boost/json/object.hpp>
#include <optional>

#include "node/machine_services.hpp"

namespace parley::node {

// Whether what this node has applied holds all that was committed when somebody asked.
struct Freshness {
  bool confirmed = false;
  std::optional<milliseconds> age;   // if not: since the last contact with a leader; empty: not known (a restart)
};

// Waits until it does (ReadIndex, dissertation 6.4; reads that wait together share a round), or until that is hopeless:
// no leader confirmed it within about two election timeouts, which outlasts an election; at once where none was heard
// for longer than that anyway.
net::awaitable<Freshness> confirm_fresh(Services& services);

// INVARIANT: no unconfirmed read is served whose age is more than stale_read_max of the configuration, or may be for
// all that is known. After a restart nobody knows the age of what was on the disk, except that it is no less than the
// time that this node is up without having heard a leader.
bool too_old(const Services& services, const Freshness& freshness);

// What is not confirmed is marked: "stale": true and, where known, "age_ms". Never silently old.
void mark_stale(const Freshness& freshness, boost::json::object& result);

}  // namespace parley::node
