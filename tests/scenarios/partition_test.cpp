// Scenario 3 (docs/TESTING.md): a node is cut off from the others as by a pulled cable.
#include <gtest/gtest.h>

#include "scenarios/judge.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

awaitable<void> cut_off(Scenario& s, NodeId cut, NodeId elsewhere) {
  auto inside = co_await gather(s, "inside", 2, "#ops", std::vector<NodeId>(1, cut));          // at the cut-off node
  auto outside = co_await gather(s, "outside", 2, "#ops", std::vector<NodeId>(1, elsewhere));  // at one of the others
  SCENARIO_REQUIRE(!inside.empty() && !outside.empty(), "the writers could not arrive");
  Person& reader = s.person("reader", elsewhere);
  const bool arrived = co_await reader.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "the reader could not arrive");
  for (Person* writer : inside) writer->begin_writing("#ops", 1'000'000, 4);
  for (Person* writer : outside) writer->begin_writing("#ops", 1'000'000, 4);
  co_await until_acknowledged(s, inside, 100, 30s);
  co_await until_acknowledged(s, outside, 100, 30s);

  const auto severed = s.nodes().cut(cut);
  EXPECT_TRUE(severed.ok());
  co_await s.cluster().pause(200ms);   // what was acknowledged before the cut reaches its writer
  const std::size_t inside_before = acknowledged(inside);
  const std::size_t outside_before = acknowledged(outside);
  const NodeId leader = co_await s.leader();
  EXPECT_NE(leader, cut);
  co_await until_acknowledged(s, outside, outside_before + 300, 30s);
  EXPECT_EQ(acknowledged(inside), inside_before) << "the cut-off node acknowledged a write";

  s.nodes().heal();
  co_await until_acknowledged(s, inside, inside_before + 100, 30s);
  for (Person* writer : inside) writer->stop_writing();
  for (Person* writer : outside) writer->stop_writing();
  std::vector<Person*> writers = inside;
  writers.insert(writers.end(), outside.begin(), outside.end());
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, &reader));
}

awaitable<void> leader_cut_off(Scenario& s) {
  const NodeId leader = co_await s.leader();
  co_await cut_off(s, leader, s.follower(leader));
}

awaitable<void> follower_cut_off(Scenario& s) {
  const NodeId leader = co_await s.leader();
  co_await cut_off(s, s.follower(leader), leader);
}

TEST(Partition, TheLeaderIsCutOffAndTheMajorityGoesOnUntilItHeals) {
  Scenario scenario;
  scenario.play(leader_cut_off);
}

TEST(Partition, AFollowerIsCutOffAndTheMajorityGoesOnUntilItHeals) {
  Scenario scenario;
  scenario.play(follower_cut_off);
}

}  // namespace
}  // namespace parley::scenario
