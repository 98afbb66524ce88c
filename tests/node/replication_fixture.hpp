#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/spawn.hpp"
#include "node/data_directory.hpp"
#include "node/replication_node.hpp"
#include "sim/seams.hpp"
#include "sim/sim_network.hpp"
#include "sim/world.hpp"
#include "store/memory_disk.hpp"

namespace parley::node {

// The consensus side of one node in virtual time, with a state machine that only writes down what it is given.
class TestReplica {
 public:
  TestReplica(sim::World& world, sim::Fabric& fabric, NodeId id, ClusterConfig config)
      : world_(world), fabric_(fabric), id_(id), config_(std::move(config)), random_(world.random().fork()) {}
  ~TestReplica() { end(); }

  // Opens the data directory and runs; the error is what a person would read.
  Result<Nothing> start();
  void kill();          // SIGKILL: what was written stays
  void crash();         // power cut: what was not synced is lost
  void stop() { life_->replication.stop(); }
  void leave();         // SIGTERM: a planned stop; ended() soon after

  bool running() const { return life_ != nullptr; }
  bool ended() const { return life_ && life_->ended; }
  ReplicationNode& replication() { return life_->replication; }
  store::MemoryDisk& disk() { return *disk_; }
  ClusterConfig& config() { return config_; }
  NodeId id() const { return id_; }
  void wipe() { disk_ = std::make_unique<store::MemoryDisk>(); }
  void put_back(std::unique_ptr<store::MemoryDisk> earlier) { disk_ = std::move(earlier); }   // as it was; not running
  bool rolled_back() const { return life_ && life_->rolled_back; }   // and it has seen that itself

  // Commands applied in this life, by the id of their entry, and the lines that were logged in all lives.
  const std::map<raft::EntryId, std::string>& applied() const { return life_->applied; }
  const std::vector<std::string>& lines() const { return lines_; }
  bool said(const std::string& part) const;

  // Submits without waiting; the outcome appears here.
  void submit(std::string command);
  const std::vector<Submitted>& outcomes() const { return life_->outcomes; }
  void read();
  void administer(wire::MemberRequest request);
  const std::vector<wire::MemberReply>& replies() const { return life_->replies; }
  std::size_t min_voters = 1;   // as the replicated setting says
  const std::vector<std::optional<Index>>& reads() const { return life_->reads; }

 private:
  struct Life {
    Life(TestReplica& owner, sim::Life number, DataDirectory opened);
    TestReplica& owner;
    sim::Life number;
    sim::SimClock clock;
    sim::SimNetwork network;
    sim::SimWorkers workers;
    sim::SimEntropy entropy;
    sim::SimHasher hasher;
    DataDirectory directory;
    ReplicationNode replication;
    std::map<raft::EntryId, std::string> applied;
    std::vector<Submitted> outcomes;
    std::vector<std::optional<Index>> reads;
    std::vector<wire::MemberReply> replies;
    bool ended = false;
    bool rolled_back = false;

    Seams seams();
    ReplicationParts parts();
    net::awaitable<void> run();
    net::awaitable<void> apply();
    net::awaitable<void> submit(std::string command);
    net::awaitable<void> read();
    net::awaitable<void> leave();
    net::awaitable<void> administer(wire::MemberRequest request);
  };
  void end();

  sim::World& world_;
  sim::Fabric& fabric_;
  NodeId id_;
  ClusterConfig config_;
  Random random_;
  std::unique_ptr<store::MemoryDisk> disk_ = std::make_unique<store::MemoryDisk>();
  std::unique_ptr<Logger> logger_ = make_sink_logger([this](LogLevel, std::string_view event, std::string_view text) {
    lines_.push_back(std::string(event) + ": " + std::string(text));
  });
  std::vector<std::string> lines_;
  std::unique_ptr<Life> life_;
};

// Some of them, numbered from 1, with everything a test asks of all.
class TestCluster {
 public:
  explicit TestCluster(std::size_t nodes, std::uint64_t seed = 1);

  sim::World& world() { return world_; }
  sim::Fabric& fabric() { return fabric_; }
  TestReplica& node(std::uint32_t number) { return *nodes_.at(number - 1); }
  std::size_t size() const { return nodes_.size(); }
  void start_all();

  TestReplica* leader();                                      // which as many nodes as it needs know
  bool leads_with_its_time();                                 // log time has begun: it takes commands (R14)
  TestReplica* wait_for_leader(Duration at_most = std::chrono::seconds(10));   // whom all running nodes know
  TestReplica& follower();                                    // some running node that doesn't lead
  std::string story() const;   // what all nodes have logged, for a failure's message
  // By the leader's configuration.
  bool votes(std::uint32_t number);
  std::size_t voters();
  bool wait_until_all_applied(const std::string& command);    // on every running node
  bool wait(const std::function<bool()>& condition, Duration at_most = std::chrono::seconds(10)) {
    return world_.run_until(condition, at_most);
  }

 private:
  sim::World world_;
  sim::Fabric fabric_;
  std::vector<std::unique_ptr<TestReplica>> nodes_;
};

ClusterConfig test_config(std::size_t nodes);

}  // namespace parley::node
