// Three servers and one that may join, driven by the bytes of the input: time, messages delivered, dropped, doubled,
// reordered and replayed, slow disks and state machines, crashes with loss of what was not synced, cut links,
// proposals, membership changes, reads, hand-overs, compaction and snapshots; and messages that no correct server would
// send now. Raft trusts its members, so forged are only those that can't break its promises by definition: see `forge`.
// The judge is tests/raft's cluster: Figure 3 and all else in raft::Invariants after each step of each server, and no
// promise before it is durable.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "fuzz/raft_values.hpp"
#include "raft/cluster.hpp"
#include "raft/log.hpp"

namespace parley::fuzz {
namespace {

using raft::test::Envelope;
using raft::test::Host;

constexpr std::uint32_t nodes = 4;            // the last one belongs to nobody at first
constexpr std::size_t wire_max = 200;         // messages under way; more are lost
constexpr std::size_t steps_max = 600;
constexpr std::uint32_t stranger = 60'000;    // no node of this cluster has such an id, ever

raft::Options small_options() {
  raft::Options options;
  options.append_entries_max = 3;   // small, so that limits are met
  options.inflight_appends_max = 2;
  options.inflight_bytes_max = 300;
  options.persist_bytes_max = 150;
  options.uncommitted_bytes_max = 1500;
  options.command_bytes_max = 200;
  options.pending_reads_max = 3;
  return options;
}

class Theatre {
 public:
  explicit Theatre(Input in) : in_(in), cluster_(small_options(), 7) {
    cluster_.found(nodes - 1);
    cluster_.add(nodes, raft::Durable{});
  }

  void play() {
    for (std::size_t step = 0; step < steps_max && !in_.empty(); ++step) {
      act();
      if (!cluster_.broken.empty()) assertion_failed(cluster_.broken, "an invariant of Raft", __FILE__, __LINE__);
    }
  }

 private:
  std::uint32_t any() { return 1 + static_cast<std::uint32_t>(in_.below(nodes)); }
  Host& any_host() { return cluster_.host(any()); }

  void act();
  void act_on(Host& host);
  void send_all(Host& host);
  void deliver();
  void crash(Host& host);
  void link();
  void reconfigure(Host& host);
  void compact(Host& host);
  void snapshots(Host& host);
  void collect_reads(Host& host);
  void forge();
  void forge_from_stranger(const Host& to);
  void forge_from_member(const Host& to);
  void spoil(raft::Message& message);
  void shorten_real_one();
  void say(ServerId from, const Host& to, raft::Message said) { cluster_.deliver({from, to.id, std::move(said)}); }

  Input in_;
  raft::test::Cluster cluster_;
  std::vector<Envelope> wire_;
  std::vector<Envelope> old_;
  std::map<ServerId, std::vector<raft::SnapshotOffer>> offered_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Index> reads_;   // what was committed when they began
};

void Theatre::act() {
  switch (in_.below(16)) {
    case 0:
    case 1: return cluster_.pass(std::chrono::microseconds(in_.u16()) * 4);
    case 2:
    case 3:
    case 4:
    case 5: return deliver();
    case 6: return link();
    case 7: return forge();
    case 8: return shorten_real_one();
    case 9: {   // everything flows for a while, so that there is something to break
      wire_.clear();
      return cluster_.tick(milliseconds(1 + in_.u8()));
    }
    default: return act_on(any_host());
  }
}

void Theatre::act_on(Host& host) {
  const auto what = in_.below(16);
  if (!host.consensus) return cluster_.restart(host.id.node.value);
  switch (what) {
    case 0: return crash(host);
    case 1: return reconfigure(host);
    case 2: {
      const auto id = host.consensus->begin_read(cluster_.now(host));
      if (id.ok()) reads_[{host.id.node.value, *id}] = cluster_.committed();
      break;
    }
    case 3:
      (void)host.consensus->propose(SharedBytes(in_.text(250)), cluster_.now(host)).ok();
      break;
    case 4: return cluster_.time_out(host.id.node.value);
    case 5: return cluster_.elect(host.id.node.value);
    case 6: return send_all(host);
    case 7: return compact(host);
    case 8: return snapshots(host);
    case 9:
      (void)host.consensus->transfer_leadership(NodeId(any()), cluster_.now(host)).ok();
      break;
    default: {
      cluster_.tick_due(host);
      host.disk_held = what == 10;
      host.apply_held = what == 11;
      cluster_.work(host);
      send_all(host);
    }
  }
  cluster_.check(host);
  collect_reads(host);
}

void Theatre::send_all(Host& host) {
  for (Envelope& envelope : cluster_.outgoing(host)) {
    if (!cluster_.linked(envelope.from.node, envelope.to.node)) continue;
    if (wire_.size() < wire_max) wire_.push_back(std::move(envelope));
  }
}

void Theatre::deliver() {
  const auto fate = in_.below(8);
  if (fate == 7 && !old_.empty()) return cluster_.deliver(old_[in_.below(old_.size())]);   // replayed
  if (wire_.empty()) return;
  const auto at = wire_.begin() + static_cast<std::ptrdiff_t>(fate < 4 ? 0 : in_.below(wire_.size()));
  const Envelope envelope = *at;
  if (fate != 6) wire_.erase(at);          // 6: it will come again
  if (fate == 5) return;                   // lost
  if (old_.size() < wire_max) old_.push_back(envelope);
  cluster_.deliver(envelope);
}

void Theatre::crash(Host& host) {
  if (host.writing && in_.boolean()) raft::test::write(host.disk, *host.writing);   // done, but nobody was told
  cluster_.crash(host.id.node.value);
  if (in_.boolean()) cluster_.refuse(host.id.node.value);
  if (in_.boolean()) cluster_.restart(host.id.node.value);
}

void Theatre::link() {
  const auto how = in_.below(5);
  const std::uint32_t one = any();
  const std::uint32_t other = any();
  if (how == 0 || one == other) return cluster_.heal();
  if (how == 1) return cluster_.isolate(one);
  if (how == 2) return cluster_.disconnect(one, other);
  if (how == 3) return cluster_.cut(one, other);
  cluster_.connect(one, other);
}

// Anything may be proposed; what is one step away from now has a chance to be taken.
void Theatre::reconfigure(Host& host) {
  const auto status = host.consensus->status();
  const auto& now = status.configuration;
  raft::Configuration next = now ? *now : raft::Configuration{};
  const ServerId moved = any_host().id;
  const auto found = std::find_if(next.members.begin(), next.members.end(),
                                  [&](const raft::Member& member) { return member.id == moved; });
  if (found == next.members.end()) next.members.push_back({moved, false, {}, {}});
  else if (in_.boolean()) found->voter = !found->voter;
  else next.members.erase(found);
  if (in_.below(8) == 0) next = any_configuration(in_);
  if (status.returnable && in_.boolean()) next = *status.returnable;
  // Strangers as voters never answer: that would be the operator's fault, and Invariants can't look into them.
  const bool ours = std::all_of(next.members.begin(), next.members.end(), [](const raft::Member& member) {
    return member.id == raft::test::server(member.id.node.value) && member.id.node.value <= nodes;
  });
  if (ours) (void)host.consensus->propose_configuration(std::move(next), cluster_.now(host)).ok();
  cluster_.check(host);
}

// In memory as far as it may go, or less; on disk later, and never beyond the last checkpoint.
void Theatre::compact(Host& host) {
  if (in_.boolean()) cluster_.compact(host, in_.below(4), false);
  else host.consensus->compact(Index(in_.below(host.consensus->log().last_index().value + 2)));
  cluster_.check(host);
  const auto status = host.consensus->status();
  const Index through = std::min(status.base_index, host.archive.at.id.index);
  // A log that is to begin anew on disk is not trimmed before that.
  if (status.persisted_index < status.base_index || through <= host.disk.base.index) return;
  raft::test::trim(host.disk, host.disk.base.index + in_.below(through - host.disk.base.index + 1));
}

// Offers where one is needed, and the end of a fetch: of what was offered last, or of anything ever offered, for a copy
// that comes late is a prefix of what is committed all the same.
void Theatre::snapshots(Host& host) {
  for (const auto& peer : host.consensus->status().peers) {
    if (peer.needs_snapshot && (peer.snapshot_offered == Index(0) || in_.below(8) == 0)) {
      cluster_.offer(host, peer.id.node);
    }
  }
  auto& offered = offered_[host.id];
  if (host.fetching && (offered.empty() || offered.back().meta.id != host.fetching->meta.id)) {
    offered.push_back(*host.fetching);
  }
  if (offered.empty() || in_.boolean()) return;
  host.fetching = offered[offered.size() - 1 - in_.below(std::min<std::size_t>(offered.size(), 4))];
  cluster_.finish_fetch(host);
  collect_reads(host);
}

// Linearizable: an answered read sees all that was committed, anywhere, when it began.
void Theatre::collect_reads(Host& host) {
  for (const raft::ReadOutcome& outcome : host.consensus->take_reads()) host.reads[outcome.id] = outcome;
  for (const auto& [id, outcome] : std::exchange(host.reads, {})) {
    const auto begun = reads_.find({host.id.node.value, id});
    if (begun == reads_.end()) continue;
    if (outcome.confirmed && outcome.index < begun->second) cluster_.broken = "a stale read was confirmed";
    reads_.erase(begun);
  }
}

// -- what no correct server would say now ---------------------------------------------------------------------------

void Theatre::forge() {
  const Host& to = any_host();
  if (in_.boolean()) forge_from_stranger(to);
  else forge_from_member(to);
}

// What a leader of a new term says is a leader's, whoever says it: a server follows one that its own configuration does
// not know yet (dissertation 4.1). So that no leader ever says it: of no term, or after an entry of a later term.
void Theatre::spoil(raft::Message& message) {
  const bool no_term = in_.boolean();
  if (auto* append = std::get_if<raft::AppendEntries>(&message)) {
    if (no_term) append->term = Term(0);
    else append->prev_log.term = append->term.next();
  } else if (auto* install = std::get_if<raft::InstallSnapshot>(&message)) {
    if (no_term) install->term = Term(0);
    else install->meta.id.term = install->term.next();
  }
}

// Whoever is no member has no vote, no log that counts and no say; but its term is heard.
void Theatre::forge_from_stranger(const Host& to) {
  const ServerId from{NodeId(stranger + in_.u8()), Incarnation(in_.u8())};
  raft::Message message = any_message(in_);
  spoil(message);
  say(from, to, std::move(message));
}

// Of a member: what claims nothing. No vote granted (but a pre-vote, which promises nothing), no log longer than an
// empty one, no entry acknowledged, no round echoed, no read confirmed, no entries of a leader. It may say that its
// leader hands over: who campaigns out of turn disturbs, and breaks nothing.
void Theatre::forge_from_member(const Host& to) {
  const ServerId from = any_host().id;
  raft::Message message = any_message(in_);
  if (auto* request = std::get_if<raft::RequestVote>(&message)) request->last_log = {};
  if (auto* reply = std::get_if<raft::RequestVoteReply>(&message)) reply->vote_granted &= reply->pre_vote;
  spoil(message);
  if (auto* reply = std::get_if<raft::AppendEntriesReply>(&message)) {
    reply->success = false;
    reply->round = 0;
  }
  if (auto* reply = std::get_if<raft::ReadIndexReply>(&message)) reply->confirmed = false;
  say(from, to, std::move(message));
}

// A leader might as well have sent fewer entries, or have told of fewer commits.
void Theatre::shorten_real_one() {
  if (wire_.empty()) return;
  Envelope& envelope = wire_[in_.below(wire_.size())];
  auto* append = std::get_if<raft::AppendEntries>(&envelope.message);
  if (append == nullptr) return;
  append->entries.resize(in_.below(append->entries.size() + 1));
  append->leader_commit = Index(in_.below(append->leader_commit.value + 1));
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::fuzz::Theatre(parley::fuzz::Input(data, size)).play();
  return 0;
}
