#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "raft/message.hpp"
#include "raft/spoken.hpp"
#include "raft/types.hpp"

namespace parley::raft {

struct Options {
  milliseconds heartbeat_interval{50};
  milliseconds election_timeout{300};          // a draw from [election_timeout, 2 x election_timeout)
  std::size_t append_entries_max = 512;        // entries in one AppendEntries
  std::size_t append_bytes_max = 256 * 1024;   // payload bytes in one AppendEntries (one entry may exceed it)
  std::size_t inflight_appends_max = 64;       // pipelined AppendEntries without a reply, per follower
  std::size_t inflight_bytes_max = 4 * 1024 * 1024;
  std::size_t uncommitted_bytes_max = 16 * 1024 * 1024;   // propose() answers busy beyond
  std::size_t unapplied_entries_max = 262'144;            // in the leader's log beyond what it applied; likewise busy
  std::size_t command_bytes_max = 256 * 1024;
  std::size_t pending_reads_max = 4096;
  milliseconds clock_slack{500};               // R14: how far log time may be pulled towards the median
  milliseconds early_campaign_jitter{5};       // R5: spread of the pre-votes after a refused reconnect
  std::size_t persist_bytes_max = 4 * 1024 * 1024;   // payload bytes in one PersistBatch (one entry may exceed it)
  std::size_t transfer_lag_max = 256;          // entries that the target of a transfer may lack when proposals stop
  milliseconds disk_stall_max{2000};           // a write under way longer ends a leadership where others can lead
};

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

struct PeerStatus {
  ServerId id;
  Index match_index;
  Index next_index;
  bool replicating = false;   // else probing, or in need of a snapshot
  bool recently_heard = false;
  bool needs_snapshot = false;   // the log begins above what it lacks
  Index snapshot_offered;        // of the offer that stands; 0: none, so make a copy and offer it. While one stands
                                 // the log is not to be compacted beyond it: the peer goes on from there
  TimePoint heard_at = long_ago; // its last answer in this term; at first the beginning of the leadership
  std::optional<milliseconds> clock_ahead;   // of this server's, as of its last answer (R14); empty: not heard lately
};

struct Status {
  Role role = Role::follower;
  Term term;
  std::optional<NodeId> leader;         // as known here; empty: none
  Index base_index;                     // the log holds what lies above
  Index last_index;
  Index persisted_index;                // after an installation below base_index, until its reset is written
  Index commit_index;
  Index applied_index;
  ConfigurationPtr configuration;       // the latest in the log; null before birth
  ConfigurationPtr returnable;          // leader: the one before it, which may follow it; null: it is committed, or
                                        // not this leader's own
  bool quorum_heard = false;            // leader: a majority answered within an election timeout
  TimePoint leader_heard = long_ago;    // last message of a leader, in whatever term; leader: last quorum contact
  std::vector<PeerStatus> peers;        // leader only
  std::uint64_t elections_started = 0;  // since the start of this process
  std::uint64_t leaderships = 0;
  bool clock_median = false;            // leader: a majority of the voters told its clock lately (R14)
  std::optional<EntryId> wanted_snapshot;   // follower: was offered it, and can't do without it
  std::optional<NodeId> transfer_target;    // leader: it hands over to that one
  bool transfer_closes = false;             // and takes no more proposals meanwhile
  std::uint64_t violations = 0;         // messages dropped because no correct server of this cluster sends them
};

// The part of Status that changes seldom and that others must be told of: cheap to ask for after every call.
struct Standing {
  Role role = Role::follower;
  Term term;
  std::optional<NodeId> leader;
  ConfigurationPtr configuration;
  bool operator==(const Standing&) const = default;
};

enum class Refusal : std::uint8_t {
  not_leader,
  busy,        // ask again later
  too_large,   // never
  invalid      // never; of a configuration: malformed, without voters, or more than one voter away; of a transfer:
               // to itself, or to no voter
};

// A read that may be answered once the state machine has applied `index`; or one that failed: ask again.
struct ReadOutcome {
  std::uint64_t id = 0;
  bool confirmed = false;
  Index index;
};

// A leader's offer of a copy of its archive.
struct SnapshotOffer {
  ServerId from;
  SnapshotMeta meta;
};

// Raft's decisions for one server, and nothing else: no socket, file, clock, thread or random device. The same
// calls with the same arguments give the same answers. Not thread-safe: one strand owns it.
//
// Tell it what happened; after any call ask what to do: `take_persist`, `take_message_for` each peer,
// `take_committed`, `take_reads`, and when to be called again: `deadline`.
//
// It hands out no promise that is not durable: no message while the hard state it rests on is not persisted, no
// acknowledgement of an entry before `persisted`. Sole exception, as in dissertation 10.2.1: a leader sends entries
// to followers while its own disk still writes them; its own copy counts only once persisted.
class Consensus {
 public:
  Consensus(ServerId self, Options options, Durable durable, std::uint64_t seed, Now now);
  ~Consensus();
  Consensus(Consensus&&) noexcept;
  Consensus& operator=(Consensus&&) noexcept;

  // -- what happened ----------------------------------------------------------------------------------------

  // Time passed: campaigns, sends heartbeats, steps down as needed. Early or late calls do no harm.
  void tick(Now now);

  // A message arrived over the link to `from`. Anything may arrive: old, doubled, from a stranger; never fails.
  void step(ServerId from, Message message, Now now);

  // Leader only: appends a command. It is committed, if ever, under exactly the id returned.
  Result<EntryId, Refusal> propose(SharedBytes command, Now now);

  // Leader only: appends a configuration (one change at a time, and only after an entry of the own term has
  // committed; dissertation 4.1 and the correction of 2015). `not_leader` or `busy` otherwise. A change of this
  // leader's own that can't be committed may be taken back: Status::returnable.
  Result<EntryId, Refusal> propose_configuration(Configuration configuration, Now now);

  // Leader only: hands leadership over to that voter (dissertation 3.10). From when the target has nearly all of the
  // log until it is done, or an election timeout is over, proposals are refused with `busy`; reads go on.
  // Status::transfer_target and transfer_closes show it. `busy`: another transfer is under way, or the target was not
  // heard lately; `invalid`: it is no voter, or this server itself.
  Result<Nothing, Refusal> transfer_leadership(NodeId target, Now now);

  // Begins a linearizable read (dissertation 6.4) here: as leader by a round of heartbeats, as follower by
  // asking the leader. Its outcome appears in take_reads under this id.
  Result<std::uint64_t, Refusal> begin_read(Now now);

  // The batch of that number is durable (all earlier ones are too).
  void persisted(std::uint64_t batch_number, Now now);

  // The state machine has applied up to and including `index`. Said before anything is taken, it tells where the
  // state machine stands at start (an applied entry is a committed one): take_committed goes on from there.
  void applied(Index index);

  // Forgets the entries up to `through`: the archive has them for good. Cut to what is applied and durable here;
  // returns where the log begins now, which WriteAheadLog::trim() may follow. Who lacks them needs a snapshot.
  Index compact(Index through);

  // Leader only: a copy of the archive at exactly `meta` is ready for that peer, which is told so until it has it.
  // False: not the leader, the peer needs none, or the log no longer goes on from there (make another).
  bool offer_snapshot(NodeId peer, SnapshotMeta meta);

  // A copy of the archive at exactly `meta` was fetched whole, verified, and is this server's archive now, for good
  // (W16). What was handed out by take_committed and not applied is void: it goes on just above `meta`. Asserts that
  // the state machine was behind it (`meta.id.index` > Status::applied_index): look before the files are swapped.
  void install(SnapshotMeta meta, Now now);

  // Links: `reachable` when a link is up; `unreachable` when it broke or a write failed; `refused` when the
  // peer's port refused the connection: its process is gone (R5).
  void reachable(NodeId peer, Now now);
  void unreachable(NodeId peer, Now now);
  void refused(NodeId peer, Now now);

  // -- what to do -------------------------------------------------------------------------------------------

  PersistBatch take_persist();                                 // at most one outstanding; empty() while one is
  std::vector<Entry> take_committed(std::size_t bytes_max);    // next committed entries, in order, once each
  // What is for that very server (R4): what is owed to, or said to, one data directory of a node is never given to
  // another one of it. By node: for whoever it is, where there is one only.
  std::optional<Message> take_message_for(ServerId server, Now now);
  std::optional<Message> take_message_for(NodeId peer, Now now);
  std::vector<ReadOutcome> take_reads();
  TimePoint deadline() const;                                  // when tick() is due; never if idle
  Status status() const;
  Standing standing() const;
  Index persisted_index() const;                               // as in Status

  // How far that server's log surely held, on its disk, what is committed: by what it acknowledged to this server as
  // its leader, in whatever term of this process's life. It can't end before that any more, unless its disk went
  // back (R4).
  Index acknowledged(ServerId server) const;

  // The term and vote that this very server has told this one of, in this process's life, or by asking for the vote
  // that this one gave it. Its disk can't hold less any more, unless it went back (R4, decision 0028).
  TermAndVote spoken(ServerId server) const;

  // The snapshot that was offered to this server and that it can't do without: to be fetched from there for as long as
  // this says so. It may become another one, or none because the entries came after all.
  std::optional<SnapshotOffer> wanted_snapshot() const;

  // What a snapshot of this server's archive at `index` stands for; nullopt: below the log, or not committed.
  std::optional<SnapshotMeta> snapshot_meta(Index index) const;

  // For the invariants and tests.
  const class Log& log() const;
  HardState hard_state() const;
  bool hard_state_is_durable() const;                    // term and vote
  std::uint64_t revision() const { return revision_; }   // counts what was told; equal: nothing changed meanwhile

 private:
  struct State;
  State& told();
  std::unique_ptr<State> state_;
  std::uint64_t revision_ = 0;
};

}  // namespace parley::raft
