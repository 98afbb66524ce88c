#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "raft/consensus.hpp"
#include "raft/invariants.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

// Raft's properties after every step, over restarts too, and what is committed told to the truth as it comes.
//
// What a server promised with durable bytes holds in its next life: the entries it had synced, term and vote. What is
// committed was synced by a majority of the voters of its configuration, whether they still run or not.
class RaftJudge {
 public:
  explicit RaftJudge(Truth& truth) : truth_(truth) {}

  std::optional<std::string> observe(ServerId id, const raft::Consensus& server, TimePoint now);
  void ended(ServerId id);         // its process; what it had promised is kept
  void vanished(NodeId node);      // the same, when nobody said so before: what it promised in this step is not known
  void disk_harmed(NodeId node);   // nothing that was promised before can be held against it

  std::uint64_t elections() const { return leaders_; }
  std::uint64_t campaigns() const { return campaigns_; }
  std::uint64_t truncations() const { return truncations_; }
  std::uint64_t configurations() const { return configurations_; }   // committed, but for the founders'
  std::uint64_t member_changes() const { return member_changes_; }   // of these, who is a member, or where
  bool leads_alone(ServerId id) const;   // leads, and has an entry that no other server has

 private:
  struct Promise {
    raft::HardState hard_state;      // durable
    Index base;
    std::vector<Term> terms;         // of the durable entries above base
  };
  struct Seen {
    const raft::Consensus* server = nullptr;   // null: its process ended
    std::uint64_t revision = 0;
    bool observed = false;                     // in this life
    bool harmed = false;                       // its disk was made to forget what it held
    raft::Role role = raft::Role::follower;
    Term term;
    std::uint64_t campaigns = 0;
    raft::EntryId last;
    raft::EntryId synced;                      // the last durable entry, when it was looked at last
    std::optional<Promise> promise;            // of the life before, checked at the first sight of the next
    Promise promised;                          // up to now: the durable term and vote; the terms only when it ended
  };

  std::optional<std::string> check_promise(ServerId id, Seen& seen) const;
  // What a server was before this step.
  struct Before {
    Index held;           // the end of its log
    bool ended = false;   // it led, and does not now
  };
  // Of the entry at `index`, that `by` takes for committed.
  std::optional<std::string> check_copies(Index index, Before before, const raft::Consensus& by) const;
  bool enough_by_a_change(raft::EntryId entry, const raft::Log& log, const raft::Configuration& configuration) const;
  // How many of the voters have it on their disks, or had before they lost that. `log`: of one that has it.
  std::pair<std::size_t, std::size_t> copies_of(raft::EntryId entry, const raft::Log& log,
                                                const raft::Configuration& configuration) const;
  bool has_synced(ServerId id, raft::EntryId entry, const raft::Log& log) const;
  void count(Seen& seen, const raft::Status& status);
  void count_change(const raft::Entry& committed);
  void forget_process(ServerId id, Seen& seen);

  Truth& truth_;
  raft::Invariants invariants_;
  std::map<ServerId, Seen> seen_;
  std::uint64_t leaders_ = 0;
  std::uint64_t campaigns_ = 0;
  std::uint64_t truncations_ = 0;
  raft::ConfigurationPtr configuration_;   // committed last
  std::uint64_t configurations_ = 0;
  std::uint64_t member_changes_ = 0;
};

}  // namespace parley::sim
