// Scenarios 1 and 2 (docs/TESTING.md): nodes die by SIGKILL while people write.
#include <gtest/gtest.h>

#include "scenarios/judge.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t writers_count = 4;

awaitable<void> leader_killed_amid_sends(Scenario& s) {
  constexpr std::size_t sends_each = 1500;
  auto writers = co_await gather(s, "writer", writers_count, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  const NodeId leader = co_await s.leader();
  Person& reader = s.person("reader", s.follower(leader));
  const bool arrived = co_await reader.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "the reader could not arrive");

  for (Person* writer : writers) writer->begin_writing("#ops", sends_each, 8);
  const bool midway = co_await until_acknowledged(s, writers, writers_count * sends_each / 3, 60s);
  SCENARIO_REQUIRE(midway, "writing does not get on");
  co_await s.kill(leader);
  const NodeId next = co_await s.leader();
  EXPECT_NE(next, leader);
  EXPECT_LT(acknowledged(writers), writers_count * sends_each) << "the leader died after all the sends, not amid them";
  co_await until_done(s, writers, 60s);
  EXPECT_EQ(acknowledged(writers), writers_count * sends_each);

  s.start(leader);   // it catches up: the judge waits for that
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, &reader));
}

TEST(NodeFailure, TheLeaderIsKilledAmidSixThousandSendsAndNothingIsLostDoubledOrReordered) {
  Scenario scenario;
  scenario.play(leader_killed_amid_sends);
}

// The survivor of three, asked for the room: it answers, and says that the answer may be old.
awaitable<void> expect_stale_reads(Scenario& s, Person& person) {
  cli::json::object page;
  page["in"] = "#ops";
  const auto outcome = co_await person.client().call("history", std::move(page), s.clock().now() + 10s);
  SCENARIO_REQUIRE(outcome.done(), "the survivor serves no reads: " << outcome.message);
  const auto* stale = outcome.result.as_object().if_contains("stale");
  EXPECT_TRUE(stale != nullptr && stale->is_bool() && stale->as_bool()) << "the survivor does not mark its reads stale";
  EXPECT_FALSE(outcome.result.at("messages").as_array().empty());
}

// The leader has so many voters, and says that it bears one more failure.
awaitable<bool> until_voters(Scenario& s, NodeId leader, std::size_t voters) {
  for (const TimePoint deadline = s.clock().now() + 10s; s.clock().now() < deadline;) {
    const auto views = co_await s.cluster().views(1s);
    const auto view = views.find(leader);
    if (view != views.end() && view->second.voters.size() == voters && view->second.bearable == "yes") {
      co_return true;
    }
    co_await s.cluster().pause(10ms);
  }
  co_return false;
}

awaitable<void> two_of_three_killed(Scenario& s) {
  const NodeId leader = co_await s.leader();
  const NodeId first = s.follower(leader);
  const NodeId survivor = s.follower(leader, std::vector<NodeId>(1, first));
  auto writers = co_await gather(s, "writer", 3, "#ops", std::vector<NodeId>(1, survivor));
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  Person& reader = s.person("reader");
  const bool arrived = co_await reader.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "the reader could not arrive");
  for (Person* writer : writers) writer->begin_writing("#ops", 1'000'000, 4);
  co_await until_acknowledged(s, writers, 200, 30s);

  co_await s.kill(first);
  const std::size_t after_first = acknowledged(writers);
  co_await until_acknowledged(s, writers, after_first + 200, 30s);   // one failure of three: it goes on
  const bool shrunk = co_await until_voters(s, leader, 2);
  SCENARIO_REQUIRE(shrunk, "the leader does not take the dead one's vote");

  co_await s.kill(leader);
  co_await s.cluster().pause(3s);                // longer than any election timeout
  const std::size_t after_second = acknowledged(writers);
  co_await s.cluster().pause(2s);
  EXPECT_EQ(acknowledged(writers), after_second) << "a write was taken as done without a majority";
  for (Person* writer : writers) EXPECT_GT(writer->client().pending(), 0U) << writer->name() << " waits for nothing";
  co_await expect_stale_reads(s, *writers.front());

  s.start(first);                                // no voter any more: with it alone nothing can be decided
  co_await s.cluster().pause(2s);
  EXPECT_EQ(acknowledged(writers), after_second) << "the last voters' majority was not asked";
  s.start(leader);                               // now what is pending goes out, once
  co_await until_acknowledged(s, writers, after_second + 50, 30s);
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, &reader));
}

TEST(NodeFailure, AfterAFollowerAndThenTheLeaderTheLastOneServesStaleReadsTakesNoWriteAndPendingOnesGoOutOnce) {
  Scenario scenario;
  scenario.play(two_of_three_killed);
}

awaitable<void> any_two_of_five_at_once(Scenario& s) {
  auto writers = co_await gather(s, "writer", writers_count, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  Person& reader = s.person("reader");
  const bool arrived = co_await reader.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "the reader could not arrive");
  for (Person* writer : writers) writer->begin_writing("#ops", 1'000'000, 4);

  for (const bool with_leader : {true, false}) {
    const NodeId leader = co_await s.leader();
    const NodeId one = s.follower(leader);
    const NodeId other = with_leader ? leader : s.follower(leader, std::vector<NodeId>(1, one));
    const auto killed_one = s.nodes().kill(one);
    const auto killed_other = s.nodes().kill(other);
    EXPECT_TRUE(killed_one.ok() && killed_other.ok());
    const std::size_t before = acknowledged(writers);
    co_await until_acknowledged(s, writers, before + 200, 30s);
    co_await s.nodes().wait_until_ended(one);
    co_await s.nodes().wait_until_ended(other);
    s.start(one);
    s.start(other);
    const bool caught_up = co_await s.cluster().caught_up(30s);
    EXPECT_TRUE(caught_up) << "the returned nodes did not catch up";
    const NodeId next = co_await s.leader();
    const bool whole = co_await until_voters(s, next, 5);
    EXPECT_TRUE(whole) << "the returned nodes are not voters again";
  }
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, &reader));
}

TEST(NodeFailure, AnyTwoOfFiveAreKilledAtOnceAndWritesGoOn) {
  ScenarioOptions options;
  options.nodes = 5;
  Scenario scenario(options);
  scenario.play(any_two_of_five_at_once);
}

}  // namespace
}  // namespace parley::scenario
