#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/digest.hpp"
#include "node/config.hpp"
#include "raft/types.hpp"
#include "store/identity.hpp"
#include "store/write_ahead_log.hpp"
#include "wire/peer_frame.hpp"

// How a cluster is born, once (DESIGN.md R3), and why a crash at any moment of it is safe.
//
//  1. A node with a new data directory has an incarnation and no cluster. It votes for nobody and holds no log.
//  2. The node with the lowest configured id waits until it has dialled every other configured node and each has
//     answered "never initialised" with the same founding digest. Then it makes the cluster id and the first
//     configuration, of the incarnations that answered.
//  3. It writes the founding entry into its log, then saves its identity with the cluster id. THE SAVE IS THE BIRTH:
//     one atomic rename. Only after it does anybody else hear of the cluster id.
//  4. It tells the others (Founded, and Welcome to whoever dials). Each one that the configuration lists by its
//     incarnation writes the same founding entry, then saves its identity, and starts.
//
// Crash before the save in 3: nobody knows the cluster id, all are still empty; the next birth makes another one. The
// log may hold the founding entry of the birth that did not happen; it is overwritten, because an identity without a
// cluster means that this node never took part.
// Crash after it: whoever dials the founder, or is dialled, learns the cluster id and adopts it. No second birth is
// possible, since it needs all configured nodes to say "never initialised", and the founder no longer does. If the
// founder's disk is lost before anybody heard, a second birth is right: the first cluster never had a second member,
// so with more than one voter it committed nothing.
// Crash in 4 between log and identity: as in 3, the entry is overwritten when the node adopts. It can't be harmful that
// it was there: no vote and no acknowledgement left this node before its identity was saved.
// So log before identity: then an identity with a cluster and a log without its first record is always a lost log,
// which must never vote again on a guess, and never a birth that was interrupted.
//
// Every founder begins with the same log: entry (term 1, index 1), committed. That is as if a leader of term 1 had
// replicated it to all of them; nobody can have been elected in term 1, since all begin in it without a vote to give:
// elections begin with term 2.
//
// An empty node that meets an initialised one and is not among its founders joins: it receives the log once it is added
// as a learner, and counts for nothing until then. Should it be a founder after all whom its partner could not show the
// founding configuration, that is safe too: it has no configuration, so it never campaigns, and having
// acknowledged nothing it is like a voter whom no entry has reached yet.

namespace parley::node {

// Of the node ids and the addresses that others dial, in the order of ids: equal files, equal digests.
Digest founding_digest(const ClusterConfig& config);

// What every founder's log begins with, and the batch that writes it over whatever an interrupted birth left. On disk
// the entry isn't marked as committed yet, or the next birth could not overwrite it; the mark is only a hint.
raft::Durable founding_durable(const raft::Configuration& founding);
raft::PersistBatch founding_batch(const raft::Configuration& founding);

// What the log of a node that joined later begins with: a mark, so that an empty log is always a lost one.
raft::Durable joining_durable();
raft::PersistBatch joining_batch();

// True for the log of a node that has an identity with a cluster; see the top of this file.
bool log_was_begun(const raft::Durable& durable);
// True for what an interrupted birth may leave: nothing, or the first record only.
bool log_is_unborn(const raft::Durable& durable);

// The decisions of an empty node, from the answers that the other nodes gave over links that are still open.
class Birth {
 public:
  Birth(const ClusterConfig& config, ServerId self);

  void welcomed(NodeId peer, const wire::Welcome& welcome);
  void lost(NodeId peer);

  struct Wait {};
  struct Found {   // this node gives birth: draw a cluster id
    raft::Configuration configuration;
  };
  struct Adopt {   // the cluster lists this very data directory among its founders
    ClusterId cluster;
    raft::Configuration configuration;
  };
  struct Join {    // a cluster that was born without this data directory
    ClusterId cluster;
    NodeId known_from;
  };
  using Decision = std::variant<Wait, Found, Adopt, Join>;
  Decision decide() const;

  // Founded arrived: Adopt if it lists this data directory, else Wait.
  Decision told(const wire::Founded& founded) const;

  std::vector<NodeId> waiting_for() const;   // who keeps the cluster from being born
  // Why, for one of them; empty where it is simply not reachable.
  std::string objection(NodeId peer) const;

 private:
  bool agrees(NodeId peer) const;

  ServerId self_;
  Digest digest_;
  std::vector<NodeConfig> nodes_;
  std::map<NodeId, wire::Welcome> answers_;
};

}  // namespace parley::node
