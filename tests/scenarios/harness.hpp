#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/local_cluster.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"

namespace parley::scenario {

using net::awaitable;

struct ScenarioOptions {
  std::size_t nodes = 3;
  Duration at_most = std::chrono::seconds(100);   // the whole story; a hang is a failure
  std::string settings;                           // more members of the configuration file, as JSON
  std::string cluster_key;                        // of the links between nodes; empty: none
  bool certificates = false;                      // of one CA, for each node; neither: links are in plain text
};

class Person;   // people.hpp

// A cluster of real processes in a temporary folder, and a story that is played against it on one thread. Everything
// listens on loopback; no process is left behind. The folder is kept, and named, when the story fails.
class Scenario {
 public:
  using Story = awaitable<void> (*)(Scenario&);

  explicit Scenario(ScenarioOptions options = {});
  ~Scenario();

  // Starts the nodes, waits for a leader, plays the story, stops the nodes. Failures are GoogleTest's.
  void play(Story story);

  cli::LocalCluster& cluster() { return *cluster_; }
  cli::Supervisor& nodes() { return cluster_->supervisor(); }
  net::Clock& clock() { return clock_; }
  cli::ClientSeams seams();
  std::filesystem::path key_file() const { return directory_ / "cluster.key"; }   // of all nodes

  // Somebody new at a client, who stays until the story's end. `home`: connects to that node only; node 0: to all,
  // following the leader.
  Person& person(std::string name, NodeId home = NodeId(0));

  // The leader; fails the test and gives node 0 if there is none in time.
  awaitable<NodeId> leader();
  // Some running, uncut node that is not the leader and not among `but`.
  NodeId follower(NodeId leader, std::vector<NodeId> but = {}) const;
  awaitable<void> kill(NodeId node);     // SIGKILL, and waits until the process is gone
  void start(NodeId node);
  // This node may end by itself from now on, as its disk fails; with which exit code its last process did.
  void may_end(NodeId node) { may_end_.insert(node); }
  std::optional<int> exit_code(NodeId node) const;
  // True once the condition holds, looked at every few milliseconds; false when the time was over first.
  awaitable<bool> eventually(std::function<bool()> condition, Duration at_most);

 private:
  awaitable<void> whole(Story story);
  awaitable<void> part_with_people();

  ScenarioOptions options_;
  std::filesystem::path directory_;
  boost::asio::io_context context_{1};
  net::SteadyClock clock_;
  net::TcpNetwork network_;
  net::SystemEntropy entropy_;
  std::unique_ptr<cli::LocalCluster> cluster_;
  std::vector<std::unique_ptr<Person>> people_;
  std::set<NodeId> may_end_;
  std::map<NodeId, int> statuses_;   // of waitpid(2)
  bool ended_ = false;
};

}  // namespace parley::scenario

// As ASSERT_TRUE, in a coroutine: it co_returns.
#define SCENARIO_REQUIRE(condition, message)      \
  do {                                            \
    const bool scenario_holds = (condition);      \
    EXPECT_TRUE(scenario_holds) << message;       \
    if (!scenario_holds) co_return;               \
  } while (false)
