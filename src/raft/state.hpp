#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "raft/consensus.hpp"
#include "raft/log.hpp"
#include "raft/persistence.hpp"
#include "raft/roles.hpp"
#include "raft/silences.hpp"
#include "raft/spoken.hpp"

namespace parley::raft {

// Terms beyond this come from no honest server; they are dropped, so that counting on never overflows.
inline constexpr Term term_max{std::uint64_t{1} << 62};

// Links and answers are kept for this many nodes, members or not. Beyond it a stranger without a link gives way.
inline constexpr std::size_t peers_max = 2 * members_max;

// R5: how often an early pre-vote is asked again, `early_campaign_jitter` apart, before the timeouts rule again.
inline constexpr unsigned early_rounds_max = 20;

// Consensus::State is internal to src/raft. Its functions are spread over one file for each duty:
// consensus.cpp (face, time, links), election.cpp, append_entries.cpp (follower), replication.cpp (leader),
// read_index.cpp, membership.cpp, snapshot.cpp, transfer.cpp.
struct Consensus::State {
  // What is owed to one other node besides what a role sends. At most one of each kind; a newer replaces it.
  struct Peer {
    bool linked = false;
    ServerId asker;                                     // to whom the replies are owed (R4)
    bool stale_leader = false;                          // it leads a term that is over: tell it ours
    std::optional<RequestVoteReply> vote_reply;
    std::optional<RequestVoteReply> pre_vote_reply;
    std::optional<ReadIndexReply> read_reply;

    void forget_replies() {
      stale_leader = false;
      vote_reply.reset();
      pre_vote_reply.reset();
    }
  };

  State(ServerId self_id, Options chosen, Durable durable, std::uint64_t seed, Now now);

  // -- consensus.cpp
  void tick(Now now);
  TimePoint deadline() const;
  Status status() const;
  Peer* peer(NodeId node);                 // null: no room
  Peer* asking(ServerId server);           // the same, and what is owed there is owed to this very server
  void observe(Now now);
  void unreachable(NodeId node, Now now);
  void reachable(NodeId node, Now now);
  void link_changed(NodeId node);
  void refused(NodeId node, Now now);
  void persisted(std::uint64_t batch_number, Now now);
  void applied(Index index);
  Standing standing() const;
  std::optional<Message> take_message_for(ServerId server, Now now);
  std::optional<Message> take_message_for(NodeId node, Now now);
  std::optional<Message> take_reply_for(NodeId node);
  std::optional<Message> take_role_message_for(NodeId node, Now now);
  bool may_speak() const;

  Term current_term() const { return hard_state.current_term; }
  Index commit_index() const { return hard_state.commit_index; }
  bool is_voter() const { return log.configuration() && log.configuration()->is_voter(self); }

  // -- election.cpp
  bool may_campaign() const;
  void forget_leader();
  void arm_election_timer(Now now) { arm_election_timer(now, options.election_timeout); }
  void arm_election_timer(Now now, Duration least);   // and up to an election timeout more
  Duration random_up_to(Duration limit);
  bool disk_stalls() const;
  bool disk_writes_since(Duration least) const;   // one write, for so long
  bool hears_leader(ServerId asking, Now now) const;
  void become_follower(Term term, Now now);
  void remember_acknowledged();
  Index acknowledged_by(ServerId server) const;
  TermAndVote spoken_by(ServerId server) const;
  void election_timeout(Now now);
  void begin_pre_vote(Now now);
  void begin_election(Now now);
  void count_votes(Now now);
  void leader_gone(Now now);
  Ballot* ballot();
  std::optional<Message> vote_request_for(NodeId node);
  void on(ServerId from, const RequestVote& request, Now now);
  void on(ServerId from, const RequestVoteReply& reply, Now now);
  bool would_vote(ServerId from, const RequestVote& request) const;
  void stand_back(ServerId from, const RequestVote& request, Now now);

  // -- append_entries.cpp
  void on(ServerId from, AppendEntries&& message, Now now);
  bool follows(ServerId from, Term term, Now now);   // else it is not from a correct leader
  void hear_leader(Follower& follower, ServerId from, Now now);
  bool take_entries(Follower& follower, AppendEntries& message, Now now);
  std::optional<Message> append_reply(Follower& follower, Now now);

  // -- replication.cpp
  void become_leader(Now now);
  EntryId append_own(Content content, Now now);
  void on(ServerId from, const AppendEntriesReply& reply, Now now);
  std::optional<Message> append_entries_for(NodeId node);
  void lead(Now now, bool forgive);        // the leader's part of tick; forgive: judge nobody this time
  void advance_commit_index(Index to, Now now);
  void commit_by_counting(Now now);
  void settle();
  template <class T, class Of, class Own>
  std::optional<T> reached_by_majority(const Configuration& voters, Of of, Own own) const;
  bool heard_of_late(const Progress& progress, Now now) const;   // it has replied, within an election timeout
  std::size_t voters_alive(Now now) const;   // itself included; with more patience on a loaded machine
  TimePoint quorum_contact(Now now) const;
  std::optional<WallRange> wall_median(Now now) const;
  bool may_date(Now now) const;            // or commands would bear a time from before this leadership

  // -- read_index.cpp
  Result<std::uint64_t, Refusal> begin_read(Now now);
  void on(ServerId from, const ReadIndexRequest& request, Now now);
  void on(ServerId from, const ReadIndexReply& reply, Now now);
  void begin_read_round();
  void join_read_round();
  void ask_leader(RemoteReads& reads, Now now);
  void confirm_reads(Now now);
  void expire_reads(Now now);
  void fail_reads();                       // the role that knew of them ends
  void answer(const PendingRead& read, bool confirmed);
  std::optional<Message> read_request(Follower& follower);

  // -- snapshot.cpp
  Index compact(Index through);
  std::optional<SnapshotMeta> snapshot_meta(Index index) const;
  bool offer_snapshot(NodeId node, SnapshotMeta meta);
  void on(ServerId from, InstallSnapshot&& message, Now now);
  std::optional<SnapshotOffer> wanted_snapshot() const;
  void install(SnapshotMeta meta, Now now);
  void begin_anew(SnapshotMeta meta, Now now);

  // -- transfer.cpp
  Result<Nothing, Refusal> transfer_leadership(NodeId target, Now now);
  void hand_over_from_slow_disk(Now now);
  bool transfer_closes();
  std::optional<Message> timeout_now_for(NodeId node);
  void on(ServerId from, const TimeoutNow& message, Now now);

  // -- membership.cpp
  Result<EntryId, Refusal> propose_configuration(Configuration configuration, Now now);
  ConfigurationPtr returnable() const;
  bool takes_back(const Configuration& configuration) const;
  void give_up_own_change();
  Index last_index_for(ServerId member) const;   // the last entry that it may be sent
  void configuration_changed(Now now);

  ServerId self;
  Options options;
  Random random;
  HardState hard_state;
  Log log;
  Persistence persistence;
  RoleState role;
  std::map<NodeId, Peer> peers;
  std::map<ServerId, Index> acknowledged;  // of members, from leaderships that are over
  Spoken spoken;

  Now clock;                               // the latest moment told
  TimePoint election_deadline = never;
  Silences leader_silences{options.election_timeout};   // of whoever led
  std::pair<ServerId, Term> last_leader;                // who spoke at last_contact
  unsigned early_rounds = 0;               // R5: early pre-votes left
  TimePoint last_contact = long_ago;       // with a leader, or as one with a quorum; outlives roles and terms
  bool late_forgiven = false;              // the last tick was late and did nothing but that

  std::optional<SnapshotOffer> offer;      // the latest of a snapshot that was needed then, and its term
  Term offer_term;
  Index taken_index;                       // handed out by take_committed
  Index applied_index;
  std::vector<ReadOutcome> read_outcomes;
  std::uint64_t next_read_id = 1;
  std::uint64_t next_request_id;

  std::uint64_t elections_started = 0;
  std::uint64_t leaderships = 0;
  std::uint64_t violations = 0;
};

// The greatest value that a majority of the voters has reached; `of` reads one voter's Progress, `own` gives this
// server's. nullopt: there are no voters.
template <class T, class Of, class Own>
std::optional<T> Consensus::State::reached_by_majority(const Configuration& voters, Of of, Own own) const {
  const auto& leader = std::get<Leader>(role);
  std::array<T, members_max> reached;
  std::size_t count = 0;
  for (const Member& member : voters.members) {
    if (!member.voter) continue;
    reached[count++] = member.id == self ? own() : of(leader.progress.at(member.id.node));
  }
  if (count == 0) return std::nullopt;
  const auto quorum_th = reached.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(reached.begin(), quorum_th, reached.begin() + static_cast<std::ptrdiff_t>(count), std::greater<>());
  return *quorum_th;
}

}  // namespace parley::raft
