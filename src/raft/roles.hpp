#pragma once

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "raft/log_clock.hpp"
#include "raft/message.hpp"
#include "raft/progress.hpp"

namespace parley::raft {

//                          no leader heard for an election timeout,
//                          or its process is gone (R5)
//   +----------+ -------------------------------------> +--------------+ --+ no majority:
//   | Follower |                                        | PreCandidate |   | ask again later
//   +----------+ <------------------------------------- +--------------+ <-+
//     ^  ^  a leader is heard, or a higher term                | a majority would vote
//     |  |                                                     v
//     |  +----------------------------------------------- +-----------+
//     |     a leader is heard, or a higher term           | Candidate | -> no majority: PreCandidate
//     |                                                   +-----------+
//     |  a higher term; fewer than half heard (R2);            | votes of a majority
//     |  no voter any more; own disk stalls                    v
//     +--------------------------------------------------- +--------+
//                                                          | Leader |
//                                                          +--------+
// Each role has its own state, which ends with it.

// The votes of one campaign, one slot for each voter of the latest configuration (R4: for exactly that server).
struct Ballot {
  struct Slot {
    bool asked = false;                // the request is on its way, over a link that still stands
    std::optional<bool> granted;
    ClockSample clock;                 // came with the vote
  };
  std::map<ServerId, Slot> slots;

  Slot* find(NodeId node);             // null: that node is no voter
  Slot* find(ServerId server);
  std::size_t count(bool granted) const;
  std::size_t quorum() const { return slots.size() / 2 + 1; }
  bool won() const { return count(true) >= quorum(); }
  bool lost() const { return slots.size() - count(false) < quorum(); }
};

// A follower's reads wait for the leader's word on the read index; one request is under way at a time, and what
// begins meanwhile goes with the next (dissertation 6.4).
struct RemoteReads {
  struct UnderWay {
    std::uint64_t request_id = 0;
    std::vector<std::uint64_t> reads;
    TimePoint begun;
    bool sent = false;
  };
  std::vector<std::uint64_t> waiting;
  std::optional<UnderWay> under_way;
};

struct Follower {
  struct Rejection {
    Index rejected_prev;
    Index conflict_index;
    Term conflict_term;
  };

  std::optional<ServerId> leader;      // of the current term, once heard
  TimePoint leader_heard = long_ago;
  bool leader_refused = false;         // R5: its process is gone; not heard since
  Index matched;                       // the log equals the leader's up to here (durable or not)
  std::uint64_t round = 0;             // the leader's latest contact round

  // The one reply that is due: built when it is taken, from what is true then.
  bool reply_due = false;
  std::optional<Rejection> rejection;
  Index match_replied;
  std::uint64_t round_replied = 0;

  RemoteReads reads;
};

struct PreCandidate {
  Ballot ballot;
};

struct Candidate {
  Ballot ballot;   // its own vote is in it once the hard state is durable
  bool transfer = false;   // the leader told it to campaign
};

// A read that the leader was asked for, by its own state machine or by a follower. It is answered when a majority
// of the voters has echoed `round`, which began after the read did (catalogue 13).
struct PendingRead {
  std::optional<NodeId> follower;      // empty: begun here
  std::uint64_t id = 0;
  std::uint64_t round = 0;             // 0: waits for the next round
  Index index;
  TimePoint begun;
};

// A leader that hands over (dissertation 3.10).
struct Transfer {
  NodeId target;
  TimePoint deadline;                  // then it gives up and goes on
  bool told = false;                   // TimeoutNow was sent since the last heartbeat, over a link that still stands
  bool closing = false;                // the target has nearly all: no more proposals, so that it gets the rest
};

struct Leader {
  std::map<NodeId, Progress> progress;   // every other member of the latest configuration
  Index term_start;                      // the no-op that began the term
  TimePoint heartbeat_at;                // the next one
  std::uint64_t round = 1;               // latest contact round; each is new within the term, so every echo is fresh
  std::uint64_t round_confirmed = 0;     // echoed by a majority of the voters
  std::deque<PendingRead> reads;
  LogClock clock;
  bool dated = false;                    // it has had a median of the clocks (R14)
  Index settled;                         // committed and durable here; what lies above counts as unsettled
  std::size_t unsettled_bytes = 0;
  std::optional<Transfer> transfer;
};

using RoleState = std::variant<Follower, PreCandidate, Candidate, Leader>;

}  // namespace parley::raft
