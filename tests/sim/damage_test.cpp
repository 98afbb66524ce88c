#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "chat/tables.hpp"
#include "node/machine_services.hpp"
#include "sim/cluster.hpp"
#include "sim/damage_places.hpp"
#include "store/set_aside.hpp"

// Damaged data directories of whole clusters (P8, decision 0024).

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::size_t places_usual = 60;   // PARLEY_DAMAGE_PLACES: another number

class Damage : public ::testing::Test {
 protected:
  Damage() : talker_(cluster_.add_client("anna")) { cluster_.world().keep_trace(true); }

  static ClusterOptions options() {
    ClusterOptions options;
    options.log_segment_bytes = 16 * 1024;
    return options;
  }

  void talk() {
    talker_.begin("#ops", 100ms);
    ASSERT_TRUE(cluster_.run_until_leader(30s));
    cluster_.world().run_for(20s);
    ASSERT_GT(talker_.acknowledged().size(), 50U);
  }

  // The first of the log's segments, in the middle of its first batch.
  static void damage_log(SimNode& node) {
    const auto names = node.disk().list("log");
    const auto segment = std::ranges::find_if(names, [](const auto& name) { return name.ends_with(".wal"); });
    node.disk().flip("log/" + *segment, (store::sector_size + 100) * 8);
  }

  // Every page but the first.
  static void damage_archive(SimNode& node) {
    const std::size_t pages = node.disk().contents("archive.db").size() / 4096;
    for (std::size_t page = 1; page < pages; ++page) node.disk().flip("archive.db", (page * 4096 + 9) * 8);
  }

  bool said(const std::string& part) {
    const auto& lines = cluster_.world().trace_lines();
    return std::ranges::any_of(lines, [&](const auto& line) { return line.find(part) != std::string::npos; });
  }

  SimNode& follower() {
    SimNode* leader = cluster_.leader();
    return cluster_.node(leader == &cluster_.node(1) ? 2 : 1);
  }

  static const store::Identity& identity(SimNode& node) { return node.node().replication().identity(); }

  bool votes(SimNode& node) {
    SimNode* leader = cluster_.leader();
    if (leader == nullptr || !node.running() || node.node().between_lives()) return false;
    const auto configuration = leader->node().replication().status().configuration;
    return configuration->is_voter(ServerId{node.id(), identity(node).incarnation});
  }

  std::size_t voters() {
    SimNode* leader = cluster_.leader();
    return leader == nullptr ? 0 : leader->node().replication().status().configuration->voters();
  }

  SimCluster cluster_{1, options()};
  SimClient& talker_;
};

TEST_F(Damage, ADamagedLogIsSetAsideAndTheNodeVotesAgainWithoutAHand) {
  talk();
  SimNode& node = follower();
  const auto before = identity(node);
  node.kill();
  damage_log(node);
  ASSERT_EQ(node.try_start(), std::nullopt);
  EXPECT_TRUE(said("is damaged at byte 512: the checksum of the sector does not fit. The data is set aside (*.aside)"));
  EXPECT_NE(identity(node).incarnation, before.incarnation);
  EXPECT_EQ(identity(node).cluster, before.cluster);
  EXPECT_TRUE(node.disk().exists("identity.aside"));
  ASSERT_TRUE(cluster_.world().run_until([&] { return votes(node); }, 120s));
  talker_.finish();
  ASSERT_TRUE(cluster_.run_until_equal(30s));
  EXPECT_TRUE(cluster_.world().run_until([&] { return !node.disk().exists(store::unfilled_file); }, 1s));
}

TEST_F(Damage, ThreeNodesWhoseLogsAreAllDamagedWaitAndFoundNothing) {
  talk();
  const ClusterId cluster = identity(cluster_.node(1)).cluster;
  for (std::size_t i = 1; i <= 3; ++i) cluster_.node(i).kill();
  for (std::size_t i = 1; i <= 3; ++i) {
    damage_log(cluster_.node(i));
    ASSERT_EQ(cluster_.node(i).try_start(), std::nullopt);
  }
  cluster_.world().run_for(120s);
  for (std::size_t i = 1; i <= 3; ++i) {
    SimNode& node = cluster_.node(i);
    ASSERT_TRUE(node.running());
    EXPECT_EQ(identity(node).cluster, cluster);
    const auto status = node.node().replication().status();
    EXPECT_FALSE(status.leader);
    EXPECT_EQ(status.commit_index, Index(0));
    EXPECT_EQ(status.term, Term(1)) << "it never campaigned";
  }
  EXPECT_EQ(cluster_.leader(), nullptr);
  EXPECT_TRUE(said("waiting for a leader that fills it"));
}

TEST_F(Damage, TheOnlyVoterRefusesAndNamesTheLastResort) {
  talk();
  SimNode& alone = *cluster_.leader();
  for (std::size_t i = 1; i <= 3; ++i) {
    if (&cluster_.node(i) == &alone) continue;
    cluster_.node(i).kill();
    const std::size_t left = voters() - 1;
    ASSERT_TRUE(cluster_.world().run_until([&] { return voters() == left; }, 30s));
    cluster_.world().run_for(2s);   // committed, before the next one
  }
  cluster_.world().run_for(5s);
  alone.kill();
  damage_log(alone);
  const auto refused = alone.try_start();
  ASSERT_TRUE(refused);
  EXPECT_THAT(*refused, HasSubstr("is damaged at byte 512"));
  EXPECT_THAT(*refused, HasSubstr("only voter"));
  EXPECT_THAT(*refused, HasSubstr("parley recover"));
  EXPECT_FALSE(alone.disk().exists("identity.aside"));
}

// Pages of the archive of a running node, in the order in which something comes upon them: with a checkpoint each two
// seconds a write is not the last to do so.
TEST_F(Damage, ADamagedArchiveOfARunningNodeIsRepairedWithoutAHandAndTheLeaderHandsOverFirst) {
  talk();
  for (int i = 0; i < 3; ++i) {
    SimNode& node = *cluster_.leader();
    const auto before = identity(node).incarnation;
    cluster_.world().run_for(40s);   // past a checkpoint: all is in the database file
    damage_archive(node);
    const auto repaired = [&] {
      return node.running() && !node.node().between_lives() && identity(node).incarnation != before && votes(node);
    };
    ASSERT_TRUE(cluster_.world().run_until(repaired, 180s)) << node.last_words();
    EXPECT_TRUE(node.running()) << "its process never ended";
    EXPECT_EQ(node.last_words(), "");
  }
  EXPECT_TRUE(said("handing over to node"));
  talker_.finish();
  EXPECT_TRUE(cluster_.run_until_equal(30s));
}

// While a second archive is damaged, too, neither is given up at once: first the one, then the other.
TEST_F(Damage, OfTwoDamagedArchivesOneIsRepairedAfterTheOther) {
  talk();
  cluster_.world().run_for(40s);
  Incarnation was[3];
  for (std::size_t i = 1; i <= 2; ++i) {
    was[i] = identity(cluster_.node(i)).incarnation;
    damage_archive(cluster_.node(i));
  }
  const auto both = [&] {
    bool all = true;
    for (std::size_t i = 1; i <= 2; ++i) {
      SimNode& node = cluster_.node(i);
      if (!node.running()) node.start();   // as systemd does
      all = all && !node.node().between_lives() && identity(node).incarnation != was[i] && votes(node);
    }
    return all;
  };
  ASSERT_TRUE(cluster_.world().run_until(both, 600s));
  talker_.finish();
  EXPECT_TRUE(cluster_.run_until_equal(30s));
}

// One number in the memory of one node is another than on the others, as after a bit flip that nothing checks: what it
// says of the next message is not what they say (R10, decision 0025).
TEST_F(Damage, ANodeWhoseStateHasDivergedTakesItselfOutAndIsFilledAnew) {
  talk();
  for (const bool leads : {false, true}) {
    SimNode& node = leads ? *cluster_.leader() : follower();
    const auto before = identity(node).incarnation;
    auto& state = const_cast<chat::State&>(node.node().machine().services().applier.state());
    ASSERT_FALSE(state.tables().conversations.empty());
    ++state.tables().conversations.begin()->second.last.value;
    const auto anew = [&] {
      return node.running() && !node.node().between_lives() && identity(node).incarnation != before && votes(node);
    };
    ASSERT_TRUE(cluster_.world().run_until(anew, 180s)) << node.last_words();
    EXPECT_TRUE(said("most voters agree with each other against this node"));
  }
  talker_.finish();
  EXPECT_TRUE(cluster_.run_until_equal(30s));
}

TEST(DamagePlaces, EveryFlippedBitIsFoundOrMeansNothingAndIsRepairedWithoutAHand) {
  const char* wanted = std::getenv("PARLEY_DAMAGE_PLACES");
  const std::size_t places = wanted == nullptr ? places_usual : std::strtoul(wanted, nullptr, 10);
  const DamageTally tally = flip_bits(7, places);
  EXPECT_EQ(tally.wrong, std::nullopt);
  EXPECT_EQ(tally.places, places);
  EXPECT_GT(tally.found_at_start, 0U);
  EXPECT_GT(tally.found_running, 0U);
  EXPECT_GT(tally.in_log, 0U);
  EXPECT_LT(tally.in_log, places);
  std::printf("%zu places, %zu of the log: %zu found at the start, %zu later, %zu without meaning, %zu undone by the "
              "log, %zu overwritten; slowest repair %.1f s\n",
              tally.places, tally.in_log, tally.found_at_start, tally.found_running, tally.meaningless, tally.undone,
              tally.overwritten, tally.slowest_repair_seconds);
}

}  // namespace
}  // namespace parley::sim
