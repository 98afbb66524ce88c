#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "node/config.hpp"
#include "node/node.hpp"
#include "sim/seams.hpp"
#include "sim/sim_network.hpp"
#include "sim/world.hpp"
#include "store/memory_disk.hpp"
#include "store/vfs.hpp"

namespace parley::sim {

class SimNode;

// Where a node listens. Its machine has two names: 10.0.0.N and 10.0.1.N.
inline constexpr int peer_port = 7101;
inline constexpr int client_port = 7201;
std::string address_of(NodeId node, int port, int name = 0);

// Told of the beginnings and ends of nodes' lives: the judges'.
class LifeObserver {
 public:
  virtual ~LifeObserver() = default;
  virtual void node_started(SimNode& node) = 0;
  virtual void node_ending(SimNode& node) = 0;   // it still can be looked at
};

// The production node on a simulated machine, which keeps its disk and its clocks when the node's life ends.
class SimNode {
 public:
  SimNode(World& world, Fabric& fabric, NodeId id, node::ClusterConfig config);
  ~SimNode();

  void start();                                // throws std::runtime_error with the node's words if it can't be opened
  std::optional<std::string> try_start();      // the node's words if it can't be opened; nullopt: it runs
  void crash();  // power cut: what the disk had not synced is lost, or some of it; the others hear nothing
  void kill();                  // SIGKILL: what was written stays, the kernel ends the connections
  void ask_to_stop();           // SIGTERM; the life ends when run() returns
  void pause();                 // SIGSTOP
  void resume();                // SIGCONT

  // The power goes at the disk operation after `changes` more (MemoryDisk::stop_after): the node fails in its middle
  // and the machine is then as after crash().
  void lose_power_after(std::uint64_t changes, std::uint64_t bytes);

  void forgive();   // what was to fail, won't
  void spawn(awaitable<void> task);   // in this life: something that its outside asks of it

  bool running() const { return parts_ != nullptr; }
  bool paused() const;
  const std::string& last_words() const { return last_words_; }   // with which the latest life ended by itself; else ""
  node::Node& node();
  store::MemoryDisk& disk() { return disk_; }
  MachineClock& clock() { return clock_; }
  LaneDelays& delays() { return delays_; }                       // of the next life
  void stall(net::Lane lane, Duration lasts);
  NodeId id() const { return id_; }
  Host host() const { return id_.value; }
  void observe(LifeObserver* observer) { observer_ = observer; }

 private:
  struct Parts;
  std::optional<std::string> open();
  void end();
  void failed(std::exception_ptr failure);
  awaitable<void> run_to_end(Life life);

  World& world_;
  Fabric& fabric_;
  NodeId id_;
  node::ClusterConfig config_;
  store::MemoryDisk disk_;
  Random random_;
  std::shared_ptr<store::Vfs> vfs_;   // with the simulator's hooks; connections find it by the disk
  MachineClock clock_;
  LaneDelays delays_;
  LifeObserver* observer_ = nullptr;
  bool power_fails_ = false;          // lose_power_after() waits
  std::string last_words_;
  std::unique_ptr<Parts> parts_;
};

// Somebody with the production client on a machine of their own. Every outcome and every message told goes into the
// world's trace.
class SimClient final : public cli::Observer {
 public:
  SimClient(World& world, Fabric& fabric, Host host, std::string name, std::vector<std::string> servers);
  ~SimClient() override;

  // Registers, logs in, makes or joins the room; then sends numbered messages there, one every `pace`, until the end.
  void begin(std::string room, Duration pace);
  void finish() { finished_ = true; }
  cli::Client& client();

  const std::vector<std::string>& acknowledged() const { return acknowledged_; }
  const std::vector<cli::Message>& received() const { return received_; }
  std::size_t under_way() const { return sent_ - settled_; }
  bool arrived() const { return arrived_; }

 private:
  struct Parts;
  void on_message(const cli::Message& message) override;
  void on_leader(const cli::LeaderState& leader) override;
  awaitable<void> live(std::string room, Duration pace);
  awaitable<void> request(std::string method, cli::json::object params);
  void send(const std::string& room);

  World& world_;
  std::string name_;
  Life life_;
  std::unique_ptr<Parts> parts_;
  std::uint64_t sent_ = 0;
  std::uint64_t settled_ = 0;
  bool arrived_ = false;
  bool finished_ = false;
  std::vector<std::string> acknowledged_;
  std::vector<cli::Message> received_;
};

struct ClusterOptions {
  std::size_t nodes = 3;
  std::uint64_t log_segment_bytes = 64 * 1024;   // so that segments rotate
  milliseconds heartbeat_interval{50};
  milliseconds election_timeout{300};
  std::uint64_t log_keep_entries = 20'000;       // small: who was away needs a snapshot
  milliseconds checkpoint_interval{30'000};
  milliseconds scrub_interval{15'000};
  std::uint64_t snapshot_rate_mb = 1;            // slow enough to be interrupted
  FabricOptions fabric;

  static ClusterOptions of(std::size_t nodes) {
    ClusterOptions options;
    options.nodes = nodes;
    return options;
  }
};

// Three or five of them, with the configuration that `parley up` would write, on a fabric of their own.
class SimCluster {
 public:
  SimCluster(std::uint64_t seed, std::size_t nodes) : SimCluster(seed, ClusterOptions::of(nodes)) {}
  SimCluster(std::uint64_t seed, const ClusterOptions& options);   // all nodes are started
  ~SimCluster();

  World& world() { return world_; }
  Fabric& fabric() { return fabric_; }
  SimNode& node(std::size_t number) { return *nodes_.at(number - 1); }   // from 1
  std::size_t size() const { return nodes_.size(); }
  SimClient& add_client(std::string name);
  std::vector<std::string> servers() const;

  void observe(LifeObserver* observer);            // told from now on, first of the lives that have begun
  SimNode* leader();                               // of the highest term among the running; null: none
  bool run_until_leader(Duration at_most);
  bool run_until_equal(Duration at_most);          // all running nodes have applied the same index, and no less

 private:
  World world_;
  Fabric fabric_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::unique_ptr<SimClient>> clients_;
};

}  // namespace parley::sim
