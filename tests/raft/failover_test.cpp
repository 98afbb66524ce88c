// How long a cluster is without a leader when the leader's process dies (DESIGN.md P5, R5). Messages take a
// millisecond, a disk three, and the followers notice the death within five milliseconds of each other.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"
#include "raft/cluster.hpp"

namespace parley::raft::test {
namespace {

class World {
 public:
  World(std::uint64_t seed, std::uint32_t voters) : cluster(Options{}, seed), random_(seed) { cluster.found(voters); }

  void millisecond() {
    cluster.pass(milliseconds(1));
    for (const Envelope& envelope : std::exchange(wire_, {})) cluster.deliver(envelope);
    for (auto& [node, host] : cluster.hosts()) {
      if (!host.consensus) continue;
      const auto notice = notices_.find(node);
      if (notice != notices_.end() && notice->second-- == 0) {
        host.consensus->refused(dead_, cluster.now(host));
        notices_.erase(notice);
      }
      cluster.tick_due(host);
      host.disk_held = host.writing && ++writing_[node] < 3;
      if (!host.disk_held) writing_[node] = 0;
      if (!host.writing) host.disk_held = true;   // a write begins now and ends later
      cluster.work(host);
      for (Envelope& envelope : cluster.outgoing(host)) wire_.push_back(std::move(envelope));
    }
  }

  void kill(std::uint32_t node) {
    dead_ = NodeId(node);
    cluster.crash(node);
    for (auto& [other, host] : cluster.hosts()) {
      if (host.consensus) notices_[other] = random_.below(5);
    }
  }

  Cluster cluster;

 private:
  Random random_;
  std::vector<Envelope> wire_;
  std::map<NodeId, int> writing_;
  std::map<NodeId, std::uint64_t> notices_;
  NodeId dead_;
};

void measure(std::uint32_t voters) {
  std::vector<int> gaps;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world(seed, voters);
    for (int ms = 0; ms < 3000 && !world.cluster.leader(); ++ms) world.millisecond();
    for (int ms = 0; ms < 200; ++ms) world.millisecond();
    ASSERT_TRUE(world.cluster.leader());
    const Index before = world.cluster.committed();
    world.kill(*world.cluster.leader());
    int gap = 0;
    while (gap < 5000 && world.cluster.committed() == before) world.millisecond(), ++gap;
    gaps.push_back(gap);
    ASSERT_EQ(world.cluster.broken, "");
  }
  std::sort(gaps.begin(), gaps.end());
  std::printf("%u voters, ms from the death to the next commit: median %d, p95 %d, worst %d\n", voters, gaps[100],
              gaps[190], gaps.back());
  EXPECT_LE(gaps[100], 30);
  EXPECT_LE(gaps[190], 60);
  EXPECT_LE(gaps.back(), 150);
}

TEST(Failover, three_servers_commit_again_tens_of_milliseconds_after_the_leaders_process_died_P5) { measure(3); }
TEST(Failover, five_servers_commit_again_tens_of_milliseconds_after_the_leaders_process_died_P5) { measure(5); }

}  // namespace
}  // namespace parley::raft::test
