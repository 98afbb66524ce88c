// README's failure table, row by row, on real processes (label `table`): one node fails, perhaps returns, another one
// fails, people writing all the while. What goes on goes on; what waits acknowledges nothing, and goes on when the one
// that the table names is back; in the end all are voters again and hold the same.
#include <gtest/gtest.h>

#include "scenarios/judge.hpp"
#include "scenarios/people.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

enum class Who : std::uint8_t { nobody, leader, follower, the_same };   // of that moment; the_same: as failed before
enum class How : std::uint8_t { crash, stop };
enum class Then : std::uint8_t { goes_on, waits_for_any, waits_for_the_last };

struct Failure {
  Who who = Who::nobody;
  How how = How::crash;
};

struct Row {
  std::size_t nodes;
  const char* name;
  std::vector<Failure> failures;   // in order
  bool returns = false;            // each is a voter again before the next one fails
  bool at_once = false;            // all at the same moment; else the leader has drawn its conclusion before the next
  Then then = Then::goes_on;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

constexpr Failure leader{Who::leader, How::crash};
constexpr Failure follower{Who::follower, How::crash};
constexpr Failure same{Who::the_same, How::crash};
constexpr Failure leader_stops{Who::leader, How::stop};
constexpr Failure follower_stops{Who::follower, How::stop};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {3, "AFollower", {follower}},
      {3, "TheLeader", {leader}},
      {3, "AFollowerStops", {follower_stops}},
      {3, "TheLeaderStops", {leader_stops}},
      {3, "AFollowerThenTheOtherFollower", {follower, follower}},
      {3, "AFollowerThenTheLeader", {follower, leader}, false, false, Then::waits_for_the_last},
      {3, "TheLeaderThenTheNewLeadersFollower", {leader, follower}},
      {3, "TheLeaderThenTheNewLeader", {leader, leader}, false, false, Then::waits_for_the_last},
      {3, "AFollowerReturnsThenTheOtherFollower", {follower, follower}, true},
      {3, "AFollowerReturnsThenItAgain", {follower, same}, true},
      {3, "AFollowerReturnsThenTheLeader", {follower, leader}, true},
      {3, "TheLeaderReturnsThenAFollower", {leader, follower}, true},
      {3, "TheLeaderReturnsThenItAgain", {leader, same}, true},
      {3, "TheLeaderReturnsThenTheNewLeader", {leader, leader}, true},
      {3, "BothFollowersAtOnce", {follower, follower}, false, true, Then::waits_for_any},
      {3, "TheLeaderAndAFollowerAtOnce", {leader, follower}, false, true, Then::waits_for_any},
      {3, "TwoFollowersThenTheSoleVoter", {follower, follower, leader}, false, false, Then::waits_for_the_last},
      {3, "TwoFollowersThenTheSoleVoterStops", {follower, follower, leader_stops}, false, false,
       Then::waits_for_the_last},
      {3, "AFollowerStopsThenTheOtherCrashes", {follower_stops, follower}, false, false, Then::waits_for_any},
      {3, "AFollowerStopsThenTheLeaderCrashes", {follower_stops, leader}, false, false, Then::waits_for_any},
      {3, "TheLeaderStopsThenTheNewLeaderCrashes", {leader_stops, leader}, false, false, Then::waits_for_any},
      {3, "TheLeaderStopsThenAFollowerCrashes", {leader_stops, follower}, false, false, Then::waits_for_any},
      {3, "AFollowerCrashesThenTheOtherStops", {follower, follower_stops}},
      {3, "AFollowerCrashesThenTheLeaderStops", {follower, leader_stops}},
      {3, "TheLeaderCrashesThenAFollowerStops", {leader, follower_stops}},
      {3, "TheLeaderCrashesThenTheNewLeaderStops", {leader, leader_stops}},
      {3, "AFollowerStopsThenTheOtherStops", {follower_stops, follower_stops}, false, false, Then::waits_for_any},
      {3, "AFollowerStopsThenTheLeaderStops", {follower_stops, leader_stops}, false, false, Then::waits_for_any},
      {3, "TheLeaderStopsThenTheNewLeaderStops", {leader_stops, leader_stops}, false, false, Then::waits_for_any},
      {3, "AFollowerStopsReturnsThenTheLeaderCrashes", {follower_stops, leader}, true},
      {5, "FiveAFollower", {follower}},
      {5, "FiveTheLeader", {leader}},
      {5, "FiveTwoFollowersAtOnce", {follower, follower}, false, true},
      {5, "FiveTheLeaderAndAFollowerAtOnce", {leader, follower}, false, true},
      {5, "FiveAFollowerThenTheLeader", {follower, leader}},
      {5, "FiveTheLeaderThenAFollower", {leader, follower}},
      {5, "FiveTwoFollowersThenTheLeader", {follower, follower, leader}},
      {5, "FiveThreeFollowersThenTheLeader", {follower, follower, follower, leader}, false, false,
       Then::waits_for_the_last},
      {5, "FiveThreeFollowersOneAfterTheOther", {follower, follower, follower}},
      {5, "FiveTheLeaderThreeTimes", {leader, leader, leader}},
      {5, "FiveFourFollowersOneAfterTheOther", {follower, follower, follower, follower}},
      {5, "FiveThreeFollowersAtOnce", {follower, follower, follower}, false, true, Then::waits_for_any},
      {5, "FiveThreeAtOnce", {leader, follower, follower}, false, true, Then::waits_for_any},
  };
  return all;
}

const Row* played = nullptr;   // by the story that runs

// The leader has taken the votes of the dead, and one more failure, of another node, is bearable; or it is alone.
awaitable<bool> until_conclusion(Scenario& s, std::size_t alive) {
  const TimePoint deadline = s.clock().now() + 20s;
  while (s.clock().now() < deadline) {
    const auto found = co_await s.cluster().leader(5s);
    if (found) {
      const auto status = co_await status_of(s, *found);
      const auto* bearable = status.if_contains("bearable");
      const auto* voters = status.if_contains("voters");
      const bool bears = bearable != nullptr && bearable->is_string() && bearable->as_string() == "yes";
      const bool shrunk = voters != nullptr && voters->is_array() && voters->as_array().size() == alive;
      if (shrunk && (bears || alive == 1)) co_return true;
    }
    co_await s.cluster().pause(10ms);
  }
  co_return false;
}

awaitable<void> fail(Scenario& s, NodeId node, How how) {
  if (how == How::crash) {
    co_await s.kill(node);
  } else {
    const auto stopped = s.nodes().stop(node);
    EXPECT_TRUE(stopped.ok());
    co_await s.nodes().wait_until_ended(node);
  }
}

// Nothing is acknowledged in a second, which is ten times what an election takes: only time shows that.
awaitable<bool> waits(Scenario& s, const std::vector<Person*>& writers) {
  co_await s.cluster().pause(100ms);   // what was acknowledged before the failure arrives
  const std::size_t before = acknowledged(writers);
  co_await s.cluster().pause(1s);
  co_return acknowledged(writers) == before;
}

awaitable<bool> goes_on(Scenario& s, std::vector<Person*> writers) {
  const std::size_t wanted = acknowledged(writers) + 50;
  co_return co_await until_acknowledged(s, std::move(writers), wanted, 30s);
}

// Who fails now: of those that run.
awaitable<NodeId> chosen(Scenario& s, Who who, const std::vector<NodeId>& failed) {
  if (who == Who::the_same) co_return failed.back();
  const NodeId leads = co_await s.leader();
  if (who == Who::leader) co_return leads;
  co_return s.follower(leads);
}

awaitable<void> returns(Scenario& s, NodeId node) {
  s.start(node);
  const bool voters = co_await s.cluster().caught_up(30s);
  EXPECT_TRUE(voters) << "node " << node.value << " is not a voter again";
}

// All failures of the row; returns who failed, in order.
awaitable<std::vector<NodeId>> fail_all(Scenario& s, const Row& row) {
  std::vector<NodeId> failed;
  if (row.at_once) {
    const NodeId leads = co_await s.leader();
    for (const Failure& failure : row.failures) {
      failed.push_back(failure.who == Who::leader ? leads : s.follower(leads, failed));
    }
    for (const NodeId node : failed) EXPECT_TRUE(s.nodes().kill(node).ok());
    for (const NodeId node : failed) co_await s.nodes().wait_until_ended(node);
    co_return failed;
  }
  for (std::size_t i = 0; i < row.failures.size(); ++i) {
    const Failure& failure = row.failures[i];
    const NodeId node = co_await chosen(s, failure.who, failed);
    co_await fail(s, node, failure.how);
    failed.push_back(node);
    if (i + 1 == row.failures.size()) break;
    if (row.returns) co_await returns(s, node);
    const bool seat_is_kept = failure.how == How::stop;
    if (row.returns || seat_is_kept) continue;
    const bool concluded = co_await until_conclusion(s, row.nodes - failed.size());
    EXPECT_TRUE(concluded) << "after failure " << i + 1 << " the leader does not bear another one";
  }
  co_return failed;
}

awaitable<void> row_of_the_table(Scenario& s) {
  const Row& row = *played;
  auto all = co_await crowd(s, 2, 2, 50);
  auto& writers = all.writers;
  SCENARIO_REQUIRE(!writers.empty(), "they could not arrive");

  auto failed = co_await fail_all(s, row);
  if (row.then == Then::goes_on) {
    const bool on = co_await goes_on(s, writers);
    EXPECT_TRUE(on) << "the table says that it goes on";
  } else {
    const bool waiting = co_await waits(s, writers);
    EXPECT_TRUE(waiting) << "the table says that it waits";
  }
  std::vector<NodeId> down;
  for (const NodeId node : failed) {
    if (!s.nodes().running(node)) down.push_back(node);
  }
  if (row.then == Then::waits_for_the_last) {
    for (std::size_t i = 0; i + 1 < down.size(); ++i) {
      s.start(down[i]);
      const bool waiting = co_await waits(s, writers);
      EXPECT_TRUE(waiting) << "it goes on with node " << down[i].value << ", which can't know what was committed";
    }
    s.start(down.back());
  } else if (!down.empty()) {
    s.start(down.front());
  }
  const bool on = co_await goes_on(s, writers);
  EXPECT_TRUE(on) << "it does not go on when the one is back that the table names";
  for (const NodeId node : down) {
    if (!s.nodes().running(node)) s.start(node);
  }
  const bool whole = co_await s.cluster().caught_up(60s);
  EXPECT_TRUE(whole) << "not all are voters again";
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, all.reader));
}

class FailureTable : public ::testing::TestWithParam<Row> {};

TEST_P(FailureTable, GoesAsReadmeSays) {
  played = &GetParam();
  ScenarioOptions options;
  options.nodes = played->nodes;
  Scenario scenario(options);
  scenario.play(row_of_the_table);
}

INSTANTIATE_TEST_SUITE_P(On, FailureTable, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::scenario
