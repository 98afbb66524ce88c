#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "raft/types.hpp"

namespace parley::raft {

// The messages of Figure 2 and of the dissertation's chapters 4, 6 and 9. Sender and receiver are not in them:
// the link that carries a message knows both, by node and incarnation.

struct RequestVote {
  Term term;               // the candidate's; with pre_vote, the term it would campaign in (dissertation 9.6)
  EntryId last_log;
  bool pre_vote = false;
  bool transfer = false;   // its leader told it to campaign: those who still hear that leader may vote (4.2.3)
  bool operator==(const RequestVote&) const = default;
};

struct RequestVoteReply {
  Term term;               // the voter's current term; a granted pre-vote echoes the term that was asked for
  bool pre_vote = false;
  bool vote_granted = false;
  WallTime wall{};         // the voter's clock: who wins dates its first entry by a majority's (R14)
  bool operator==(const RequestVoteReply&) const = default;
};

struct AppendEntries {
  Term term;
  EntryId prev_log;
  Index leader_commit;
  std::uint64_t round = 0;       // the leader's latest contact round: echoed, it proves contact after that moment
  std::vector<Entry> entries;    // empty: a heartbeat
};

struct AppendEntriesReply {
  Term term;
  bool success = false;
  std::uint64_t round = 0;       // echo of the latest round received in this term
  Index match_index;             // success: everything up to here equals the leader's log AND is durable here
  Index conflict_index;          // refusal: first index of conflict_term here, or last index + 1 if the log is short
  Term conflict_term;            // refusal: term of the entry at prev_log.index here; 0: no such entry
  Index rejected_prev;           // refusal: the prev_log.index that was refused, so that an old refusal is not obeyed
  WallTime wall;                 // the follower's clock, for log time (R14)
  bool operator==(const AppendEntriesReply&) const = default;
};

// The leader's log begins above what the follower lacks: it offers a copy of its archive instead (paper section 7,
// dissertation 5.1). No bytes: the follower's shell fetches them beside this protocol and says when it has them. Who
// needs none, having it all already, answers with a successful AppendEntriesReply.
struct InstallSnapshot {
  Term term;
  SnapshotMeta meta;
  bool operator==(const InstallSnapshot&) const = default;
};

// The leader hands over: its follower shall campaign at once (dissertation 3.10).
struct TimeoutNow {
  Term term;
  std::uint64_t round = 0;       // the leader's latest contact round: one that was overtaken is not obeyed
  bool operator==(const TimeoutNow&) const = default;
};

// A follower asks the leader at which index a read begun now may be answered (dissertation 6.4).
struct ReadIndexRequest {
  std::uint64_t id = 0;          // the follower's own; fresh for each round of reads
  bool operator==(const ReadIndexRequest&) const = default;
};
struct ReadIndexReply {
  std::uint64_t id = 0;
  bool confirmed = false;        // false: not the leader, or leadership was lost meanwhile
  Index read_index;
  bool operator==(const ReadIndexReply&) const = default;
};

using Message = std::variant<RequestVote, RequestVoteReply, AppendEntries, AppendEntriesReply, ReadIndexRequest,
                             ReadIndexReply, InstallSnapshot, TimeoutNow>;

}  // namespace parley::raft
