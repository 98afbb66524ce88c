#include "sim/cluster.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "net/spawn.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

const std::map<net::Lane, LaneDelay> lane_delays = {
    {net::Lane::log, {200us, 3ms}},   {net::Lane::archive, {300us, 5ms}},   {net::Lane::pages, {50us, 500us}},
    {net::Lane::search, {100us, 2ms}}, {net::Lane::password, {20ms, 60ms}},
};

constexpr Host client_hosts_begin = 100;

std::string address(NodeId node, int port) {
  return "10.0.0." + std::to_string(node.value) + ":" + std::to_string(port);
}

node::ClusterConfig configuration(std::size_t nodes) {
  node::ClusterConfig config;
  config.allow_plaintext = true;
  for (std::uint32_t id = 1; id <= nodes; ++id) {
    node::NodeConfig node;
    node.id = NodeId(id);
    node.peer.listen = node.peer.advertise = address(NodeId(id), 7101);
    node.client.listen = node.client.advertise = address(NodeId(id), 7201);
    node.data = "node-" + std::to_string(id);
    config.nodes.push_back(std::move(node));
  }
  return config;
}

}  // namespace

// One life of the node and the seams it was given; torn down in the order that end() says.
struct SimNode::Parts {
  Parts(World& w, Fabric& fabric, SimNode& owner)
      : world(w),
        life(w.begin_life("node " + std::to_string(owner.id_.value))),
        clock(w, life, milliseconds(static_cast<std::int64_t>(owner.random_.below(200)))),
        network(w, fabric, life, owner.id_.value),
        workers(w, life, lane_delays),
        entropy(owner.random_.next()),
        logger(node::make_sink_logger([this](node::LogLevel level, std::string_view event, std::string_view text) {
          if (level != node::LogLevel::debug) {
            world.trace(world.name(life) + " says " + std::string(event) + ": " + std::string(text));
          }
        })) {}

  node::Seams seams(store::Disk& disk) {
    return node::Seams{world.context(life).get_executor(), clock, network, workers, entropy, hasher, disk, *logger};
  }

  World& world;
  Life life;
  SimClock clock;
  SimNetwork network;
  SimWorkers workers;
  SimEntropy entropy;
  SimHasher hasher;
  std::unique_ptr<node::Logger> logger;
  std::unique_ptr<node::Node> node;
};

SimNode::SimNode(World& world, Fabric& fabric, NodeId id, node::ClusterConfig config)
    : world_(world), fabric_(fabric), id_(id), config_(std::move(config)), random_(world.random().fork()) {}

SimNode::~SimNode() { end(); }

node::Node& SimNode::node() { return *parts_->node; }

void SimNode::start() {
  PARLEY_ASSERT(!running(), "a node is started when it doesn't run");
  parts_ = std::make_unique<Parts>(world_, fabric_, *this);
  world_.trace(world_.name(parts_->life) + " starts");
  auto opened = node::Node::open(parts_->seams(disk_), config_, id_, node::make_machine);
  if (!opened.ok()) {
    end();
    throw std::runtime_error("node " + std::to_string(id_.value) + ": " + opened.error().message);
  }
  parts_->node = std::move(*opened);
  net::spawn(world_.context(parts_->life).get_executor(), parts_->node->run());
}

void SimNode::end() {
  if (!parts_) return;
  world_.end_life(parts_->life);   // the coroutines first: they refer to the node
  parts_->node.reset();
  parts_.reset();
}

void SimNode::crash() {
  world_.trace("node " + std::to_string(id_.value) + " crashes");
  end();
  disk_.crash(random_);
}

void SimNode::kill() {
  world_.trace("node " + std::to_string(id_.value) + " is killed");
  end();
  disk_.kill();
}

// -- the client --------------------------------------------------------------------------------------------------

struct SimClient::Parts {
  Parts(World& world, Fabric& fabric, Life life, Host host)
      : clock(world, life, milliseconds(0)), network(world, fabric, life, host), entropy(world.random().next()) {}
  SimClock clock;
  SimNetwork network;
  SimEntropy entropy;
  std::unique_ptr<cli::Client> client;
};

SimClient::SimClient(World& world, Fabric& fabric, Host host, std::string name, std::vector<std::string> servers)
    : world_(world), name_(std::move(name)), life_(world.begin_life(name_)) {
  parts_ = std::make_unique<Parts>(world, fabric, life_, host);
  const cli::ClientSeams seams{world.context(life_).get_executor(), parts_->clock, parts_->network, parts_->entropy};
  parts_->client = std::make_unique<cli::Client>(seams, std::move(servers), cli::ClientOptions(), *this);
}

SimClient::~SimClient() { world_.end_life(life_); }

cli::Client& SimClient::client() { return *parts_->client; }

void SimClient::begin(std::string room, Duration pace) {
  net::spawn(world_.context(life_).get_executor(), client().run());
  net::spawn(world_.context(life_).get_executor(), live(std::move(room), pace));
}

awaitable<void> SimClient::request(std::string method, cli::json::object params) {
  const auto outcome = co_await client().submit(method, std::move(params));
  world_.trace(name_ + " " + method + ": " + (outcome.done() ? "done" : outcome.reason));
}

awaitable<void> SimClient::live(std::string room, Duration pace) {
  cli::json::object account;
  account["name"] = name_;
  account["password"] = "a simulated password";
  co_await request("account.register", std::move(account));
  const auto login = co_await client().login(name_, "a simulated password");
  world_.trace(name_ + " login: " + (login.done() ? "done" : login.reason));
  cli::json::object create;
  create["room"] = room;
  co_await request("room.create", std::move(create));
  cli::json::object join;
  join["room"] = room;
  co_await request("room.join", std::move(join));
  arrived_ = true;
  SimAlarm alarm(world_, life_);
  while (!finished_) {
    send(room);
    const TimePoint next = world_.now() + pace;
    while (world_.now() < next) co_await alarm.wait_until(next);
  }
}

void SimClient::send(const std::string& room) {
  const std::string text = name_ + " " + std::to_string(++sent_);
  cli::json::object params;
  params["to"] = room;
  params["text"] = text;
  client().submit_then("send", std::move(params), [this, text](const cli::Outcome& outcome) {
    ++settled_;
    world_.trace(text + ": " + (outcome.done() ? "acknowledged" : outcome.reason));
    if (outcome.done()) acknowledged_.push_back(text);
  });
}

void SimClient::on_message(const cli::Message& message) {
  world_.trace(name_ + " is told " + std::to_string(message.number) + " " + message.text);
  received_.push_back(message);
}

void SimClient::on_leader(const cli::LeaderState& leader) {
  world_.trace(name_ + " is told that node " + std::to_string(leader.node) + " leads");
}

// -- the cluster -------------------------------------------------------------------------------------------------

SimCluster::SimCluster(std::uint64_t seed, std::size_t nodes) : world_(seed), fabric_(world_, FabricOptions()) {
  const auto config = configuration(nodes);
  for (const auto& node : config.nodes) {
    nodes_.push_back(std::make_unique<SimNode>(world_, fabric_, node.id, config));
    nodes_.back()->start();
  }
}

SimCluster::~SimCluster() {
  clients_.clear();
  nodes_.clear();
}

std::vector<std::string> SimCluster::servers() const {
  std::vector<std::string> addresses;
  for (const auto& node : nodes_) addresses.push_back(address(node->id(), 7201));
  return addresses;
}

SimClient& SimCluster::add_client(std::string name) {
  const Host host = client_hosts_begin + static_cast<Host>(clients_.size());
  clients_.push_back(std::make_unique<SimClient>(world_, fabric_, host, std::move(name), servers()));
  return *clients_.back();
}

SimNode* SimCluster::leader() {
  SimNode* found = nullptr;
  Term highest;
  for (const auto& node : nodes_) {
    if (!node->running()) continue;
    const auto status = node->node().replication().status();
    if (status.role != raft::Role::leader || status.term < highest) continue;
    found = node.get();
    highest = status.term;
  }
  return found;
}

bool SimCluster::run_until_leader(Duration at_most) {
  return world_.run_until([this] { return leader() != nullptr; }, at_most);
}

bool SimCluster::run_until_equal(Duration at_most) {
  const auto equal = [this] {
    Index least(~0ULL), most;
    for (const auto& node : nodes_) {
      if (!node->running()) continue;
      const auto status = node->node().replication().status();
      least = std::min(least, status.applied_index);
      most = std::max(most, status.last_index);
    }
    return least == most;
  };
  return world_.run_until(equal, at_most);
}

}  // namespace parley::sim
