// A node that lacks more than the log holds, in the simulated world: how fast the archive is sent, what is shown of it,
// and what becomes of the copy.
#include <gtest/gtest.h>

#include "node/snapshot_source.hpp"
#include "sim/cluster.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = 1024 * 1024;

class Snapshot : public ::testing::Test {
 protected:
  Snapshot() : cluster_(11, options()) {
    EXPECT_TRUE(cluster_.run_until_leader(30s));
    anna_ = &cluster_.add_client("anna");
    anna_->begin("#ops", 10ms);
  }

  static ClusterOptions options() {
    ClusterOptions options;
    options.log_segment_bytes = 8 * 1024;
    options.log_keep_entries = 100;
    options.checkpoint_interval = 1s;
    options.snapshot_rate_mb = 1;
    return options;
  }

  SimNode& follower() {
    SimNode* leader = cluster_.leader();
    return &cluster_.node(1) == leader ? cluster_.node(2) : cluster_.node(1);
  }

  static std::optional<node::SnapshotView> fetched(SimNode& node) {
    return node.running() && !node.node().between_lives() ? node.node().replication().snapshot_fetched() : std::nullopt;
  }

  SimCluster cluster_;
  SimClient* anna_ = nullptr;
};

TEST_F(Snapshot, IsSentAtTheConfiguredRateAndBothEndsSayHowFarItIs) {
  SimNode& away = follower();
  SimNode& leader = *cluster_.leader();
  auto& world = cluster_.world();
  away.kill();
  world.run_for(60s);
  away.start();
  ASSERT_TRUE(world.run_until([&] { return fetched(away) && fetched(away)->bytes > 0; }, 30s));
  const TimePoint began = world.now();
  const std::uint64_t first = fetched(away)->bytes;
  const std::uint64_t total = fetched(away)->total;
  ASSERT_GT(total, mebibyte / 2);

  std::uint64_t last = first;
  std::uint64_t steps = 0;
  std::uint64_t told = 0;
  const auto over = [&] {
    const auto view = fetched(away);
    if (view) {
      EXPECT_GE(view->bytes, last);
    }
    if (view && view->bytes > last) last = view->bytes, ++steps;
    if (const auto sent = leader.node().replication().snapshot_sent(away.id())) told = std::max(told, sent->bytes);
    return !view;
  };
  ASSERT_TRUE(world.run_until(over, 30s));
  const auto least = std::chrono::duration<double>(static_cast<double>(total - first) / mebibyte);
  EXPECT_GE(world.now() - began, least) << total - first << " bytes at a mebibyte a second";
  EXPECT_GE(steps, 3U);
  EXPECT_GT(told, 0U) << "the leader knows too";
  EXPECT_GE(leader.node().replication().snapshot_bytes_sent(), total);

  anna_->finish();
  ASSERT_TRUE(world.run_until([this] { return anna_->under_way() == 0; }, 30s));
  EXPECT_TRUE(cluster_.run_until_equal(30s));
  world.run_for(node::SnapshotSource::in_use_for);
  EXPECT_FALSE(leader.node().replication().snapshot_sent(away.id())) << "that is over";

  EXPECT_EQ(leader.disk().list("snapshot").size(), 1U) << "kept for a while";
  world.run_for(node::SnapshotSource::kept_unused);
  EXPECT_TRUE(leader.disk().list("snapshot").empty()) << "it takes room";
}

TEST_F(Snapshot, IsNeitherMadeNorKeptWhereSpaceIsShort) {
  SimNode& away = follower();
  auto& world = cluster_.world();
  away.kill();
  world.run_for(20s);
  anna_->finish();
  ASSERT_TRUE(world.run_until([this] { return anna_->under_way() == 0; }, 30s));
  const auto all = [this](std::uint64_t free) {
    for (std::size_t i = 1; i <= cluster_.size(); ++i) cluster_.node(i).disk().set_free_bytes(free);
  };
  all(mebibyte);
  world.run_for(3s);
  away.start();
  world.run_for(20s);
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    auto& disk = cluster_.node(i).disk();
    EXPECT_TRUE(!disk.exists("snapshot") || disk.list("snapshot").empty()) << "node " << i;
  }
  const auto committed = cluster_.leader()->node().replication().status().commit_index;
  EXPECT_LT(away.node().replication().status().commit_index, committed);

  all(store::MemoryDisk::plenty);
  ASSERT_TRUE(cluster_.run_until_equal(30s)) << "with space it goes on by itself";
  world.run_for(2s);
  ASSERT_EQ(cluster_.leader()->disk().list("snapshot").size(), 1U);
  all(mebibyte);
  world.run_for(node::SnapshotSource::in_use_for + 3s);
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    auto& disk = cluster_.node(i).disk();
    EXPECT_TRUE(!disk.exists("snapshot") || disk.list("snapshot").empty()) << "node " << i << ": nobody fetches it";
  }
}

}  // namespace
}  // namespace parley::sim
