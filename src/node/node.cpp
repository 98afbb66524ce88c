#include "node/node.hpp"

#include <utility>

#include "node/data_directory.hpp"
#include "node/driver_tasks.hpp"
#include "node/replication_node.hpp"

namespace parley::node {
namespace {

class RealNode final : public Node {
 public:
  RealNode(Seams seams, DataDirectory directory, std::unique_ptr<Machine> machine, ReplicationParts parts)
      : directory_(std::move(directory)),
        machine_(std::move(machine)),
        replication_(seams, std::move(parts)),
        tasks_(seams.executor, seams.clock) {}

  Result<Nothing> listen() {
    auto peers = replication_.listen();
    if (!peers.ok()) return peers;
    return machine_->listen();
  }

  net::awaitable<void> run() override {
    tasks_.spawn(replication_.run());
    tasks_.spawn(machine_->run(replication_));
    co_await tasks_.join();
  }

  void stop() override {
    machine_->stop();   // first, so that sessions are told before their last links go
    replication_.stop();
  }

  Replication& replication() override { return replication_; }
  Machine& machine() override { return *machine_; }

 private:
  DataDirectory directory_;   // its lock goes last
  std::unique_ptr<Machine> machine_;
  ReplicationNode replication_;
  TaskGroup tasks_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::open(Seams seams, ClusterConfig config, NodeId id, MachineFactory make_machine) {
  const NodeConfig* self = config.find(id);
  if (self == nullptr) {
    return Error{"node " + std::to_string(id.value) + " is not in the configuration"};
  }
  store::LogOptions log_options;
  log_options.segment_bytes = config.log_segment_bytes;
  auto directory = open_data_directory(seams.disk, id, seams.entropy, log_options);
  if (!directory.ok()) return directory.error();
  for (const auto& note : directory->notes) seams.logger.info("opened", note);

  ReplicationParts parts;
  parts.self = *self;
  parts.identity = directory->identity;
  parts.log = directory->log.get();
  parts.durable = std::move(directory->durable);
  parts.archived = directory->archive.position;
  auto machine = make_machine(seams, config, *self, std::move(directory->archive));
  if (!machine.ok()) return machine.error();
  parts.config = std::move(config);

  auto node = std::make_unique<RealNode>(seams, std::move(*directory), std::move(*machine), std::move(parts));
  const auto listening = node->listen();
  if (!listening.ok()) return listening.error();
  return std::unique_ptr<Node>(std::move(node));
}

}  // namespace parley::node
