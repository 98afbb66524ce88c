// Random schedules: whatever the network, the disks and the operator do, the invariants hold after every step, and
// once all is healed the cluster agrees and goes on. A failure prints its seed: PARLEY_SEED=n runs that one alone, or
// with PARLEY_SEEDS=m the first of m.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "base/random.hpp"
#include "raft/cluster.hpp"
#include "raft/log.hpp"

namespace parley::raft::test {
namespace {

// How bad it is; each drawn anew for every seed, so that some storms lack some winds ("swarm testing").
struct Weather {
  explicit Weather(Random& random)
      : drop(random.chance(0.5) ? 0 : random.unit() * 0.3),
        duplicate(random.chance(0.5) ? 0 : random.unit() * 0.3),
        reorder(random.chance(0.4) ? 0 : random.unit()),
        replay(random.chance(0.7) ? 0 : random.unit() * 0.05),
        crash(random.chance(0.3) ? 0 : random.unit() * 0.004),
        wipe(random.chance(0.8) ? 0 : random.unit() * 0.2),
        partition(random.chance(0.3) ? 0 : random.unit() * 0.004),
        configuration(random.chance(0.4) ? 0 : random.unit() * 0.01),
        slow_disk(random.chance(0.4) ? 0 : random.unit() * 0.98),
        slow_apply(random.chance(0.5) ? 0 : random.unit() * 0.98),
        compaction(random.chance(0.3) ? 0 : random.unit() * 0.3),
        margin(random.chance(0.5) ? 0 : random.unit() * 20),
        fetch(random.unit() * random.unit() * 0.2),
        transfer(random.chance(0.4) ? 0 : random.unit() * 0.03) {}
  double drop, duplicate, reorder, replay, crash, wipe, partition, configuration, slow_disk, slow_apply;
  double compaction, margin, fetch, transfer;
};

Options small_options() {
  Options options;
  options.append_entries_max = 4;      // small, so that limits are met
  options.inflight_appends_max = 3;
  options.inflight_bytes_max = 1000;
  options.persist_bytes_max = 300;
  options.uncommitted_bytes_max = 4000;
  return options;
}

class Storm {
 public:
  Storm(std::uint64_t seed, std::uint32_t voters)
      : random_(seed), weather_(random_), cluster_(small_options(), seed), nodes_(voters + 1) {
    cluster_.found(voters);
    cluster_.add(voters + 1, Durable{});   // belongs to nobody yet
  }

  std::string run(int steps) {
    for (int i = 0; i < steps && cluster_.broken.empty(); ++i) step();
    if (!cluster_.broken.empty()) return cluster_.broken;
    return calm();
  }

  Index committed() const { return cluster_.committed(); }
  std::size_t reads_confirmed = 0;
  std::size_t changes = 0;
  std::size_t taken_back = 0;
  std::size_t installed = 0;
  std::size_t transfers = 0;
  std::set<Term> handed_over;   // terms in which somebody campaigned because its leader told it to

 private:
  std::uint32_t any() { return static_cast<std::uint32_t>(random_.between(1, nodes_)); }
  Host& any_host() { return cluster_.host(any()); }

  void step();
  void send_all();
  void deliver_one();
  void work(Host& host);
  void crash_or_restart();
  bool majority_without(const Configuration& configuration, std::uint32_t node);
  bool bears_loss_of(std::uint32_t node);
  void tear_or_mend();
  void propose(Host& host);
  bool holds_something(const Status& status, ServerId learner) const;
  void reconfigure(Host& host);
  void take_back(Host& host);
  void compact(Host& host);
  void offer_snapshots(Host& host);
  void fetch(Host& host);
  void hand_over(Host& host);
  void read(Host& host);
  void collect_reads(Host& host);
  std::string calm();
  std::string compare();
  std::string describe();

  Random random_;
  Weather weather_;
  Cluster cluster_;
  std::uint32_t nodes_;
  std::vector<Envelope> wire_;
  std::vector<Envelope> old_;              // for replays
  std::map<ServerId, std::vector<SnapshotOffer>> offered_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Index> reads_;   // what was committed when they began
  int proposed_ = 0;
};

void Storm::step() {
  cluster_.pass(std::chrono::microseconds(random_.below(3000)));
  for (auto& [_, host] : cluster_.hosts()) {
    if (!host.consensus) continue;
    cluster_.tick_due(host);
    work(host);
  }
  send_all();
  for (std::uint64_t n = random_.below(6); n > 0; --n) deliver_one();
  Host& host = any_host();
  if (host.consensus && random_.chance(0.3)) propose(host);
  if (host.consensus && random_.chance(0.05)) read(host);
  if (host.consensus && random_.chance(weather_.configuration)) reconfigure(host);
  if (host.consensus && weather_.configuration > 0 && random_.chance(0.05)) take_back(host);
  if (host.consensus && random_.chance(weather_.compaction)) compact(host);
  if (host.consensus && random_.chance(weather_.transfer)) hand_over(host);
  if (random_.chance(weather_.crash)) crash_or_restart();
  if (random_.chance(0.01)) {
    for (auto& [node, down] : cluster_.hosts()) {
      if (!down.consensus && random_.chance(0.3)) cluster_.restart(node.value);
    }
  }
  if (random_.chance(weather_.partition)) tear_or_mend();
}

// A write may begin at once and end much later, or be lost by a crash in between.
void Storm::work(Host& host) {
  host.disk_held = random_.chance(weather_.slow_disk);
  host.apply_held = random_.chance(weather_.slow_apply);
  cluster_.work(host);
  if (random_.chance(0.2)) offer_snapshots(host);
  fetch(host);
  collect_reads(host);
}

void Storm::send_all() {
  for (auto& [_, host] : cluster_.hosts()) {
    if (!host.consensus) continue;
    for (Envelope& envelope : cluster_.outgoing(host)) {
      const auto* request = std::get_if<RequestVote>(&envelope.message);
      if (request != nullptr && request->transfer) handed_over.insert(request->term);
      if (!cluster_.linked(envelope.from.node, envelope.to.node) || random_.chance(weather_.drop)) continue;
      if (random_.chance(weather_.replay)) old_.push_back(envelope);
      if (wire_.size() < 500) wire_.push_back(std::move(envelope));
    }
  }
}

void Storm::deliver_one() {
  if (!old_.empty() && random_.chance(weather_.replay)) cluster_.deliver(old_[random_.below(old_.size())]);
  if (wire_.empty()) return;
  const auto picked = wire_.begin() + static_cast<std::ptrdiff_t>(
                                          random_.chance(weather_.reorder) ? random_.below(wire_.size()) : 0);
  const Envelope envelope = *picked;
  if (!random_.chance(weather_.duplicate)) wire_.erase(picked);
  cluster_.deliver(envelope);
}

// The log gets shorter: in memory as far as it may go, or less; on disk later, and never beyond the last checkpoint.
void Storm::compact(Host& host) {
  if (random_.chance(0.8)) cluster_.compact(host, static_cast<std::uint64_t>(weather_.margin), false);
  else host.consensus->compact(Index(~0ULL));
  cluster_.check(host);
  const Status status = host.consensus->status();
  const Index through = std::min(status.base_index, host.archive.at.id.index);
  const Index on_disk = host.disk.base.index;
  // A log that is to begin anew on disk is not trimmed before that.
  if (random_.chance(0.5) || status.persisted_index < status.base_index || through <= on_disk) return;
  trim(host.disk, Index(random_.between(on_disk.value, through.value)));
}

// Where one is needed; and sometimes a newer one while the older is still being fetched.
void Storm::offer_snapshots(Host& host) {
  for (const PeerStatus& peer : host.consensus->status().peers) {
    if (!peer.needs_snapshot) continue;
    if (peer.snapshot_offered == Index(0) || random_.chance(0.02)) cluster_.offer(host, peer.id.node);
  }
}

// It takes a while, and what it was fetched for may have come to nothing meanwhile: the entries came after all, or this
// server was restarted since. Whatever was offered once is a prefix of what is committed, and may be installed.
void Storm::fetch(Host& host) {
  std::vector<SnapshotOffer>& offered = offered_[host.id];
  const bool is_new = host.fetching && (offered.empty() || offered.back().meta.id != host.fetching->meta.id);
  if (is_new) offered.push_back(*host.fetching);
  if (offered.empty() || !random_.chance(weather_.fetch)) return;
  host.fetching = random_.chance(0.5) ? offered.back() : offered[random_.below(offered.size())];
  installed += cluster_.finish_fetch(host);
}

void Storm::hand_over(Host& host) {
  transfers += host.consensus->transfer_leadership(NodeId(any()), cluster_.now(host)).ok();
  cluster_.check(host);
}

void Storm::crash_or_restart() {
  const std::uint32_t node = any();
  Host& host = cluster_.host(node);
  if (!host.consensus) {
    if (random_.chance(weather_.wipe) && bears_loss_of(node)) cluster_.wipe(node);
    return cluster_.restart(node);
  }
  if (host.writing && random_.chance(0.5)) write(host.disk, *host.writing);   // done, but nobody was told
  cluster_.crash(node);
  if (random_.chance(0.5)) cluster_.refuse(node);
}

// A majority of its voters, beside `node`, still has its disk.
bool Storm::majority_without(const Configuration& configuration, std::uint32_t node) {
  const auto& members = configuration.members;
  const auto kept = std::count_if(members.begin(), members.end(), [&](const Member& member) {
    return member.voter && member.id.node != NodeId(node) && cluster_.host(member.id.node.value).id == member.id;
  });
  return static_cast<std::size_t>(kept) >= configuration.quorum();
}

// Of every configuration that any server goes by, a majority still has its disk afterwards: more can't be borne.
bool Storm::bears_loss_of(std::uint32_t node) {
  for (auto& [_, host] : cluster_.hosts()) {
    Durable disk = host.consensus ? Durable{} : host.disk;
    const Log on_disk(disk);
    const auto configuration = (host.consensus ? host.consensus->log() : on_disk).configuration();
    if (!configuration) continue;
    if (!majority_without(*configuration, node)) return false;
  }
  return true;
}

void Storm::tear_or_mend() {
  const std::uint32_t one = any();
  const std::uint32_t other = any();
  switch (random_.below(4)) {
    case 0: return cluster_.heal();
    case 1: return cluster_.isolate(one);
    case 2: return one == other ? void() : cluster_.disconnect(one, other);
    default: return one == other ? void() : cluster_.cut(one, other);
  }
}

void Storm::propose(Host& host) {
  (void)host.consensus->propose(command(std::to_string(++proposed_)), cluster_.now(host)).ok();
  cluster_.check(host);
}

// A learner that has nothing yet has no configuration either, and votes for nobody (R3): to make it a voter whose vote
// is needed would be the operator's fault. Promotion waits until it has caught up (dissertation 4.2.1).
bool Storm::holds_something(const Status& status, ServerId learner) const {
  return std::any_of(status.peers.begin(), status.peers.end(), [&](const PeerStatus& peer) {
    return peer.id == learner && peer.match_index > Index(0) && !peer.needs_snapshot;
  });
}

// Moves one server between outside, learner and voter, by its present life.
void Storm::reconfigure(Host& host) {
  const Status status = host.consensus->status();
  if (status.role != Role::leader) return;
  Configuration next = *status.configuration;
  const ServerId moved = any_host().id;
  const auto found = std::find_if(next.members.begin(), next.members.end(),
                                  [&](const Member& member) { return member.id.node == moved.node; });
  if (found == next.members.end()) {
    next.members.push_back({moved, false, {}, {}});
  } else if (found->id != moved) {
    if (found->voter) found->voter = false;   // another life of it: first the old one stops counting
    else found->id = moved;
  } else if (!found->voter) {
    found->voter = holds_something(status, moved);
  } else if (random_.chance(0.5)) {
    found->voter = false;
  } else {
    next.members.erase(found);
  }
  if (next.voters() < 2 || !majority_without(next, 0)) return;   // that would be the operator's fault
  changes += host.consensus->propose_configuration(std::move(next), cluster_.now(host)).ok();
  cluster_.check(host);
}

// A change that is not committed yet, whether it still could be or not.
void Storm::take_back(Host& host) {
  const Status status = host.consensus->status();
  if (!status.returnable) return;
  taken_back += host.consensus->propose_configuration(*status.returnable, cluster_.now(host)).ok();
  cluster_.check(host);
}

void Storm::read(Host& host) {
  const auto id = host.consensus->begin_read(cluster_.now(host));
  if (id.ok()) reads_[{host.id.node.value, *id}] = cluster_.committed();
  collect_reads(host);
}

// Linearizable: an answered read sees all that was committed, anywhere, when it began (catalogue 12, 13, 14).
void Storm::collect_reads(Host& host) {
  for (const ReadOutcome& outcome : host.consensus->take_reads()) host.reads[outcome.id] = outcome;
  for (const auto& [id, outcome] : host.reads) {
    const auto begun = reads_.find({host.id.node.value, id});
    if (begun == reads_.end()) continue;
    reads_confirmed += outcome.confirmed;
    if (outcome.confirmed && outcome.index < begun->second) cluster_.broken = "a stale read was confirmed";
    reads_.erase(begun);
  }
  host.reads.clear();
}

// Everything works again. A leader is found, what it is told gets committed, and all members hold the same.
std::string Storm::calm() {
  for (auto& [node, host] : cluster_.hosts()) {
    host.disk_held = false;
    host.apply_held = false;
    if (!host.consensus) cluster_.restart(node.value);
  }
  cluster_.heal();
  cluster_.serve_snapshots = true;
  for (const Envelope& envelope : std::exchange(wire_, {})) cluster_.deliver(envelope);
  for (int tries = 0; tries < 100; ++tries) {
    cluster_.tick(milliseconds(100));
    if (!cluster_.broken.empty()) return cluster_.broken;
    const auto leader = cluster_.leader();
    if (!leader) continue;
    const std::string last = "last words " + std::to_string(tries);
    if (!cluster_[*leader].propose(command(last), cluster_.now(cluster_.host(*leader))).ok()) continue;
    cluster_.tick(milliseconds(300));
    const auto& applied = cluster_.host(*leader).applied;
    if (std::find(applied.begin(), applied.end(), last) != applied.end()) return compare();
  }
  return "no agreement 10 s after everything was healed" + describe();
}

std::string Storm::describe() {
  std::ostringstream out;
  for (const auto& [node, host] : cluster_.hosts()) {
    const Status status = host.consensus->status();
    out << "\n  server " << node.value << " life " << host.id.incarnation.value << " role "
        << static_cast<int>(status.role) << " term " << status.term.value << " last "
        << host.consensus->log().last_id().term.value << "." << status.last_index.value << " commit "
        << status.commit_index.value << " base " << status.base_index.value << " members";
    if (!status.configuration) continue;
    for (const Member& member : status.configuration->members) {
      out << " " << member.id.node.value << "/" << member.id.incarnation.value << (member.voter ? "v" : "l");
    }
  }
  return out.str();
}

std::string Storm::compare() {
  cluster_.tick(milliseconds(500));
  if (!cluster_.broken.empty()) return cluster_.broken;
  const Host& leader = cluster_.host(cluster_.leader().value_or(1));
  const std::set<std::string> distinct(leader.applied.begin(), leader.applied.end());
  if (distinct.size() != leader.applied.size()) return "a command was applied twice";
  const auto configuration = leader.consensus->status().configuration;
  for (const auto& [node, host] : cluster_.hosts()) {
    if (configuration->find(host.id) == nullptr) continue;
    if (host.applied != leader.applied) {
      return "server " + std::to_string(node.value) + " applied something else" + describe();
    }
  }
  return {};
}

void run_storms(std::uint32_t voters, int seeds, int steps) {
  std::uint64_t first = 1;
  if (const char* chosen = std::getenv("PARLEY_SEED")) {
    first = std::strtoull(chosen, nullptr, 10);
    seeds = 1;
  }
  if (const char* many = std::getenv("PARLEY_SEEDS")) seeds = std::atoi(many);
  std::size_t committed = 0;
  std::size_t reads = 0;
  std::size_t changes = 0, taken_back = 0;
  std::size_t installed = 0;
  std::size_t transfers = 0;
  std::size_t handed_over = 0;
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(seeds); ++seed) {
    Storm storm(seed, voters);
    ASSERT_EQ(storm.run(steps), "") << "PARLEY_SEED=" << seed << " with " << voters << " voters";
    committed += storm.committed().value;
    reads += storm.reads_confirmed;
    changes += storm.changes;
    taken_back += storm.taken_back;
    installed += storm.installed;
    transfers += storm.transfers;
    handed_over += storm.handed_over.size();
  }
  if (seeds == 1) return;
  // A storm in which nothing is ever committed, read or changed would prove nothing.
  EXPECT_GT(committed, static_cast<std::size_t>(seeds) * 20);
  EXPECT_GT(reads, static_cast<std::size_t>(seeds) * 2);
  EXPECT_GT(changes, static_cast<std::size_t>(seeds) / 2);
  EXPECT_GT(taken_back, static_cast<std::size_t>(seeds) / 20);
  EXPECT_GT(installed, static_cast<std::size_t>(seeds) / 2);
  EXPECT_GT(handed_over, static_cast<std::size_t>(seeds) / 2);
  std::printf("%d seeds: %zu committed, %zu reads, %zu configurations, %zu of them taken back, %zu snapshots, "
              "%zu of %zu transfers\n", seeds,
              committed, reads, changes, taken_back, installed, handed_over, transfers);
}

TEST(Storm, three_servers_keep_every_invariant_and_agree_afterwards) { run_storms(3, 200, 2000); }
TEST(Storm, five_servers_keep_every_invariant_and_agree_afterwards) { run_storms(5, 100, 2000); }

}  // namespace
}  // namespace parley::raft::test
