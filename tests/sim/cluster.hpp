#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "node/config.hpp"
#include "node/node.hpp"
#include "sim/seams.hpp"
#include "sim/sim_network.hpp"
#include "sim/world.hpp"
#include "store/memory_disk.hpp"

namespace parley::sim {

// The production node on a simulated machine, which keeps its disk when the node's life ends.
class SimNode {
 public:
  SimNode(World& world, Fabric& fabric, NodeId id, node::ClusterConfig config);
  ~SimNode();

  void start();                 // throws std::runtime_error with the node's words if it can't be opened
  void crash();                 // power cut: what the disk had not synced is lost, or some of it
  void kill();                  // SIGKILL: what was written stays
  bool running() const { return parts_ != nullptr; }
  node::Node& node();
  store::MemoryDisk& disk() { return disk_; }
  NodeId id() const { return id_; }

 private:
  struct Parts;
  void end();

  World& world_;
  Fabric& fabric_;
  NodeId id_;
  node::ClusterConfig config_;
  store::MemoryDisk disk_;
  Random random_;
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

// Three or five of them, with the configuration that `parley up` would write, on a fabric of their own.
class SimCluster {
 public:
  SimCluster(std::uint64_t seed, std::size_t nodes);
  ~SimCluster();

  World& world() { return world_; }
  Fabric& fabric() { return fabric_; }
  SimNode& node(std::size_t number) { return *nodes_.at(number - 1); }   // from 1
  std::size_t size() const { return nodes_.size(); }
  SimClient& add_client(std::string name);
  std::vector<std::string> servers() const;

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
