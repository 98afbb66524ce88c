// Dynamic quorum in the core: every sequence of deaths and returns of three and five servers, against the table of
// DESIGN.md section 2.
#include <gtest/gtest.h>

#include "raft/autopilot.hpp"
#include "raft/cluster.hpp"

namespace parley::raft::test {
namespace {

using namespace std::chrono_literals;

// Servers with an autopilot each, driven as the shell drives them; a dead server's port refuses.
class Piloted {
 public:
  explicit Piloted(std::uint32_t servers) : size_(servers) {
    cluster_.found(servers);
    for (std::uint32_t node = 1; node <= servers; ++node) pilots_.emplace(node, Autopilot());
  }

  void settle(Duration duration) {
    for (Duration done{}; done < duration; done += 20ms) {
      cluster_.tick(20ms);
      for (auto& [node, pilot] : pilots_) drive(node, pilot);
    }
  }
  void kill(std::uint32_t node) {
    cluster_.crash(node);
    cluster_.refuse(node);
    refused_[node] = now();
  }
  void revive(std::uint32_t node) {
    refused_.erase(node);
    cluster_.restart(node);
  }
  bool up(std::uint32_t node) const { return cluster_.up(node); }

  // A command that is committed within two seconds.
  bool writes() {
    for (int i = 0; i < 100; ++i) {
      if (const auto leader = cluster_.leader()) {
        const auto proposed = cluster_[*leader].propose(command("w" + std::to_string(++written_)),
                                                        cluster_.now(cluster_.host(*leader)));
        settle(20ms);
        if (proposed.ok() && cluster_.committed() >= proposed->index) return true;
      } else {
        settle(20ms);
      }
    }
    return false;
  }
  std::optional<std::uint32_t> leader() {
    const auto leader = cluster_.leader();
    return leader;
  }
  // Of the voters that the leader's, or else the newest, configuration names, those alive and all.
  std::pair<std::size_t, std::size_t> voters() {
    const Consensus* newest = nullptr;
    Index most;
    for (std::uint32_t node = 1; node <= size_; ++node) {
      const auto& disk = cluster_.host(node).disk;
      const Index last = disk.base.index + disk.entries.size();
      if (!up(node) || (newest != nullptr && last <= most)) continue;
      newest = &cluster_[node];
      most = last;
    }
    if (newest == nullptr) return {0, 1};
    std::size_t alive = 0;
    const auto configuration = newest->status().configuration;
    for (const Member& member : configuration->members) alive += member.voter && up(member.id.node.value);
    return {alive, configuration->voters()};
  }
  const std::string& broken() const { return cluster_.broken; }

 private:
  TimePoint now() { return cluster_.now(cluster_.hosts().begin()->second).steady; }
  void drive(std::uint32_t node, Autopilot& pilot) {
    if (!cluster_.up(node)) return;
    std::vector<PeerLink> links;
    for (const auto& [dead, since] : refused_) links.push_back({NodeId(dead), since, std::nullopt});
    const Now at = cluster_.now(cluster_.host(node));
    auto next = pilot.decide(cluster_[node].status(), links, at);
    if (!next) return;
    if (!cluster_[node].propose_configuration(std::move(*next), at).ok()) return;
    cluster_.check(cluster_.host(node));
    cluster_.flow();
  }

  Cluster cluster_;
  std::uint32_t size_;
  std::map<std::uint32_t, Autopilot> pilots_;
  std::map<std::uint32_t, TimePoint> refused_;
  std::uint64_t written_ = 0;
};

struct Tally {
  std::size_t histories = 0;
  std::size_t went_on = 0;
  std::size_t waited = 0;
};

// One history: in each step one server dies, or returns; after each the cluster has two seconds. The table: while it
// goes on, the death of a follower never stops it; the leader's death doesn't either where a majority of the voters is
// left; and what has stopped goes on as soon as a majority of the last voters is back.
void play(std::uint32_t servers, const std::vector<std::uint32_t>& toggles, Tally& tally) {
  Piloted cluster(servers);
  cluster.settle(1s);
  bool goes_on = cluster.writes();
  ASSERT_TRUE(goes_on);
  std::string story;
  for (const std::uint32_t node : toggles) {
    const bool dies = cluster.up(node);
    const bool led = cluster.leader() == node;
    story += (dies ? " -" : " +") + std::to_string(node) + (dies && led ? "(leader)" : "");
    dies ? cluster.kill(node) : cluster.revive(node);
    const auto [alive, voters] = cluster.voters();
    const bool majority = 2 * alive > voters;
    const bool expected = dies && !led ? goes_on : majority;
    cluster.settle(2s);
    goes_on = cluster.writes();
    if (dies && !led && !goes_on && expected) ADD_FAILURE() << "a follower's death stopped it:" << story;
    else if (goes_on != expected) ADD_FAILURE() << story << (goes_on ? " goes on" : " stands still");
    ASSERT_EQ(cluster.broken(), "") << story;
    ++(goes_on ? tally.went_on : tally.waited);
  }
  ++tally.histories;
}

void play_all(std::uint32_t servers, std::size_t length, Tally& tally) {
  std::vector<std::uint32_t> toggles(length, 1);
  for (;;) {
    play(servers, toggles, tally);
    if (::testing::Test::HasFailure()) return;
    std::size_t place = 0;
    while (place < length && ++toggles[place] > servers) toggles[place++] = 1;
    if (place == length) return;
  }
}

TEST(DynamicQuorum, EveryHistoryOfFiveDeathsAndReturnsAmongThreeGoesAsTheTableSays) {
  Tally tally;
  play_all(3, 5, tally);
  EXPECT_EQ(tally.histories, 243u);
  EXPECT_GT(tally.went_on, tally.waited);
  EXPECT_GT(tally.waited, 100u);
}

TEST(DynamicQuorum, EveryHistoryOfThreeDeathsAndReturnsAmongFiveGoesAsTheTableSays) {
  Tally tally;
  play_all(5, 3, tally);
  EXPECT_EQ(tally.histories, 125u);
  EXPECT_EQ(tally.waited, 0u);
}

}  // namespace
}  // namespace parley::raft::test
