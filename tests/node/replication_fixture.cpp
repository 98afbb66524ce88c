#include "node/replication_fixture.hpp"

#include <algorithm>
#include <chrono>

#include "node/limits.hpp"

namespace parley::node {
namespace {

using namespace std::chrono_literals;

const std::map<net::Lane, sim::LaneDelay> quick_disk = {{net::Lane::log, {100us, 1ms}}};

std::string address(std::uint32_t node, int port) {
  return "10.0.0." + std::to_string(node) + ":" + std::to_string(port);
}

}  // namespace

ClusterConfig test_config(std::size_t nodes) {
  ClusterConfig config;
  for (std::uint32_t id = 1; id <= nodes; ++id) {
    NodeConfig node;
    node.id = NodeId(id);
    node.peer.listen = node.peer.advertise = address(id, 7101);
    node.client.listen = node.client.advertise = address(id, 7201);
    config.nodes.push_back(std::move(node));
  }
  return config;
}

// -- one life -------------------------------------------------------------------------------------------------

TestReplica::Life::Life(TestReplica& replica, sim::Life n, DataDirectory opened)
    : owner(replica),
      number(n),
      clock(replica.world_, n, milliseconds(0)),
      network(replica.world_, replica.fabric_, n, replica.id_.value),
      workers(replica.world_, n, quick_disk),
      entropy(replica.random_.next()),
      directory(std::move(opened)),
      replication(seams(), parts()) {}

Seams TestReplica::Life::seams() {
  return Seams{owner.world_.context(number).get_executor(), clock,          network, workers, entropy, hasher,
               *owner.disk_,                                *owner.logger_};
}

ReplicationParts TestReplica::Life::parts() {
  ReplicationParts parts;
  parts.config = owner.config_;
  parts.self = *owner.config_.find(owner.id_);
  parts.identity = directory.identity;
  parts.log = directory.log.get();
  parts.durable = directory.durable;
  parts.min_voters = [this] { return owner.min_voters; };
  parts.set_aside = [this] {
    rolled_back = true;
    replication.stop();
  };
  return parts;
}

net::awaitable<void> TestReplica::Life::run() {
  co_await replication.run();
  ended = true;
}

net::awaitable<void> TestReplica::Life::apply() {
  for (;;) {
    const auto entries = co_await replication.next_committed();
    if (entries.empty()) co_return;
    for (const auto& entry : entries) {
      const auto* command = std::get_if<SharedBytes>(&entry.content);
      if (command != nullptr) applied.emplace(entry.id, command->view());
    }
    replication.applied(entries.back().id.index);
  }
}

net::awaitable<void> TestReplica::Life::submit(std::string command) {
  const SharedBytes bytes(std::move(command));
  auto outcome = co_await replication.submit(bytes);
  const auto alarm = clock.make_alarm();
  // As Proposals do: a leader that was just founded takes none before it has heard the others' clocks (R14).
  for (int i = 0; i < 10 && outcome.outcome == Submitted::Outcome::busy; ++i) {
    co_await alarm->wait_until(clock.now() + submit_retry);
    outcome = co_await replication.submit(bytes);
  }
  outcomes.push_back(outcome);
}

net::awaitable<void> TestReplica::Life::read() {
  const auto index = co_await replication.read_index(never);
  reads.push_back(index);
}

net::awaitable<void> TestReplica::Life::leave() {
  co_await replication.depart();
  replication.stop();
}

net::awaitable<void> TestReplica::Life::administer(wire::MemberRequest request) {
  auto reply = co_await replication.administer(std::move(request));
  replies.push_back(std::move(reply));
}

// -- one replica ----------------------------------------------------------------------------------------------

Result<Nothing> TestReplica::start() {
  sim::SimEntropy entropy(random_.next());
  auto opened = open_data_directory(*disk_, id_, entropy);
  if (!opened.ok()) return opened.error();
  const auto number = world_.begin_life("node " + std::to_string(id_.value));
  life_ = std::make_unique<Life>(*this, number, std::move(*opened));
  const auto listening = life_->replication.listen();
  if (!listening.ok()) return listening.error();
  net::spawn(world_.context(number).get_executor(), life_->run());
  net::spawn(world_.context(number).get_executor(), life_->apply());
  return success();
}

void TestReplica::end() {
  if (!life_) return;
  world_.end_life(life_->number);   // the coroutines first: they refer to the rest
  life_.reset();
}

void TestReplica::kill() {
  end();
  disk_->kill();
}

void TestReplica::crash() {
  end();
  disk_->crash(random_);
}

bool TestReplica::said(const std::string& part) const {
  return std::ranges::any_of(lines_, [&](const auto& line) { return line.find(part) != std::string::npos; });
}

void TestReplica::submit(std::string command) {
  net::spawn(world_.context(life_->number).get_executor(), life_->submit(std::move(command)));
}

void TestReplica::read() { net::spawn(world_.context(life_->number).get_executor(), life_->read()); }

void TestReplica::leave() { net::spawn(world_.context(life_->number).get_executor(), life_->leave()); }

void TestReplica::administer(wire::MemberRequest request) {
  net::spawn(world_.context(life_->number).get_executor(), life_->administer(std::move(request)));
}

// -- several --------------------------------------------------------------------------------------------------

TestCluster::TestCluster(std::size_t nodes, std::uint64_t seed) : world_(seed), fabric_(world_, sim::FabricOptions()) {
  for (std::uint32_t id = 1; id <= nodes; ++id) {
    nodes_.push_back(std::make_unique<TestReplica>(world_, fabric_, NodeId(id), test_config(nodes)));
  }
}

void TestCluster::start_all() {
  for (const auto& node : nodes_) {
    if (node->running()) continue;
    const auto started = node->start();
    ASSERT_TRUE(started.ok()) << started.error().message;
  }
}

TestReplica* TestCluster::leader() {
  std::map<NodeId, std::size_t> named;
  for (const auto& node : nodes_) {
    if (!node->running()) continue;
    if (const auto known = node->replication().leader().leader) ++named[*known];
  }
  for (const auto& [id, count] : named) {
    TestReplica& candidate = node(id.value);
    if (!candidate.running()) continue;
    const auto status = candidate.replication().status();
    if (status.role != raft::Role::leader || !status.configuration) continue;
    // Of two voters the other one may be dead: it leads on, and may shrink (R2).
    if (count >= status.configuration->quorum() || status.configuration->voters() == 2) return &candidate;
  }
  return nullptr;
}

TestReplica* TestCluster::wait_for_leader(Duration at_most) {
  const auto all_know = [this] {
    const auto* leading = leader();
    return leading != nullptr && std::ranges::all_of(nodes_, [&](const auto& node) {
      return !node->running() || node->replication().leader().leader == leading->id();
    });
  };
  return wait(all_know, at_most) ? leader() : nullptr;
}

TestReplica& TestCluster::follower() {
  const auto* leading = leader();
  for (const auto& node : nodes_) {
    if (node->running() && node.get() != leading) return *node;
  }
  return *nodes_.front();
}

std::string TestCluster::story() const {
  std::string text;
  for (const auto& node : nodes_) {
    for (const auto& line : node->lines()) text += "node " + std::to_string(node->id().value) + " " + line + "\n";
  }
  return text;
}

bool TestCluster::votes(std::uint32_t number) {
  auto* const leading = leader();
  if (leading == nullptr) return false;
  const auto configuration = leading->replication().status().configuration;
  const auto* member = configuration->find(NodeId(number));
  return member != nullptr && member->voter;
}

std::size_t TestCluster::voters() {
  auto* const leading = leader();
  return leading == nullptr ? 0 : leading->replication().status().configuration->voters();
}

bool TestCluster::leads_with_its_time() {
  auto* const leading = leader();
  return leading != nullptr && leading->replication().status().clock_median;
}

bool TestCluster::wait_until_all_applied(const std::string& command) {
  return wait([&] {
    return std::ranges::all_of(nodes_, [&](const auto& node) {
      return !node->running() || std::ranges::any_of(node->applied(), [&](const auto& entry) {
               return entry.second == command;
             });
    });
  });
}

}  // namespace parley::node
