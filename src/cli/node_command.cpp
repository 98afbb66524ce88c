#include "cli/node_command.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "cli/complaint.hpp"
#include "cli/service_manager.hpp"
#include "net/argon2_hasher.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"
#include "net/worker_threads.hpp"
#include "node/cluster_key.hpp"
#include "node/node.hpp"
#include "node/status.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {
namespace {

namespace asio = boost::asio;

constexpr auto readiness_interval = std::chrono::milliseconds(100);
constexpr auto stop_patience = std::chrono::seconds(10);   // then the process ends as in a crash, which harms nothing

int complain(const std::string& message, int code) { return cli::complain("node", message, code); }

std::string known_ids(const node::ClusterConfig& config) {
  std::string ids;
  for (const auto& node : config.nodes) ids += (ids.empty() ? "" : ", ") + std::to_string(node.id.value);
  return ids;
}

// The seams of a real node and the node on them. The io_context comes first: all that waits in it refers to the rest.
class Process {
 public:
  Process(node::ClusterConfig config, const node::NodeConfig& self, net::PeerSecurity security, node::Logger& logger)
      : clock_(io_.get_executor()),
        network_(io_.get_executor(), std::move(security)),
        disk_(self.data),
        logger_(logger),
        signals_(io_, SIGINT, SIGTERM),
        patience_(io_),
        readiness_(io_),
        config_(std::move(config)),
        id_(self.id) {}

  int run() {
    const node::Seams seams{io_.get_executor(), clock_, network_, workers_, entropy_, hasher_, disk_, logger_};
    auto opened = node::Node::open(seams, config_, id_, node::make_machine);
    if (!opened.ok()) {
      logger_.error("not_started", opened.error().message);
      return exit_failed;
    }
    node_ = std::move(*opened);
    wait_for_signal();
    if (manager_.wants_to_know()) watch_readiness();
    asio::co_spawn(io_, node_->run(), [this](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
      signals_.cancel();
      patience_.cancel();
      readiness_.cancel();
    });
    try {
      io_.run();
    } catch (const std::exception& failure) {
      // A dead loop is a dead node. After a failed write or sync nobody knows what is on the disk (RELIABILITY.md
      // section 3), so nothing is tidied up: the log is read afresh at the next start, as after a crash.
      logger_.error("failed", std::string(failure.what()) + "; the node ends");
      std::_Exit(exit_failed);
    }
    logger_.info("stopped", "stopped");
    return 0;
  }

 private:
  // The service manager hears why this node does not serve yet, and once that it does.
  void watch_readiness() {
    const bool swapping = node_->between_lives();
    auto reason = swapping ? std::string("another node's archive is taken over") : unready(node_->machine().services());
    if (reason.empty()) return manager_.tell("READY=1\nSTATUS=serves");
    if (reason != reason_) manager_.tell("STATUS=" + reason);
    reason_ = std::move(reason);
    readiness_.expires_after(readiness_interval);
    readiness_.async_wait([this](boost::system::error_code cancelled) {
      if (!cancelled) watch_readiness();
    });
  }

  void wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code cancelled, int number) {
      if (cancelled) return;
      if (stopping_) std::_Exit(128 + number);   // asked twice: at once
      stopping_ = true;
      logger_.info("stopping", number == SIGTERM ? "stopping (SIGTERM)" : "stopping (SIGINT)");
      readiness_.cancel();
      manager_.tell("STOPPING=1\nSTATUS=stops");
      node_->stop();
      patience_.expires_after(stop_patience);
      patience_.async_wait([this](boost::system::error_code in_time) {
        if (in_time) return;
        logger_.error("stop_patience", "did not stop in time; ending at once");
        std::_Exit(exit_failed);
      });
      wait_for_signal();
    });
  }

  asio::io_context io_{1};
  net::SteadyClock clock_;
  net::TcpNetwork network_;
  net::WorkerThreads workers_;
  net::SystemEntropy entropy_;
  net::Argon2Hasher hasher_;
  store::PosixDisk disk_;
  node::Logger& logger_;
  asio::signal_set signals_;
  asio::steady_timer patience_;
  asio::steady_timer readiness_;
  const ServiceManager manager_ = ServiceManager::from_environment();
  std::string reason_;   // as the service manager was told
  node::ClusterConfig config_;
  NodeId id_;
  std::unique_ptr<node::Node> node_;
  bool stopping_ = false;
};

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
    Process process(std::move(*config), self, std::move(*security), *logger);
    return process.run();
  } catch (const std::exception& failure) {
    logger->error("not_started", failure.what());
    return exit_failed;
  }
}

}  // namespace parley::cli
