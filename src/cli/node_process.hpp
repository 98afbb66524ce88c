#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "cli/service_manager.hpp"
#include "net/argon2_hasher.hpp"
#include "net/peer_security.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"
#include "net/worker_threads.hpp"
#include "node/certificate_watch.hpp"
#include "node/node.hpp"
#include "store/disk.hpp"
#include "store/posix_disk.hpp"

namespace parley::cli {

// What to do about a disk that failed, as a sentence for people that follows what it failed of; "": nothing to add.
std::string advice(const store::DiskError& failure);

// The seams of a real node and the node on them, for one life: from reading the data directory to the end. Everything
// goes with it, as with a process that is killed: nothing is tidied up, nothing more is acknowledged.
class NodeProcess {
 public:
  // `certificates` outlive it, and are renewed by it; null: there are none. Throws store::DiskError.
  NodeProcess(node::ClusterConfig config, const node::NodeConfig& self, net::PeerSecurity security,
              node::ClusterCertificates* certificates, node::Logger& logger, const ServiceManager& manager);
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  // Runs the node until SIGTERM or SIGINT; the exit code. Throws store::DiskError when the disk is full, and when it
  // fails at the start. Any other failure while it runs ends the process here and now.
  int run();

 private:
  // Its destructor comes too late: frames that wait in it refer to the node, and alarms of the node to it.
  class Context : public boost::asio::io_context {
   public:
    Context() : io_context(1) {}
    void end_everything() { shutdown(); }   // see asio's execution_context, "shutdown"
  };

  void watch(node::ClusterCertificates& certificates);
  void watch_readiness();
  void wait_for_signal();
  void run_loops();

  Context io_;   // first: all that waits in it refers to the rest
  net::SteadyClock clock_;
  net::TcpNetwork network_;
  net::WorkerThreads workers_;
  net::SystemEntropy entropy_;
  net::Argon2Hasher hasher_;
  store::PosixDisk disk_;
  node::Logger& logger_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer patience_;
  boost::asio::steady_timer readiness_;
  const ServiceManager& manager_;
  std::unique_ptr<node::CertificateWatch> certificate_watch_;   // null: there are none
  std::string reason_;   // as the service manager was told
  node::ClusterConfig config_;
  NodeId id_;
  std::unique_ptr<node::Node> node_;
  bool stopping_ = false;
};

}  // namespace parley::cli
