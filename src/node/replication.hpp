#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "net/clock.hpp"
#include "node/config.hpp"
#include "node/seams.hpp"
#include "raft/autopilot.hpp"
#include "raft/consensus.hpp"
#include "store/identity.hpp"
#include "wire/member_frame.hpp"

namespace parley::node {

using net::awaitable;
class Pulse;

// What became of handing a command to the leader.
struct Submitted {
  enum class Outcome : std::uint8_t {
    proposed,    // in the leader's log as `entry`: committed, if ever, under exactly that id
    no_leader,   // nothing happened
    busy,        // nothing happened
    too_large,   // nothing will ever happen
    disk_full,   // nothing happened: the leader has little space left, and nobody has more that could lead
    unknown      // the link to the leader broke before it answered
  };
  Outcome outcome = Outcome::no_leader;
  raft::EntryId entry;
};

struct LeaderView {
  std::optional<NodeId> leader;
  Term term;
  std::string client_address;    // of the leader; empty if not known
  bool operator==(const LeaderView&) const = default;
};

// How many may fail, as the leader sees it.
struct QuorumView {
  raft::Resilience resilience;
  std::optional<TimePoint> acts_at;   // then it takes a dead voter's vote, and more may fail
};

// What comparing the digests of this node with those of the others has shown, in this life.
struct DigestView {
  std::uint64_t compared = 0;
  std::uint64_t differed = 0;
};

// What reading everything on the disk again has shown (scrubber.hpp), since the node began its present life.
struct ScrubView {
  std::uint64_t passes = 0;             // through everything
  std::uint64_t damage_found = 0;
  std::uint64_t damage_mended = 0;      // in place; what else is found ends this data directory's use
};

// A copy of the archive on its way from one node to another (R12).
struct SnapshotView {
  Index index;               // of the last entry in it
  std::uint64_t bytes = 0;   // that have arrived
  std::uint64_t total = 0;   // 0: not known yet
};

// What is free where the data directory is.
struct SpaceView {
  std::uint64_t free_bytes = 0;
  bool is_short = false;   // less than ClusterConfig::disk_free_min
};

// The consensus side of a node: the log, the other nodes, elections, the cluster's birth. Owns raft::Consensus and its
// loops (election, persist, one per peer, acceptor). The state machine's side (machine.hpp) sees this face only.
// Everything runs on the node's strand.
class Replication {
 public:
  virtual ~Replication() = default;

  // The next committed entries in order, waiting until there are some; empty: the node is stopping.
  virtual awaitable<std::vector<raft::Entry>> next_committed() = 0;
  virtual void applied(Index index) = 0;

  // Hands a command to the leader: here, or over the link to it.
  virtual awaitable<Submitted> submit(SharedBytes command) = 0;

  // Begins a linearizable read: the index that must be applied before answering; nullopt: no leader, or none confirmed
  // it by the deadline (or within its own, a few election timeouts): ask again.
  virtual awaitable<std::optional<Index>> read_index(TimePoint deadline) = 0;

  virtual raft::Status status() const = 0;
  virtual LeaderView leader() const = 0;
  virtual Index persisted_index() const = 0;
  virtual const raft::Consensus* consensus() const { return nullptr; }   // to look at only; null before the birth
  virtual const store::Identity& identity() const = 0;
  virtual std::vector<NodeId> waiting_for() const = 0;     // before the birth: who is not reachable yet (R3)
  virtual bool connected(NodeId peer) const = 0;
  virtual std::optional<QuorumView> quorum() const = 0;    // nullopt: this node does not lead

  virtual std::optional<ScrubView> scrub() const { return std::nullopt; }   // nullopt: nothing is scrubbed

  virtual std::optional<SpaceView> space() const { return std::nullopt; }   // nullopt: not known yet

  virtual const Pulse* pulse() const { return nullptr; }

  virtual std::optional<SnapshotView> snapshot_fetched() const { return std::nullopt; }    // nullopt: none is
  virtual std::optional<SnapshotView> snapshot_sent(NodeId /*to*/) const { return std::nullopt; }
  virtual std::uint64_t snapshot_bytes_sent() const { return 0; }   // in this life, to all

  // A request about members or the leadership: carried out by the leader, here or over the link to it. Who may ask is
  // the caller's business.
  virtual awaitable<wire::MemberReply> administer(wire::MemberRequest request) = 0;

  // Called on the strand after the leader known here changed.
  virtual void on_leader_change(std::function<void()> callback) = 0;

  // R20: who is logged in here goes to the peers' memory, never to the log; and theirs comes here.
  virtual void announce_presence(std::vector<std::uint64_t> accounts) = 0;
  virtual std::vector<std::uint64_t> remote_presence() const = 0;   // sorted, of connected peers only

  // R10: what the state machine came to at an entry at which all nodes are compared (digest_marks.hpp).
  virtual void announce_digest(Index /*index*/, const Digest& /*chain*/) {}
  virtual DigestView digests() const { return {}; }
};

}  // namespace parley::node
