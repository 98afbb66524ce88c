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
  std::optional<NodeId> transfer;                     // whom to hand leadership over to
  wire::MemberReply reply;                            // of neither; else what to say when it is done
};

// `stops`: nodes that said that they stop on purpose.
MemberPlan plan_member_change(const raft::Status& status, ServerId self, const wire::MemberRequest& request,
                              const std::function<bool(NodeId)>& stops);

// The voter to hand leadership over to: of those that are heard and don't stop themselves the one that holds most.
std::optional<NodeId> best_successor(const raft::Status& status, ServerId self,
                                     const std::function<bool(NodeId)>& stops);

// The learner that a sole voter may make a voter before it stops, so that it can hand over to it.
std::optional<NodeId> best_learner(const raft::Status& status, const std::function<bool(NodeId)>& stops);

// The configuration with that member's vote given or taken.
raft::Configuration with_vote(raft::Configuration configuration, NodeId node, bool voter);

}  // namespace parley::node
