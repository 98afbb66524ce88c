#pragma once

#include <chrono>
#include <string>

#include "node/replication_fixture.hpp"

namespace parley::node {

// Three nodes that were born together, and whose voting set shrinks and grows by itself.
class QuorumTest : public ::testing::Test {
 protected:
  void start() {
    cluster.start_all();
    ASSERT_NE(cluster.wait_for_leader(), nullptr);
    // Links that have stood a while are redialled at once when they break.
    cluster.world().run_for(std::chrono::seconds(1));
  }
  bool writes(TestReplica& node, const std::string& command) {
    node.submit(command);
    return cluster.wait_until_all_applied(command);
  }
  // And that is committed: before, another failure may come too early.
  bool shrinks_to(std::size_t voters, Duration at_most = std::chrono::seconds(10)) {
    return cluster.wait([&] {
      if (cluster.voters() != voters) return false;
      const auto status = cluster.leader()->replication().status();
      return status.commit_index == status.last_index;
    }, at_most);
  }
  TestReplica& other_than(const TestReplica& one, const TestReplica& two) {
    for (std::uint32_t id = 1;; ++id) {
      if (&cluster.node(id) != &one && &cluster.node(id) != &two) return cluster.node(id);
    }
  }
  TestCluster cluster{3};
};

}  // namespace parley::node
