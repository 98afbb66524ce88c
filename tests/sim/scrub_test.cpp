// A whole cluster in the simulated world whose disks rot while its nodes run.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/cluster.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

class Scrub : public ::testing::Test {
 protected:
  Scrub() : cluster_(5, options()) {
    EXPECT_TRUE(cluster_.run_until_leader(30s));
    anna_ = &cluster_.add_client("anna");
    anna_->begin("#ops", 100ms);
    cluster_.world().run_for(20s);   // some segments
  }

  static ClusterOptions options() {
    ClusterOptions options;
    options.log_segment_bytes = 8 * 1024;
    options.checkpoint_interval = 2s;
    options.scrub_interval = 5s;
    return options;
  }

  static node::ScrubView view(SimNode& node) { return node.node().replication().scrub().value_or(node::ScrubView{}); }

  bool mended(SimNode& node, std::uint64_t count) {
    return cluster_.world().run_until([&] { return view(node).damage_mended >= count; }, 30s);
  }

  // Its own segments, the one that is written to last.
  static std::vector<std::string> segments(SimNode& node) {
    std::vector<std::string> names;
    for (const auto& name : node.disk().list("log")) {
      if (name.ends_with(".wal")) names.push_back("log/" + name);
    }
    return names;
  }

  SimCluster cluster_;
  SimClient* anna_ = nullptr;
};

TEST_F(Scrub, ARottenSegmentOfARunningNodeIsReplacedWithoutAHand) {
  SimNode& node = cluster_.node(2);
  const auto files = segments(node);
  ASSERT_GT(files.size(), 3U);
  node.disk().flip(files[1], 700 * 8);
  node.disk().flip(files.back(), 600 * 8);
  ASSERT_TRUE(mended(node, 1));
  node.kill();
  node.start();   // that needs nothing that is gone
  cluster_.world().run_for(10s);
  EXPECT_GT(segments(node).front(), files.back()) << "both are gone";
  EXPECT_TRUE(node.running()) << node.last_words();
  node.kill();
  node.start();   // it would throw if the log were damaged
  anna_->finish();
  ASSERT_TRUE(cluster_.world().run_until([this] { return anna_->under_way() == 0; }, 30s));
  EXPECT_TRUE(cluster_.run_until_equal(30s));
  EXPECT_GT(anna_->acknowledged().size(), 300U);
}

TEST_F(Scrub, ALogWithoutDamageIsReadAgainAndAgainAndLeftAlone) {
  SimNode& node = cluster_.node(3);
  const auto first = segments(node).front();
  ASSERT_TRUE(cluster_.world().run_until([&] { return view(node).passes >= 3; }, 60s));
  EXPECT_EQ(view(node).damage_found, 0U);
  EXPECT_EQ(segments(node).front(), first);
}

}  // namespace
}  // namespace parley::sim
