#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/configuration.hpp"
#include "raft/spoken.hpp"
#include "sim/cluster.hpp"
#include "sim/fault_plan.hpp"
#include "wire/member_frame.hpp"

namespace parley::sim {

// Carries out a plan: does to the cluster what it says when it says, and cares for the nodes meanwhile: who is down is
// started again. Keeps the atlas of damage: data is damaged on a minority of the nodes only, so that a good majority of
// copies always remains. Knows why a node may end or refuse to start; one that does so without a reason is a finding.
class Nemesis {
 public:
  // `people`: the hosts that clients are on. `only`: the numbers of the events that are carried out; nullopt: all.
  Nemesis(SimCluster& cluster, FaultPlan plan, std::vector<Host> people, std::optional<std::set<std::size_t>> only);

  void begin();   // the faulty phase begins now
  // Ends the faulty phase: heals a random set of nodes that is enough to go on, and the network among it and the
  // people, and leaves the rest as broken as it can be. Returns the set; empty: there is none, since what would be
  // needed was damaged (a voting set that had shrunk to few).
  std::set<NodeId> leave_a_majority();
  void heal_all();

  bool damaged(NodeId id) const { return cares_.at(id).damaged; }
  bool waits_for_a_hand(NodeId id) const { return cares_.at(id).broken; }   // the only voter, for all it knows
  void on_harm(std::function<void(NodeId)> callee) { on_harm_ = std::move(callee); }
  void hurry_by(std::function<void(double)> callee) { hurry_ = std::move(callee); }   // how overload is made
  void talk_by(std::function<void(NodeId)> callee) { talk_ = std::move(callee); }   // who uses that node says something
  void clients_by(std::function<bool(const FaultEvent&)> callee) { clients_ = std::move(callee); }   // their faults
  const std::optional<std::string>& finding() const { return finding_; }
  // Before a node's life ends, however it ends: what it believes of the voting set.
  void note_beliefs(SimNode& node);
  const std::map<Fault, std::uint64_t>& done() const { return done_; }   // how often each fault really came

 private:
  struct Forgot {                  // a term and vote that were told
    Incarnation as;
    raft::TermAndVote spoken;
  };
  struct Promised {
    raft::TermAndVote spoken;
    raft::EntryId last;
    bool operator==(const Promised&) const = default;
  };
  struct Care {
    bool may_end = false;          // something was done that ends this life, or keeps the next from beginning
    bool full = false;             // its disk, until somebody makes space: it ends, or does not start, again and again
    bool was_full = false;         // in this life: what failed then may be noticed later, by a slow disk
    std::uint64_t fills = 0;       // times that it was filled
    bool damaged = false;          // bytes of its disk are not what it wrote, noticed or not,
    Incarnation damaged_as;        // of this one: it is whole again as another one that votes
    bool wiped = false;            // its disk was lost, and it is not a voter again yet
    Index owed;                    // nor before it holds that again
    bool elsewhere = false;        // its disk is in another machine, or says that it is another cluster's,
    NodeId holds_of;               // and in its own machine is that one's; 0: its own
    std::optional<Promised> promised;   // by another cluster's, when it was looked at last
    std::optional<Forgot> forgot;  // its disk lost that, and it counts as wiped until that can do no harm any more
    bool broken = false;
    bool restart_waits = false;
    bool expelled = false;         // an operator has asked once for its removal: it may be carried out late, and again
    TimePoint away_until{};        // nor does anybody take it in again before
    bool outside = false;          // it ended because it is no member: nobody starts it before the operator lets it
    bool seen_to = false;          // since it ended so: it has an empty data directory now, or keeps its own
    std::function<void(SimNode&)> before_start;   // once
  };
  using Cables = std::vector<std::pair<Host, Host>>;   // directions
  void leave_cut(SimNode& node, const Cables& cables, const std::string& how);

  // nemesis.cpp
  void carry_out(const FaultEvent& event);
  bool dispatch(const FaultEvent& event, Random& random);
  void schedule(Duration after, std::function<void()> action);   // dropped when the faulty phase ends first
  void hold(Duration lasts, std::function<void()> undo);         // undone then, or when the faulty phase ends
  void look_after_nodes();
  void restart_after(SimNode& node, Duration downtime);
  void start(SimNode& node);
  void stays_down(SimNode& node);
  static bool is_needed(const std::string& refused);
  bool ended_for_space(const SimNode& node);
  void say(const std::string& text) { cluster_.world().trace("fault: " + text); }
  SimNode& any_node(Random& random);
  SimNode* leader_or_any(Random& random);
  Care& care(const SimNode& node) { return cares_.at(node.id()); }
  static bool leads(SimNode& node);
  void leave_broken(SimNode& node);

  // nemesis_quorum.cpp
  struct Belief {                  // a configuration in some node's log
    Index index;
    raft::ConfigurationPtr configuration;
    bool committed = false;
  };
  void note_all_beliefs();
  Belief latest_committed() const;
  std::vector<Belief> relevant() const;
  std::vector<Belief> about_to_be();
  bool enough(const std::set<NodeId>& nodes, bool promoted = false);
  bool may_lose(const SimNode& node);
  std::set<NodeId> intact() const;
  bool quorum_fault(const FaultEvent& event, Random& random);
  void wipe(SimNode& node, Duration downtime);
  void lose_directory(SimNode& node);
  bool roll_back(SimNode& node, Duration lasts);
  bool others_hold_all_of(SimNode& node);
  bool hand_over(Random& random);

  static const raft::Consensus* mind_of(SimNode& node);   // what it decides by; null: it takes no part now
  static bool may_lead_alone(const raft::Consensus& mind);

  // nemesis_directories.cpp
  bool directory_fault(const FaultEvent& event, Random& random);
  bool swap_directories(SimNode& one, SimNode& other, Duration lasts);
  void exchange_disks(SimNode& one, SimNode& other);
  void start_elsewhere(SimNode& node);
  bool make_foreign(SimNode& node, Duration lasts, ClusterId cluster);
  bool somebody_is_empty();
  bool somebody_is_foreign() const;
  void look_at_foreign(SimNode& node);
  void take_foreign_away(SimNode& node, ClusterId own);
  void watch_votes(SimNode& node, Duration lasts, Random random);
  void look_at_vote(SimNode& node, TimePoint until, Random random);
  bool lose_vote(SimNode& node, Random& random);
  bool misleads_nobody(SimNode& node);
  void look_at_who_forgot();
  bool is_behind(SimNode& node);

  // nemesis_members.cpp
  using Reply = std::shared_ptr<std::optional<wire::MemberReply>>;
  struct Removal {                 // asked for, and maybe on its way yet
    NodeId node;
    TimePoint asked;
    Reply reply;
  };
  bool member_fault(const FaultEvent& event, Random& random);
  bool may_remove(const SimNode& node);
  void remove(SimNode& node, Duration lasts);
  void insist(const wire::MemberRequest& request, TimePoint until);
  void move(SimNode& node, Random& random);
  Reply ask(const wire::MemberRequest& request);   // of some node that runs; null: there is none
  bool went_as_told(const SimNode& node);
  void look_after_members();
  void see_to(SimNode& node);
  void take_in(SimNode& node);
  void take_all_in();
  std::set<NodeId> may_be_removed();

  // nemesis_network.cpp
  bool network_fault(const FaultEvent& event, Random& random);
  void cut(Cables cables, Duration lasts);
  void partition(const FaultEvent& event, Random& random);
  void cut_leader(const FaultEvent& event, Random& random);
  void flap(const FaultEvent& event, Random& random);
  void swizzle(const FaultEvent& event, Random& random);
  void spell(const FaultEvent& event, Random& random);
  Cables around(Host node, bool in, bool out, bool people) const;
  void split_people(const std::vector<bool>& side, Random& random, Cables& cables) const;

  // nemesis_machines.cpp
  bool machine_fault(const FaultEvent& event, Random& random);
  void end_life(SimNode& node, bool power, Duration downtime);
  void crash_loop(SimNode& node, TimePoint until, Random random);
  void rolling_restart(Duration pause);
  void stop(SimNode& node, Duration downtime);
  bool overload(Duration lasts, Random& random);
  bool clock_fault(const FaultEvent& event, Random& random);

  // nemesis_disks.cpp
  bool disk_fault(const FaultEvent& event, Random& random);
  void fail_disk(SimNode& node, const FaultEvent& event, Random& random);
  void fill_disks(SimNode& node, Duration lasts, Random& random);
  void damage(SimNode& node, const FaultEvent& event, Random& random);
  bool rot(SimNode& node, const std::string& file, Random& random);
  bool misdirect(SimNode& node, const std::string& file, Random& random);
  static bool lose_part(SimNode& node, const std::string& file, Random& random);

  SimCluster& cluster_;
  FaultPlan plan_;
  std::vector<Host> people_;
  std::optional<std::set<std::size_t>> only_;
  Random random_;
  FabricOptions calm_;
  std::map<NodeId, Care> cares_;
  std::map<NodeId, std::vector<Belief>> beliefs_;        // of each node's log, when it was looked at last
  std::uint64_t phase_ = 0;                              // tells what was scheduled in a phase that is over
  std::uint64_t last_undo_ = 0;
  std::map<std::uint64_t, std::function<void()>> undos_;
  std::vector<Removal> removals_;
  std::function<void(NodeId)> on_harm_;
  std::function<void(double)> hurry_;
  std::function<void(NodeId)> talk_;
  std::function<bool(const FaultEvent&)> clients_;
  std::optional<std::string> finding_;
  std::map<Fault, std::uint64_t> done_;
};

}  // namespace parley::sim
