// Scenario 5 (docs/TESTING.md): what the cluster does every day, each by its name.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "scenarios/judge.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

awaitable<void> elections(Scenario& s) {
  std::uint64_t term = 0;
  for (int round = 0; round < 3; ++round) {
    const NodeId leader = co_await s.leader();
    const auto views = co_await s.cluster().views(2s);
    std::set<NodeId> leaders;
    for (const auto& [node, view] : views) {
      if (view.role == "leader") leaders.insert(node);
    }
    EXPECT_EQ(leaders, std::set<NodeId>(&leader, &leader + 1)) << "exactly one leader";
    EXPECT_GT(views.at(leader).term, term) << "a new leader has a new term";
    term = views.at(leader).term;
    co_await s.kill(leader);
    const NodeId next = co_await s.leader();
    EXPECT_NE(next, leader);
    s.start(leader);
    const bool caught_up = co_await s.cluster().caught_up(20s);
    SCENARIO_REQUIRE(caught_up, "the old leader did not come back as a follower");
  }
}

TEST(LeaderElection, EachKilledLeaderIsFollowedByExactlyOneOfALaterTerm) {
  Scenario scenario;
  scenario.play(elections);
}

awaitable<void> replication(Scenario& s) {
  auto writers = co_await gather(s, "writer", 3, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  const NodeId leader = co_await s.leader();
  const NodeId late = s.follower(leader);
  co_await s.kill(late);                           // misses all of it
  for (Person* writer : writers) writer->begin_writing("#ops", 500, 16);
  co_await until_done(s, writers, 60s);
  s.start(late);
  co_await judge(s, "#ops", writers, std::vector<Person*>());
}

TEST(LogReplication, AFollowerThatWasAwayHoldsTheSameAsTheOthersWhenItIsBack) {
  Scenario scenario;
  scenario.play(replication);
}

bool logged(Scenario& s, NodeId node, const std::string& event) {
  std::ifstream log(s.nodes().log_file(node));
  for (std::string line; std::getline(log, line);) {
    if (line.find(event) != std::string::npos) return true;
  }
  return false;
}

awaitable<void> snapshot(Scenario& s) {
  auto writers = co_await gather(s, "writer", 3, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  const NodeId leader = co_await s.leader();
  const NodeId late = s.follower(leader);
  co_await s.kill(late);                           // misses all of it, and more than the log keeps
  for (Person* writer : writers) writer->begin_writing("#ops", 1000, 16);
  const auto compacted = [&s, leader] { return logged(s, leader, "the log begins after index"); };
  const bool gone = co_await s.eventually(compacted, 30s);
  SCENARIO_REQUIRE(gone, "the leader kept its whole log");
  s.start(late);                                   // while they go on
  const auto fetched = [&s, late] { return logged(s, late, "and verified"); };
  const bool came = co_await s.eventually(fetched, 30s);
  EXPECT_TRUE(came) << "the archive was not fetched";
  co_await until_done(s, writers, 60s);
  co_await judge(s, "#ops", writers, std::vector<Person*>());
}

TEST(Snapshot, AFollowerThatWasAwayForTooLongFetchesTheArchiveAndHoldsTheSameAsTheOthers) {
  ScenarioOptions options;
  options.settings = "\"log_keep_entries\": 100, \"checkpoint_interval_ms\": 200";
  Scenario scenario(options);
  scenario.play(snapshot);
}

awaitable<void> client_moves(Scenario& s) {
  const NodeId leader = co_await s.leader();
  Person& writer = s.person("writer");              // connects anywhere, is told the leader, moves there
  const bool arrived = co_await writer.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "the writer could not arrive");
  const auto at_leader = [&writer, &s](NodeId node) {
    return writer.client().connection().address == s.cluster().server(node);
  };
  std::function<bool()> moved = [&] { return at_leader(leader); };
  const bool there = co_await s.eventually(std::move(moved), 10s);
  EXPECT_TRUE(there) << "the client is at " << writer.client().connection().address;
  writer.begin_writing("#ops", 1'000'000, 1);
  std::vector<Person*> writers(1, &writer);
  co_await until_acknowledged(s, writers, 20, 20s);
  co_await s.kill(leader);
  const NodeId next = co_await s.leader();
  const std::size_t before = acknowledged(writers);
  co_await until_acknowledged(s, writers, before + 20, 20s);
  std::function<bool()> moved_on = [&] { return at_leader(next); };
  const bool there_too = co_await s.eventually(std::move(moved_on), 10s);
  EXPECT_TRUE(there_too) << "the client is at " << writer.client().connection().address;
  EXPECT_EQ(writer.leaders_told().back(), next.value) << "the client was not told who leads now";
  writer.stop_writing();
  co_await until_done(s, writers, 20s);
  s.start(leader);
  co_await judge(s, "#ops", writers, std::vector<Person*>());
}

TEST(ClientFailover, AClientIsToldTheLeaderMovesThereAndFollowsItWhenItChanges) {
  Scenario scenario;
  scenario.play(client_moves);
}

awaitable<void> ordering(Scenario& s) {
  std::vector<NodeId> everywhere;
  for (const auto& node : s.cluster().layout().nodes) everywhere.push_back(node.id);
  auto writers = co_await gather(s, "writer", 6, "#ops", everywhere);    // two at each node, deep pipelines
  auto readers = co_await gather(s, "reader", 3, "#ops", everywhere);
  SCENARIO_REQUIRE(!writers.empty() && !readers.empty(), "not all could arrive");
  for (Person* writer : writers) writer->begin_writing("#ops", 400, 32);
  co_await until_done(s, writers, 60s);
  EXPECT_EQ(acknowledged(writers), 2400U);
  co_await judge(s, "#ops", writers, readers);
}

TEST(Ordering, PipelinedWritersAtAllNodesAreSeenInOneOrderEverywhere) {
  Scenario scenario;
  scenario.play(ordering);
}

awaitable<void> delivery(Scenario& s) {
  std::vector<NodeId> everywhere;
  for (const auto& node : s.cluster().layout().nodes) everywhere.push_back(node.id);
  auto readers = co_await gather(s, "reader", 3, "#ops", everywhere);
  auto writers = co_await gather(s, "writer", 1, "#ops");
  SCENARIO_REQUIRE(!writers.empty() && !readers.empty(), "not all could arrive");
  for (const NodeId node : everywhere) {           // roll a failure through the cluster while one writes
    writers[0]->begin_writing("#ops", 1'000'000, 1);
    const std::size_t before = acknowledged(writers);
    co_await until_acknowledged(s, writers, before + 20, 20s);
    co_await s.kill(node);
    co_await until_acknowledged(s, writers, before + 60, 20s);
    s.start(node);
    const bool caught_up = co_await s.cluster().caught_up(20s);
    SCENARIO_REQUIRE(caught_up, "the killed node did not come back");
  }
  writers[0]->stop_writing();
  co_await until_done(s, writers, 20s);
  co_await judge(s, "#ops", writers, readers);      // each reader lost its node once, and missed nothing
}

TEST(Delivery, ReadersSeeEveryMessageOnceInOrderThoughTheirNodesDieInTurn) {
  Scenario scenario;
  scenario.play(delivery);
}

}  // namespace
}  // namespace parley::scenario
