#include "cli/node_command.hpp"

#include <exception>
#include <optional>
#include <string>

#include "cli/complaint.hpp"
#include "cli/node_process.hpp"
#include "cli/service_manager.hpp"
#include "cli/space_wait.hpp"
#include "node/cluster_certificates.hpp"
#include "node/cluster_key.hpp"

namespace parley::cli {
namespace {

int complain(const std::string& message, int code) { return cli::complain("node", message, code); }

std::string known_ids(const node::ClusterConfig& config) {
  std::string ids;
  for (const auto& node : config.nodes) ids += (ids.empty() ? "" : ", ") + std::to_string(node.id.value);
  return ids;
}

// One life after the other, as long as what ends them is a full disk. Each is as after a crash: the data directory is
// read afresh. The exit code.
int live(const node::ClusterConfig& config, const node::NodeConfig& self, const net::PeerSecurity& security,
         node::ClusterCertificates* certificates, node::Logger& logger) {
  const ServiceManager manager = ServiceManager::from_environment();
  SpaceWait space(self.data, config.disk_free_min_bytes(), logger, manager);
  for (;;) {
    const auto began = SpaceWait::Clock::now();
    std::string full;
    try {
      NodeProcess process(config, self, security, certificates, logger, manager);
      return process.run();
    } catch (const store::DiskError& failure) {
      if (!failure.is_full()) {
        logger.error("not_started", failure.what() + advice(failure));
        return exit_failed;
      }
      full = failure.what();
    }
    if (!space.wait(full, began)) return 0;
  }
}

}  // namespace

int node_command(const NodeOptions& options) {
  const auto level = node::parse_log_level(options.log_level);
  if (!level.ok()) return complain(level.error().message, exit_wrong);
  const auto format = node::parse_log_format(options.log_format);
  if (!format.ok()) return complain(format.error().message, exit_wrong);
  auto config = node::load_cluster_config(options.config_file);
  if (!config.ok()) return complain(config.error().message, exit_wrong);
  const node::NodeConfig* found = config->find(NodeId(options.id));
  if (found == nullptr) {
    return complain("there is no node " + std::to_string(options.id) + " in " + options.config_file +
                        "; it has: " + known_ids(*config),
                    exit_wrong);
  }
  const node::NodeConfig self = *found;
  const auto logger = node::make_stderr_logger(self.id, *level, *format);
  try {
    auto security = node::load_peer_security(config->cluster_key_file, logger.get());
    if (!security.ok()) return complain(security.error().message, exit_wrong);
    std::optional<node::ClusterCertificates> certificates;
    if (config->cluster_certificates.given()) {
      auto loaded = node::ClusterCertificates::load(config->cluster_certificates, self.id);
      if (!loaded.ok()) return complain(loaded.error().message, exit_wrong);
      certificates = std::move(*loaded);
    }
    return live(*config, self, *security, certificates ? &*certificates : nullptr, *logger);
  } catch (const std::exception& failure) {
    logger->error("not_started", failure.what());
    return exit_failed;
  }
}

}  // namespace parley::cli
