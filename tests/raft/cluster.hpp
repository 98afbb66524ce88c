#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "raft/consensus.hpp"
#include "raft/invariants.hpp"

namespace parley {

// How googletest shows them.
template <class Tag, class Rep>
void PrintTo(const Strong<Tag, Rep>& number, std::ostream* out) {
  *out << number.value;
}

}  // namespace parley

namespace parley::raft::test {

inline ServerId server(std::uint32_t node, std::uint64_t incarnation = 0) {
  return {NodeId(node), Incarnation(incarnation == 0 ? 1000 + node : incarnation)};
}
inline Member voter(std::uint32_t node) { return {server(node), true, {}, {}}; }
inline Member learner(std::uint32_t node) { return {server(node), false, {}, {}}; }

// Voters 1 … voters, and then learners.
ConfigurationPtr configuration_of(std::uint32_t voters, std::uint32_t learners = 0);
ConfigurationPtr configuration_of(std::vector<Member> members);

// Log time has begun: in 2020, before the clocks of these tests.
inline constexpr LogTime time_of_old_entries{1'600'000'000'000};
inline Entry entry_of(Term term, Index index, Content content = Noop{}) {
  return {{term, index}, time_of_old_entries, content};
}
inline SharedBytes command(std::string text) { return SharedBytes(std::move(text)); }

// What every founder starts with (R3): the configuration as entry 1 of term 1, committed.
Durable born_with(ConfigurationPtr configuration);

// A log of entries with these terms; the first entry is the configuration. Entries with the same term and index are
// the same in every log made so.
Durable log_of_terms(ConfigurationPtr configuration, const std::vector<std::uint64_t>& terms);

// A disk that does what a PersistBatch says.
void write(Durable& disk, const PersistBatch& batch);
void reset(Durable& disk, const LogBase& base);
void trim(Durable& disk, Index through);   // what lies at or below goes; committed, and on that disk

// A state machine's archive: what it is after one entry. A copy of it is a snapshot.
struct Archive {
  SnapshotMeta at;
  std::vector<std::string> applied;
  bool installed = false;                    // it came from another server; cleared by its first checkpoint here
};

// One server of the cluster with all that the shell would do for it.
struct Host {
  ServerId id;
  Durable disk;
  std::unique_ptr<Consensus> consensus;      // null: it is down
  bool disk_held = false;                    // writes begin, but don't end
  std::optional<PersistBatch> writing;
  Archive archive;                           // on its disk, as of the last checkpoint or installation
  bool apply_held = false;                   // entries are taken, but not applied
  std::deque<Entry> taken;
  std::vector<std::string> applied;          // the commands, in order
  std::optional<SnapshotOffer> fetching;     // wanted now or, since nobody stopped it, once
  std::map<std::uint64_t, ReadOutcome> reads;
  Duration clock_ahead{};                    // its steady clock before the others'
  std::uint64_t lives = 0;
};

struct Envelope {
  ServerId from;
  ServerId to;
  Message message;
};

// Servers and the wires between them, moved by hand. Nothing happens but by a call; the invariants are checked after
// each step of each server, and `broken` keeps the first one that fails.
class Cluster {
 public:
  explicit Cluster(Options options = {}, std::uint64_t seed = 1);

  // -- servers
  Host& add(std::uint32_t node, Durable disk);
  void found(std::uint32_t voters, std::uint32_t learners = 0);   // adds them all, born together
  Host& host(std::uint32_t node) { return hosts_.at(NodeId(node)); }
  std::map<NodeId, Host>& hosts() { return hosts_; }
  Consensus& operator[](std::uint32_t node);
  bool up(std::uint32_t node) const { return hosts_.at(NodeId(node)).consensus != nullptr; }
  void crash(std::uint32_t node);            // what it had not made durable is gone; links to it break
  void restart(std::uint32_t node);
  void wipe(std::uint32_t node);             // of a server that is down: back with an empty disk, as another life (R4)
  void refuse(std::uint32_t node);           // everybody finds the port of that node refused

  // -- wires; both directions with notice to the ends, or one direction in silence
  void disconnect(std::uint32_t one, std::uint32_t other);
  void connect(std::uint32_t one, std::uint32_t other);
  void cut(std::uint32_t from, std::uint32_t to) { cuts_.insert({NodeId(from), NodeId(to)}); }
  void mend(std::uint32_t from, std::uint32_t to) { cuts_.erase({NodeId(from), NodeId(to)}); }
  bool linked(NodeId from, NodeId to) const { return !cuts_.contains({from, to}); }
  void isolate(std::uint32_t node);
  void tell(NodeId node, NodeId about, void (Consensus::*what)(NodeId, Now));   // reachable, unreachable, refused
  void heal();

  // -- time and work
  Now now(const Host& host) const;
  void tick(Duration duration);              // timers fire as they are due, and everything flows
  void pass(Duration duration);              // time alone; nothing is told
  bool tick_due(Host& host);                 // true if its timer was due and told
  void flow();                               // disks and messages until nothing moves
  void time_out(std::uint32_t node);         // its own clock runs to its next deadline
  void elect(std::uint32_t node);            // silence for an election timeout around it, then its timer first
  bool work(Host& host);                     // begin writes, end them unless held, apply, collect reads; false: nothing
  void finish_write(Host& host);
  std::vector<Envelope> outgoing(Host& host);
  void deliver(const Envelope& envelope);    // as if it arrived now, whatever the wires say
  void check(const Host& host);

  // -- compaction and snapshots, as the shell does them
  bool checkpoint(Host& host);               // the archive is made durable; false: the log on disk is behind it
  void compact(Host& host, std::uint64_t margin = 0, bool trim_disk = true);
  bool offer(Host& leader, NodeId peer);     // copies the archive and offers it
  bool finish_fetch(Host& host);             // the copy is here and verified: swaps the archive, tells the core
  bool serve_snapshots = false;              // all of that happens by itself, as needed

  // -- looking
  std::optional<std::uint32_t> leader() const;   // of the highest term
  Index committed() const { return invariants_.committed(); }   // by any server, ever
  Index durable_index(std::uint32_t node) const;

  std::string broken;
  std::deque<Envelope> tape;                 // copies of what passed a recorded wire
  std::set<std::pair<NodeId, NodeId>> recorded;
  Options options;

 private:
  void start(Host& host);
  void recover(Host& host);
  bool serve(Host& host);
  void check_durable(const Host& host);
  void check_promise(const Host& host, const Message& message);

  std::map<NodeId, Host> hosts_;
  std::set<std::pair<NodeId, NodeId>> cuts_;
  Invariants invariants_;
  std::map<EntryId, std::vector<std::string>> copies_;   // of any archive, by the entry it stood at
  Index commit_checked_;
  Now time_;
  std::uint64_t seed_;
};

}  // namespace parley::raft::test
