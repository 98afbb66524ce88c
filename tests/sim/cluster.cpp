#include "sim/cluster.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "net/spawn.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

const LaneDelays lane_delays = {
    {net::Lane::log, {200us, 3ms}},   {net::Lane::archive, {300us, 5ms}},   {net::Lane::pages, {50us, 500us}},
    {net::Lane::search, {100us, 2ms}}, {net::Lane::password, {20ms, 60ms}},
};

constexpr Host client_hosts_begin = 200;

std::string words_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

node::ClusterConfig configuration(const ClusterOptions& options) {
  node::ClusterConfig config;
  config.allow_plaintext = true;
  config.log_segment_bytes = options.log_segment_bytes;
  config.log_keep_entries = options.log_keep_entries;
  config.checkpoint_interval = options.checkpoint_interval;
  config.scrub_interval = options.scrub_interval;
  config.snapshot_rate_mb = options.snapshot_rate_mb;
  config.heartbeat_interval = options.heartbeat_interval;
  config.election_timeout = options.election_timeout;
  for (std::uint32_t id = 1; id <= options.nodes; ++id) {
    node::NodeConfig node;
    node.id = NodeId(id);
    node.peer.listen = node.peer.advertise = address_of(NodeId(id), peer_port);
    node.client.listen = node.client.advertise = address_of(NodeId(id), client_port);
    node.data = "node-" + std::to_string(id);
    config.nodes.push_back(std::move(node));
  }
  return config;
}

}  // namespace

std::string address_of(NodeId node, int port, int name) {
  return "10.0." + std::to_string(name) + "." + std::to_string(node.value) + ":" + std::to_string(port);
}

// One life of the node and the seams it was given; torn down in the order that end() says.
struct SimNode::Parts {
  Parts(World& w, Fabric& fabric, SimNode& owner)
      : world(w),
        life(w.begin_life("node " + std::to_string(owner.id_.value))),
        clock(w, life, owner.clock_),
        network(w, fabric, life, owner.id_.value, &owner.clock_),
        workers(w, life, owner.delays_),
        entropy(owner.random_.next()),
        logger(node::make_sink_logger([this](node::LogLevel level, std::string_view event, std::string_view text) {
          if (level != node::LogLevel::debug) {
            world.trace(world.name(life) + " says " + std::string(event) + ": " + std::string(text));
          }
        })) {
    // A node may get over a disk that fails in the middle of a copy; no machine gets over the loss of its power.
    workers.look_after_each([&disk = owner.disk_] { disk.expect_power(); });
  }

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
    : world_(world),
      fabric_(fabric),
      id_(id),
      config_(std::move(config)),
      random_(world.random().fork()),
      clock_(world),
      delays_(lane_delays) {
  // Most machines have an archive that is somewhat behind: more is merged from memory, more is replayed after a crash.
  if (random_.chance(0.7)) delays_[net::Lane::archive] = {20ms, 200ms};
  store::VfsHooks hooks;
  hooks.randomness = [random = random_.fork()](char* bytes, std::size_t size) mutable {
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(random.next());
  };
  hooks.now_ms = [this] { return clock_.wall_now().ms; };
  hooks.sleep = [](std::int64_t) { PARLEY_ASSERT(false, "SQLite never waits: no busy handler is set"); };
  vfs_ = store::Vfs::on(disk_, std::move(hooks));
  clock_.set_start(std::chrono::seconds(random_.between(10, 1'000'000)));
  clock_.set_wall_offset(milliseconds(static_cast<std::int64_t>(random_.below(200))));
}

SimNode::~SimNode() { end(); }

node::Node& SimNode::node() { return *parts_->node; }

bool SimNode::paused() const { return parts_ && world_.paused(parts_->life); }

void SimNode::start() {
  if (const auto refused = try_start()) {
    throw std::runtime_error("node " + std::to_string(id_.value) + ": " + *refused);
  }
}

std::optional<std::string> SimNode::try_start() {
  PARLEY_ASSERT(!running(), "a node is started when it doesn't run");
  fabric_.power_on(host());
  last_words_.clear();
  parts_ = std::make_unique<Parts>(world_, fabric_, *this);
  world_.trace(world_.name(parts_->life) + " starts");
  auto refused = open();
  if (!refused) {
    if (observer_ != nullptr) observer_->node_started(*this);
    return std::nullopt;
  }
  world_.trace(world_.name(parts_->life) + " doesn't start: " + *refused);
  end();
  if (std::exchange(power_fails_, false)) disk_.crash(random_);
  else disk_.kill();
  last_words_ = *refused;
  return refused;
}

std::optional<std::string> SimNode::open() {
  try {
    auto opened = node::Node::open(parts_->seams(disk_), config_, id_, node::make_machine);
    if (!opened.ok()) return opened.error().message;
    parts_->node = std::move(*opened);
  } catch (const std::exception& error) {
    return error.what();
  }
  world_.on_failure(parts_->life, [this](std::exception_ptr failure) { failed(std::move(failure)); });
  net::spawn(world_.context(parts_->life).get_executor(), run_to_end(parts_->life));
  return std::nullopt;
}

awaitable<void> SimNode::run_to_end(Life life) {
  co_await parts_->node->run();
  world_.schedule(world_.now(), [this, life] {
    if (!parts_ || parts_->life != life) return;
    if (observer_ != nullptr) observer_->node_ending(*this);
    world_.trace("node " + std::to_string(id_.value) + " has stopped");
    end();
    disk_.kill();
    last_words_ = "stopped as it was asked to";
  });
}

void SimNode::end() {
  if (!parts_) return;
  world_.end_life(parts_->life);   // the coroutines first: they refer to the node
  parts_->node.reset();
  parts_.reset();
  static_cast<void>(store::Vfs::take_failure());   // what SQLite met while it closed belongs to this life alone
}

void SimNode::crash() {
  world_.trace("node " + std::to_string(id_.value) + " loses its power");
  if (parts_ && observer_ != nullptr) observer_->node_ending(*this);
  fabric_.power_off(host());
  if (parts_) {
    parts_->workers.interrupt([this] {   // few changes more often than many
      disk_.stop_after(random_.below(std::uint64_t{1} << random_.below(7)), random_.below(8) * store::sector_size);
    });
  }
  end();
  power_fails_ = false;
  disk_.crash(random_);
}

void SimNode::kill() {
  world_.trace("node " + std::to_string(id_.value) + " is killed");
  if (parts_ && observer_ != nullptr) observer_->node_ending(*this);
  end();
  disk_.kill();
  if (std::exchange(power_fails_, false)) disk_.crash(random_);
}

void SimNode::spawn(awaitable<void> task) {
  net::spawn(world_.context(parts_->life).get_executor(), std::move(task));
}

void SimNode::ask_to_stop() {
  if (!parts_) return;
  world_.trace("node " + std::to_string(id_.value) + " is asked to stop");
  static_cast<void>(world_.context(parts_->life));   // stop() rings alarms: the life has something to run
  parts_->node->stop();
}

void SimNode::pause() {
  if (parts_) world_.pause(parts_->life);
}

void SimNode::resume() {
  if (parts_) world_.resume(parts_->life);
}

void SimNode::lose_power_after(std::uint64_t changes, std::uint64_t bytes) {
  power_fails_ = true;
  disk_.stop_after(changes, bytes);
}

void SimNode::forgive() {
  power_fails_ = disk_.forgive();   // the power may have failed already, unnoticed by the node
}

void SimNode::stall(net::Lane lane, Duration lasts) {
  if (parts_) parts_->workers.stall(lane, world_.now() + lasts);
}

// An exception left a loop of the node: its process ends; with the power, if that is what it died of.
void SimNode::failed(std::exception_ptr failure) {
  const std::string words = words_of(failure);
  failure = nullptr;
  world_.trace("node " + std::to_string(id_.value) + " ends: " + words);
  if (observer_ != nullptr) observer_->node_ending(*this);
  const bool power = std::exchange(power_fails_, false);
  if (power) fabric_.power_off(host());
  end();
  if (power) disk_.crash(random_);
  else disk_.kill();
  last_words_ = words;
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

SimCluster::SimCluster(std::uint64_t seed, const ClusterOptions& options)
    : world_(seed), fabric_(world_, options.fabric) {
  store::seed_sqlite_for_simulation(static_cast<std::uint32_t>(seed * 2 + 1));   // 0 would mean: not seeded
  const auto config = configuration(options);
  for (const auto& node : config.nodes) {
    nodes_.push_back(std::make_unique<SimNode>(world_, fabric_, node.id, config));
    nodes_.back()->start();
  }
}

void SimCluster::observe(LifeObserver* observer) {
  for (const auto& node : nodes_) {
    node->observe(observer);
    if (observer != nullptr && node->running()) observer->node_started(*node);
  }
}

SimCluster::~SimCluster() {
  clients_.clear();
  nodes_.clear();
}

std::vector<std::string> SimCluster::servers() const {
  std::vector<std::string> addresses;
  for (const auto& node : nodes_) addresses.push_back(address_of(node->id(), client_port));
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
