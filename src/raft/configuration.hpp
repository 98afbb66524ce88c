#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace parley::raft {

// One server's place in the cluster.
struct Member {
  ServerId id;
  bool voter = true;         // else a learner: receives the log, counts for nothing
  std::string peer_address;  // "host:port" for the other nodes; a hint to dial (R6)
  std::string client_address;
  bool operator==(const Member&) const = default;
};

// Who belongs to the cluster, as one log entry says it. Members are sorted by node id, one per node id.
// A server uses the latest configuration in its log, committed or not (dissertation 4.1).
struct Configuration {
  std::vector<Member> members;

  const Member* find(NodeId node) const;         // null: not a member
  const Member* find(ServerId server) const;     // null: not a member, or another incarnation (R4)
  bool is_voter(ServerId server) const;
  std::size_t voters() const;
  std::size_t quorum() const { return voters() / 2 + 1; }   // of the voters; 1 where there is none
  bool well_formed() const;                      // sorted, one member per node id, at most members_max
  bool operator==(const Configuration&) const = default;
};

inline constexpr std::size_t members_max = 64;

using ConfigurationPtr = std::shared_ptr<const Configuration>;
bool same(const ConfigurationPtr& one, const ConfigurationPtr& other);   // by value; null only equals null

// True if at most one voter joins or leaves from one to the other, so that any majority of the one and any majority
// of the other share a server (dissertation 4.1, Figure 4.3). A voter that returns with another incarnation is two
// changes: one leaves, one joins (R4).
bool one_voter_apart(const Configuration& one, const Configuration& other);

}  // namespace parley::raft
