#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/local_cluster.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"
#include "process_usage.hpp"

namespace parley::bench {

using net::awaitable;

struct BenchOptions {
  std::filesystem::path program;                 // the parley to measure
  std::filesystem::path directory;               // where nodes keep their data; empty: a temporary one
  std::size_t nodes = 3;
  std::size_t clients = 64;
  std::size_t window = 1;                        // sends under way per client
  std::size_t text_bytes = 64;
  std::size_t sends = 5000;                      // latency: samples
  bool one_room = false;                         // throughput: all in one room, else each in its own
  double seconds = 10;                           // throughput: how long
  std::size_t kills = 20;                        // failover
  std::size_t rounds = 10;                       // rolling: of all nodes
  std::size_t tries = 5;                         // two-kills: at each distance
  std::vector<std::size_t> apart{400, 300, 250, 200, 150, 120, 100, 80};   // two-kills: milliseconds
  std::size_t cuts = 20;                         // cut
  std::size_t messages = 1'000'000;              // rejoin: that are there when a node loses its disk
  bool json = false;
};

// A cluster of real processes and what talks to it, all from one thread. Everything is on loopback.
class BenchCluster {
 public:
  explicit BenchCluster(const BenchOptions& options);
  ~BenchCluster();   // ends the nodes; removes a temporary directory

  // Starts the nodes and runs the measurement to its end. What it throws is thrown here.
  void run(std::function<awaitable<void>()> measurement);

  cli::ClientSeams seams() { return {context_.get_executor(), clock_, network_, entropy_}; }
  net::Clock& clock() { return clock_; }
  cli::LocalCluster& cluster() { return *cluster_; }
  const std::filesystem::path& directory() const { return directory_; }

  awaitable<NodeId> leader();                    // throws if there is none within 20 s
  std::vector<ProcessUsage> usage() const;       // of each running node
  double cpu_seconds() const;                    // of all nodes together

 private:
  awaitable<void> whole(std::function<awaitable<void>()> measurement);

  boost::asio::io_context context_{1};
  net::SteadyClock clock_;
  net::TcpNetwork network_;
  net::SystemEntropy entropy_;
  std::filesystem::path directory_;
  bool temporary_ = false;
  std::unique_ptr<cli::LocalCluster> cluster_;
  bool ended_ = false;
};

}  // namespace parley::bench
