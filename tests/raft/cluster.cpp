#include "raft/cluster.hpp"

#include <algorithm>

#include "raft/log.hpp"

namespace parley::raft::test {

ConfigurationPtr configuration_of(std::vector<Member> members) {
  return std::make_shared<const Configuration>(Configuration{std::move(members)});
}

ConfigurationPtr configuration_of(std::uint32_t voters, std::uint32_t learners) {
  std::vector<Member> members;
  for (std::uint32_t node = 1; node <= voters; ++node) members.push_back(voter(node));
  for (std::uint32_t node = voters + 1; node <= voters + learners; ++node) members.push_back(learner(node));
  return configuration_of(std::move(members));
}

Durable born_with(ConfigurationPtr configuration) {
  Durable durable;
  durable.hard_state = {Term(1), std::nullopt, Index(1)};
  durable.entries.push_back(entry_of(Term(1), Index(1), std::move(configuration)));
  return durable;
}

Durable log_of_terms(ConfigurationPtr configuration, const std::vector<std::uint64_t>& terms) {
  Durable durable = born_with(std::move(configuration));
  for (std::size_t i = 1; i < terms.size(); ++i) {
    const std::string text = std::to_string(terms[i]) + "." + std::to_string(i + 1);
    durable.entries.push_back(entry_of(Term(terms[i]), Index(i + 1), command(text)));
  }
  durable.hard_state.current_term = durable.entries.back().id.term;
  return durable;
}

Cluster::Cluster(Options chosen, std::uint64_t seed) : options(chosen), seed_(seed) {
  time_.steady = TimePoint(std::chrono::hours(1));
  time_.wall = WallTime{1'700'000'000'000};
}

Host& Cluster::add(std::uint32_t node, Durable disk) {
  Host& host = hosts_[NodeId(node)];
  host.id = server(node);
  host.disk = std::move(disk);
  start(host);
  return host;
}

void Cluster::found(std::uint32_t voters, std::uint32_t learners) {
  const auto configuration = configuration_of(voters, learners);
  for (std::uint32_t node = 1; node <= voters + learners; ++node) add(node, born_with(configuration));
}

Consensus& Cluster::operator[](std::uint32_t node) {
  PARLEY_ASSERT(up(node), "that server is down");
  return *hosts_.at(NodeId(node)).consensus;
}

void Cluster::start(Host& host) {
  recover(host);
  const std::uint64_t seed = seed_ * 1'000'003 + host.id.node.value * 101 + host.lives++;
  host.consensus = std::make_unique<Consensus>(host.id, options, host.disk, seed, now(host));
  host.applied = host.archive.applied;
  if (host.archive.at.id.index > Index(0)) host.consensus->applied(host.archive.at.id.index);
  host.reads.clear();
  host.taken.clear();
  host.fetching.reset();
  host.writing.reset();
  invariants_.restarted(host.id);
  check(host);
}

void Cluster::tell(NodeId node, NodeId about, void (Consensus::*what)(NodeId, Now)) {
  Host& host = hosts_.at(node);
  if (!host.consensus) return;
  ((*host.consensus).*what)(about, now(host));
  check(host);
}

void Cluster::crash(std::uint32_t node) {
  Host& host = hosts_.at(NodeId(node));
  host.consensus.reset();
  host.writing.reset();
  for (auto& [other, _] : hosts_) {
    if (other != host.id.node) tell(other, host.id.node, &Consensus::unreachable);
  }
}

void Cluster::restart(std::uint32_t node) {
  start(host(node));
  for (auto& [other, _] : hosts_) {
    if (other == NodeId(node) || !linked(other, NodeId(node)) || !linked(NodeId(node), other)) continue;
    tell(other, NodeId(node), &Consensus::reachable);
    tell(NodeId(node), other, &Consensus::reachable);
  }
}

void Cluster::wipe(std::uint32_t node) {
  Host& wiped = host(node);
  PARLEY_ASSERT(!wiped.consensus, "only the disk of a server that is down is wiped");
  wiped.id.incarnation = Incarnation(wiped.id.incarnation.value + 1000);
  wiped.disk = Durable{};
  wiped.archive = Archive{};
}

void Cluster::refuse(std::uint32_t node) {
  for (auto& [other, _] : hosts_) {
    if (other != NodeId(node)) tell(other, NodeId(node), &Consensus::refused);
  }
}

void Cluster::disconnect(std::uint32_t one, std::uint32_t other) {
  cut(one, other);
  cut(other, one);
  tell(NodeId(one), NodeId(other), &Consensus::unreachable);
  tell(NodeId(other), NodeId(one), &Consensus::unreachable);
}

void Cluster::connect(std::uint32_t one, std::uint32_t other) {
  mend(one, other);
  mend(other, one);
  tell(NodeId(one), NodeId(other), &Consensus::reachable);
  tell(NodeId(other), NodeId(one), &Consensus::reachable);
}

void Cluster::isolate(std::uint32_t node) {
  for (auto& [other, _] : hosts_) {
    if (other != NodeId(node)) disconnect(node, other.value);
  }
}

void Cluster::heal() {
  for (auto& [one, _] : hosts_) {
    for (auto& [other, __] : hosts_) {
      if (one < other && (!linked(one, other) || !linked(other, one))) connect(one.value, other.value);
    }
  }
}

Now Cluster::now(const Host& host) const {
  Now told = time_;
  told.steady += host.clock_ahead;
  return told;
}

void Cluster::pass(Duration duration) {
  time_.steady += duration;
  time_.wall.ms += std::chrono::duration_cast<milliseconds>(duration).count();
}

bool Cluster::tick_due(Host& host) {
  if (!host.consensus || host.consensus->deadline() > now(host).steady) return false;
  host.consensus->tick(now(host));
  check(host);
  return true;
}

void Cluster::tick(Duration duration) {
  const TimePoint end = time_.steady + duration;
  flow();
  while (time_.steady < end) {
    pass(std::min<Duration>(milliseconds(1), end - time_.steady));
    bool fired = false;
    for (auto& [_, host] : hosts_) fired |= tick_due(host);
    if (fired) flow();
  }
}

void Cluster::flow() {
  for (int turn = 0; turn < 10'000; ++turn) {
    bool moved = false;
    std::vector<Envelope> sent;
    for (auto& [_, host] : hosts_) {
      if (!host.consensus) continue;
      moved |= work(host);
      auto messages = outgoing(host);
      std::move(messages.begin(), messages.end(), std::back_inserter(sent));
    }
    for (Envelope& envelope : sent) {
      if (recorded.contains({envelope.from.node, envelope.to.node})) tape.push_back(envelope);
      if (linked(envelope.from.node, envelope.to.node)) deliver(envelope);
    }
    if (!moved && sent.empty()) return;
  }
  if (broken.empty()) broken = "messages never come to rest";
}

bool Cluster::work(Host& host) {
  bool moved = false;
  if (!host.writing) {
    if (auto batch = host.consensus->take_persist(); !batch.empty()) {
      host.writing = std::move(batch);
      moved = true;
      check(host);
    }
  }
  if (host.writing && !host.disk_held) {
    finish_write(host);
    moved = true;
  }
  for (Entry& entry : host.consensus->take_committed(1 << 20)) host.taken.push_back(std::move(entry));
  for (; !host.taken.empty() && !host.apply_held; host.taken.pop_front()) {
    const Entry& entry = host.taken.front();
    if (const auto* bytes = std::get_if<SharedBytes>(&entry.content)) host.applied.emplace_back(bytes->view());
    host.consensus->applied(entry.id.index);
    moved = true;
  }
  if (auto wanted = host.consensus->wanted_snapshot()) host.fetching = std::move(wanted);
  if (serve_snapshots) moved |= serve(host);
  for (const ReadOutcome& outcome : host.consensus->take_reads()) host.reads[outcome.id] = outcome;
  check(host);
  return moved;
}

void Cluster::finish_write(Host& host) {
  const PersistBatch batch = *std::exchange(host.writing, std::nullopt);
  write(host.disk, batch);
  host.consensus->persisted(batch.number, now(host));
  check(host);
}

std::vector<Envelope> Cluster::outgoing(Host& host) {
  std::vector<Envelope> sent;
  for (auto& [peer, other] : hosts_) {
    if (peer == host.id.node) continue;
    while (auto message = host.consensus->take_message_for(peer, now(host))) {
      check_promise(host, *message);
      sent.push_back({host.id, other.id, std::move(*message)});
      check(host);
      if (sent.size() > 10'000) return sent;
    }
  }
  return sent;
}

// "It hands out no promise that is not durable": looked at against the disk itself.
void Cluster::check_promise(const Host& host, const Message& message) {
  const HardState now = host.consensus->hard_state();
  const HardState& written = host.disk.hard_state;
  const bool same = written.current_term == now.current_term && written.voted_for == now.voted_for;
  // At the birth nobody has written anything yet, and nobody needs to.
  if (!same && now.current_term > Term(1)) broken = "a message left before term and vote were on disk (catalogue 3)";
  const auto* reply = std::get_if<AppendEntriesReply>(&message);
  if (reply == nullptr || !reply->success || reply->match_index == Index(0)) return;
  if (reply->match_index <= host.disk.base.index) return;   // the archive has it
  auto term = host.consensus->log().term_at(reply->match_index);
  if (!term) term = invariants_.committed_term(reply->match_index);   // below the base in memory
  const std::size_t offset = reply->match_index.value - host.disk.base.index.value - 1;
  if (offset >= host.disk.entries.size() || host.disk.entries[offset].id.term != term) {
    broken = "an entry was acknowledged that is not on disk (catalogue 3)";
  }
}

void Cluster::deliver(const Envelope& envelope) {
  Host& host = hosts_.at(envelope.to.node);
  if (!host.consensus || host.id != envelope.to) return;
  host.consensus->step(envelope.from, envelope.message, now(host));
  check(host);
}

void Cluster::time_out(std::uint32_t node) {
  Host& host = hosts_.at(NodeId(node));
  const TimePoint due = host.consensus->deadline();
  if (due == never) return;
  host.clock_ahead += std::max<Duration>(due - now(host).steady, Duration(0));
  host.consensus->tick(now(host));
  check(host);
}

void Cluster::elect(std::uint32_t node) {
  for (auto& [peer, host] : hosts_) {
    if (peer == NodeId(node) || linked(peer, NodeId(node))) host.clock_ahead += options.election_timeout;
  }
  time_out(node);
  flow();
}

void Cluster::check(const Host& host) {
  if (!broken.empty() || !host.consensus) return;
  if (auto found = invariants_.observe(host.id, *host.consensus)) broken = *found;
  if (broken.empty() && invariants_.committed() > commit_checked_) check_durable(host);
}

// "Committed" promises that a majority of the voters has the entry on disk (catalogue 3, 34). Looked at in the very
// step in which the first server commits it.
void Cluster::check_durable(const Host& host) {
  const bool at_start = commit_checked_ == Index(0);
  commit_checked_ = invariants_.committed();
  if (at_start) return;
  const Log& log = host.consensus->log();
  const Configuration& configuration = *log.configuration_at(log.last_index());
  std::size_t durable = 0;
  for (const Member& member : configuration.members) {
    const auto found = hosts_.find(member.id.node);
    if (!member.voter || found == hosts_.end()) continue;
    if (found->second.id != member.id) {   // its disk is lost: perhaps with this entry, after it was acknowledged
      ++durable;
      continue;
    }
    const Durable& disk = found->second.disk;
    const Index archived = std::max(disk.base.index, found->second.archive.at.id.index);
    if (archived >= commit_checked_) {
      ++durable;
      continue;
    }
    const std::size_t offset = commit_checked_.value - disk.base.index.value - 1;
    durable += offset < disk.entries.size() && disk.entries[offset].id.term == *log.term_at(commit_checked_);
  }
  if (durable < configuration.quorum()) broken = "committed what no majority has on disk (catalogue 3)";
}

std::optional<std::uint32_t> Cluster::leader() const {
  std::optional<std::uint32_t> found;
  Term highest;
  for (const auto& [node, host] : hosts_) {
    if (!host.consensus) continue;
    const Status status = host.consensus->status();
    if (status.role != Role::leader || status.term < highest) continue;
    highest = status.term;
    found = node.value;
  }
  return found;
}

Index Cluster::durable_index(std::uint32_t node) const {
  const Durable& disk = hosts_.at(NodeId(node)).disk;
  return disk.base.index + disk.entries.size();
}

}  // namespace parley::raft::test
