#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/driver.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"
#include "raft/autopilot.hpp"

namespace parley::node {

// Dynamic quorum (DESIGN.md section 2): while this node leads, asks raft::Autopilot again and again whether the voting
// set is to change, and proposes what it says. Keeps what the links tell about the other nodes, whoever leads, so that
// a new leader knows it too. One strand; outlives its loop.
class AutopilotLoop {
 public:
  // `min_voters`: the replicated setting as it was applied last; null: 1. `ask_again`: ends the link that this server
  // dialled, so that it calls anew if it is there.
  AutopilotLoop(Seams seams, Driver& driver, const ClusterConfig& config, std::function<std::size_t()> min_voters,
                std::function<void(ServerId)> ask_again);

  net::awaitable<void> autopilot_loop();   // once consensus has started, until stop()
  void look();                             // role or configuration changed
  void leave();                            // this node stops on purpose: it decides nothing more
  void stop();

  // What links tell.
  void reached(NodeId node);               // a link to it is up: its process lives
  void refused(NodeId node);               // its port refuses: its process is gone
  void lost(NodeId node);                  // it can't be reached, who knows why
  void called(ServerId server);            // it is linked: takes part, or asks to
  void hung_up(ServerId server);           // no more
  void stops(NodeId node);                 // on purpose
  // It said so, and no new link to it is up since: it is not back.
  bool is_stopping(NodeId node) const { return stopping_nodes_.contains(node); }
  // Not to be relied on now: it stops and is not back, its port refuses, or it was not heard for some heartbeats.
  bool is_away(NodeId node) const;

  QuorumView view() const { return {autopilot_.resilience(), autopilot_.acts_at()}; }   // of a leader

 private:
  raft::AutopilotOptions options() const;
  void decide(const raft::Status& status);
  raft::PeerLink& link(NodeId node);
  std::vector<raft::PeerLink> links_now(const raft::Status& status);

  Seams seams_;
  Driver& driver_;
  const Duration heartbeat_interval_;
  const Duration silent_grace_;
  const Duration planned_stop_grace_;
  std::function<std::size_t()> min_voters_;
  std::function<void(ServerId)> ask_again_;
  std::unique_ptr<net::Alarm> alarm_;
  raft::Autopilot autopilot_;
  std::map<NodeId, raft::PeerLink> links_;
  std::set<NodeId> stopping_nodes_;
  std::map<NodeId, Incarnation> place_asked_for_;   // whose place it was when that node called last, if that is known
  bool leaving_ = false;
  bool stopping_ = false;
};

// What changes from one configuration to the next and why, for the log.
std::string describe_change(const raft::Configuration& before, const raft::Configuration& after,
                            const raft::Status& status, const std::vector<raft::PeerLink>& links, TimePoint now);

}  // namespace parley::node
