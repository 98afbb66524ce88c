#include "raft/configuration.hpp"

#include <algorithm>

namespace parley::raft {

const Member* Configuration::find(NodeId node) const {
  const auto found = std::lower_bound(members.begin(), members.end(), node,
                                      [](const Member& member, NodeId wanted) { return member.id.node < wanted; });
  return found != members.end() && found->id.node == node ? &*found : nullptr;
}

const Member* Configuration::find(ServerId server) const {
  const Member* member = find(server.node);
  return member != nullptr && member->id == server ? member : nullptr;
}

bool Configuration::is_voter(ServerId server) const {
  const Member* member = find(server);
  return member != nullptr && member->voter;
}

std::size_t Configuration::voters() const {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [](const Member& member) { return member.voter; }));
}

bool Configuration::well_formed() const {
  const auto not_ascending = [](const Member& one, const Member& next) { return one.id.node >= next.id.node; };
  return members.size() <= members_max &&
         std::adjacent_find(members.begin(), members.end(), not_ascending) == members.end();
}

bool same(const ConfigurationPtr& one, const ConfigurationPtr& other) {
  return one == other || (one && other && *one == *other);
}

bool one_voter_apart(const Configuration& one, const Configuration& other) {
  const auto missing_in = [](const Configuration& from, const Configuration& in) {
    return std::count_if(from.members.begin(), from.members.end(), [&](const Member& member) {
      return member.voter && !in.is_voter(member.id);
    });
  };
  return missing_in(one, other) + missing_in(other, one) <= 1;
}

}  // namespace parley::raft
