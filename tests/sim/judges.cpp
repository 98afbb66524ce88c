#include "sim/judges.hpp"

#include <utility>
#include <vector>

#include "node/machine_services.hpp"
#include "sim/judge_feeds.hpp"
#include "sim/judge_nodes.hpp"
#include "sim/judge_raft.hpp"
#include "sim/judge_raw.hpp"
#include "sim/judge_reads.hpp"
#include "sim/judge_requests.hpp"
#include "sim/truth.hpp"

namespace parley::sim {
namespace {

bool is_alive(SimNode& machine) { return machine.running() && !machine.node().between_lives(); }

constexpr std::uint64_t limits_every = 512;   // steps

}  // namespace

struct Judges::Parts {
  Parts(SimCluster& its_cluster, const History& its_history)
      : cluster(its_cluster), history(its_history), raft(truth), nodes(truth), ran(its_cluster.size(), false),
        installed(its_cluster.size(), 0) {}

  SimCluster& cluster;
  const History& history;
  Truth truth;
  RaftJudge raft;
  NodeJudge nodes;
  NodeLives lives;
  Counters counters;
  std::optional<Violation> late;   // found before a crash, told at the next step
  std::vector<bool> ran;   // by node: at the last step
  std::vector<std::uint64_t> installed;   // likewise: snapshots, in the present life of the machine
  TimePoint applied_at{};  // something, by some node, for the last time
  std::uint64_t steps = 0;

  static ServerId server_of(node::Node& node) {
    const auto& identity = node.replication().identity();
    return ServerId{identity.node, identity.incarnation};
  }
  void count_up();
  void look_for_installs();
};

Judges::Judges(SimCluster& cluster, const History& history) : parts_(std::make_unique<Parts>(cluster, history)) {
  for (std::size_t i = 1; i <= cluster.size(); ++i) {
    if (cluster.node(i).running()) parts_->lives.began(cluster.node(i).id(), cluster.world().now());
  }
}

Judges::~Judges() = default;

std::optional<Violation> Judges::after_step() {
  Parts& parts = *parts_;
  if (parts.late) return parts.late;
  const TimePoint now = parts.cluster.world().now();
  const bool look_at_limits = ++parts.steps % limits_every == 0;
  parts.look_for_installs();
  for (std::size_t i = 1; i <= parts.cluster.size(); ++i) {
    SimNode& machine = parts.cluster.node(i);
    if (!is_alive(machine)) {
      if (parts.ran[i - 1]) parts.raft.vanished(machine.id());
      parts.ran[i - 1] = false;
      continue;
    }
    parts.ran[i - 1] = true;
    const auto* consensus = machine.node().replication().consensus();
    if (consensus == nullptr) continue;
    auto fault = parts.raft.observe(Parts::server_of(machine.node()), *consensus, now);
    if (fault) return Violation{"raft", std::move(*fault)};
  }
  for (std::size_t i = 1; i <= parts.cluster.size(); ++i) {
    SimNode& machine = parts.cluster.node(i);
    if (!is_alive(machine)) continue;
    bool moved = false;
    auto differs = parts.nodes.after_step(machine.id(), machine.node(), moved);
    if (differs) return Violation{"digests", std::move(*differs)};
    if (moved) parts.applied_at = now;
    if (!look_at_limits) continue;
    auto fault = parts.nodes.look_at_limits(machine.id(), machine.node());
    if (fault) return Violation{"memory", std::move(*fault)};
  }
  return std::nullopt;
}

std::optional<Violation> Judges::at_end() {
  Parts& parts = *parts_;
  if (auto violation = after_step()) return violation;
  for (std::size_t i = 1; i <= parts.cluster.size(); ++i) {
    SimNode& machine = parts.cluster.node(i);
    // Who is down tells nobody anything more: its life is over, though no other one has begun.
    if (!machine.running()) parts.lives.began(machine.id(), parts.cluster.world().now());
    if (!is_alive(machine)) continue;
    if (auto fault = parts.nodes.at_end(machine.id(), machine.node())) return Violation{"nodes", std::move(*fault)};
  }
  if (auto fault = judge_requests(parts.truth, parts.history)) return Violation{"requests", std::move(*fault)};
  if (auto fault = judge_reads(parts.truth, parts.history, parts.lives)) return Violation{"reads", std::move(*fault)};
  auto fault = judge_feeds(parts.truth, parts.history, parts.lives, parts.applied_at,
                           parts.cluster.world().now());
  if (fault) return Violation{"feeds", std::move(*fault)};
  fault = judge_raw(parts.truth, parts.history, parts.lives, parts.applied_at, parts.cluster.world().now());
  if (fault) return Violation{"raw", std::move(*fault)};
  return std::nullopt;
}

void Judges::node_restarted(NodeId id) {
  parts_->nodes.restarted(id);
  parts_->lives.began(id, parts_->cluster.world().now());
  ++parts_->counters.restarts;
}

void Judges::before_crash(NodeId id) {
  Parts& parts = *parts_;
  SimNode& machine = parts.cluster.node(id.value);
  if (!is_alive(machine)) return;
  // It may have decided something since the last step, and told somebody, before it dies.
  if (!parts.late) parts.late = after_step();
  const ServerId server = Parts::server_of(machine.node());
  const auto status = machine.node().replication().status();
  if (status.role == raft::Role::leader) {
    ++parts.counters.leader_crashes;
    if (parts.raft.leads_alone(server)) ++parts.counters.leader_crashes_with_unreplicated;
  }
  parts.raft.ended(server);
}

void Judges::disk_harmed(NodeId id) {
  parts_->raft.disk_harmed(id);
  parts_->nodes.disk_harmed(id);
}

const Counters& Judges::counters() const {
  parts_->count_up();
  return parts_->counters;
}

// A node that installed a snapshot came up anew within the same process, with another Consensus and another archive.
void Judges::Parts::look_for_installs() {
  for (std::size_t i = 1; i <= cluster.size(); ++i) {
    SimNode& machine = cluster.node(i);
    const std::uint64_t now = is_alive(machine) ? machine.node().snapshots_installed() : 0;
    std::uint64_t& before = installed[i - 1];
    if (now > before) {
      lives.installed(machine.id(), cluster.world().now());
      raft.vanished(machine.id());
      nodes.restarted(machine.id());
      counters.snapshots += now - before;
    }
    before = now;
  }
}

void Judges::Parts::count_up() {
  counters.elections = raft.elections();
  counters.campaigns = raft.campaigns();
  counters.truncations = raft.truncations();
  counters.committed = truth.committed().value;
  counters.configurations = raft.configurations();
  counters.member_changes = raft.member_changes();
  counters.messages = counters.acknowledged = counters.refused = counters.unknown = 0;
  counters.pages = counters.pushes = 0;
  for (const auto& change : truth.changes()) counters.messages += change.is_new ? 1 : 0;
  for (const auto& operation : history.operations()) {
    if (operation.ending == Operation::Ending::done) ++counters.acknowledged;
    if (operation.ending == Operation::Ending::refused) ++counters.refused;
    if (operation.ending == Operation::Ending::unknown) ++counters.unknown;
    if (!operation.page.empty()) ++counters.pages;
  }
  for (const auto& feed : history.feeds()) counters.pushes += feed.items.size();
}

}  // namespace parley::sim
