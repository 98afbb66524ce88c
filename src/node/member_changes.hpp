#pragma once

#include <functional>
#include <optional>
#include <string>

#include "raft/consensus.hpp"
#include "wire/member_frame.hpp"

// What a request about members comes to, by what its leader knows. Pure: Membership carries it out.

namespace parley::node {

struct MemberPlan {
  std::optional<raft::Configuration> configuration;   // to be proposed
  bool goes_on = false;                               // it is a first step: when that is committed, plan again
  std::optional<NodeId> transfer;                     // whom to hand leadership over to
  wire::MemberReply reply;                            // of neither; else what to say when it is done
};

// Nodes that are not to be relied on now: they said that they stop, their port refuses, or they are silent. What a
// change makes a voter of must be none of them: until it has acknowledged its own promotion nothing else is committed.
using Away = std::function<bool(NodeId)>;

MemberPlan plan_member_change(const raft::Status& status, ServerId self, const wire::MemberRequest& request,
                              const Away& away);

// The voter to hand leadership over to: of those that are heard and not away the one that holds most.
std::optional<NodeId> best_successor(const raft::Status& status, ServerId self,
                                     const Away& away);

// The learner that a sole voter may make a voter before it stops, so that it can hand over to it.
std::optional<NodeId> best_learner(const raft::Status& status, const Away& away);

// The configuration with that member's vote given or taken.
raft::Configuration with_vote(raft::Configuration configuration, NodeId node, bool voter);

}  // namespace parley::node
