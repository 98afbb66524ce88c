#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/consensus.hpp"
#include "raft/log.hpp"

namespace parley::raft {

// Figure 3 of the paper, and what else must hold, as code: tests and the simulator call `observe` after every step of
// every server. It costs what the step changed, not the length of the log.
//
// On one server: commit_index, persisted_index and applied_index lie within the log; match_index < next_index, and that
// above the base; nothing is compacted that is not applied; a leader voted for itself, has at most one uncommitted
// configuration, or that one and again the committed one, and takes no proposals when its hand-over is closing; terms
// and log time never fall along the log.
// From one observation of a server to the next: term, base, commit_index, applied_index and (in one leadership)
// match_index never fall; one vote a term; what is committed never changes; a leader only appends ("Leader
// Append-Only"); when the base moves, what stands above it stays if it is of the same history, and goes if it is not.
// Across servers: "Election Safety", "Log Matching", "Leader Completeness", "State Machine Safety"; the base of a log
// is a committed entry, with its log time and the latest configuration at or below it.
class Invariants {
 public:
  // What is broken, in words; nullopt: nothing. What was observed stays observed even then.
  std::optional<std::string> observe(ServerId id, const Consensus& server) {
    return observe(id, server, server.status());
  }
  std::optional<std::string> observe(ServerId id, const Consensus& server, const Status& status);   // its status

  // `id` was constructed anew from its disk: what it had not made durable may be gone.
  void restarted(ServerId id) { seen_.erase(id); }

  Index committed() const { return committed_.empty() ? Index(0) : committed_.rbegin()->first; }
  std::optional<Term> committed_term(Index index) const;   // nullopt: nobody was seen to have committed it

 private:
  struct Seen {
    HardState hard_state;
    Role role = Role::follower;
    Index applied_index;
    bool transfer_closes = false;
    Index base;
    std::size_t configurations_known = 0;   // committed ones, when the base was last checked
    std::vector<Term> terms;                // of the entries above base
    std::vector<std::pair<ServerId, Index>> match_index;   // leader only
    Term term_at(Index index) const { return terms[static_cast<std::size_t>(index - base) - 1]; }
    Index last_index() const { return base + terms.size(); }
  };
  struct Known {
    EntryId before;
    LogTime time;
    Content content;
  };
  struct Committed {
    EntryId id;
    Term by;   // the term of the server that was first seen to have committed it
  };
  using Broken = std::optional<std::string>;

  static Broken check_server(ServerId id, const Consensus& server, const Status& status);
  static Broken check_changes(const Log& log, Index committed);
  static Broken check_delta(const Seen& before, const Consensus& server, const Status& status);
  static Broken check_matches(const Seen& before, const Status& status);
  Broken check_base(const Log& log, bool first);
  Broken follow_base(Seen& seen, const Log& log, bool leads_on);
  Broken check_log(Seen& seen, const Log& log, bool leads_on);
  Broken check_commit(Index from, const Consensus& server);
  Broken check_leader(ServerId id, const Consensus& server);

  std::map<ServerId, Seen> seen_;
  std::map<Term, ServerId> leaders_;
  std::map<EntryId, Known> entries_;        // every entry ever seen in any log
  std::map<Index, Committed> committed_;
  std::map<Index, ConfigurationPtr> configurations_;   // the committed ones
};

}  // namespace parley::raft
