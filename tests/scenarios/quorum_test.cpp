// Scenario 13 (docs/TESTING.md): the voting set changes by itself: two failures of three one after the other, planned
// stops, a lost disk. People write all the while.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "scenarios/judge.hpp"
#include "scenarios/people.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

std::size_t count(const cli::json::object& status, const char* what) {
  const auto* list = status.if_contains(what);
  return list != nullptr && list->is_array() ? list->as_array().size() : 0;
}

bool bears_one_more(const cli::json::object& status) {
  const auto* bearable = status.if_contains("bearable");
  return bearable != nullptr && bearable->is_string() && bearable->as_string() == "yes";
}

// So many voters, all of it committed.
awaitable<bool> until_voters(Scenario& s, NodeId leader, std::size_t voters, Duration at_most) {
  const TimePoint deadline = s.clock().now() + at_most;
  while (s.clock().now() < deadline) {
    const auto status = co_await status_of(s, leader);
    const bool settled = voters == 1 || bears_one_more(status);
    if (count(status, "voters") == voters && settled) co_return true;
    co_await s.cluster().pause(10ms);
  }
  co_return false;
}

awaitable<void> two_failures_one_after_the_other(Scenario& s) {
  auto all = co_await crowd(s, 3, 4, 200);
  auto& writers = all.writers;
  SCENARIO_REQUIRE(!writers.empty(), "they could not arrive");

  const NodeId leader = co_await s.leader();
  const NodeId first = s.follower(leader);
  const NodeId second = s.follower(leader, std::vector<NodeId>(1, first));
  co_await s.kill(first);
  const bool shrunk = co_await until_voters(s, leader, 2, 5s);
  SCENARIO_REQUIRE(shrunk, "the leader does not take the dead one's vote");
  co_await s.kill(second);
  const std::size_t before = acknowledged(writers);
  const bool goes_on = co_await until_acknowledged(s, writers, before + 300, 30s);
  EXPECT_TRUE(goes_on) << "one of three, the leader, does not go on after two failures";

  s.start(first);
  s.start(second);
  const bool whole = co_await until_voters(s, leader, 3, 20s);
  EXPECT_TRUE(whole) << "who is back does not become a voter again";
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, all.reader));
}

TEST(DynamicQuorum, TwoFailuresOneAfterTheOtherAndTheLeaderGoesOnAlone) {
  Scenario scenario;
  scenario.play(two_failures_one_after_the_other);
}

awaitable<void> rolling_restart(Scenario& s) {
  auto all = co_await crowd(s, 3, 4, 200);
  auto& writers = all.writers;
  SCENARIO_REQUIRE(!writers.empty(), "they could not arrive");

  for (int turn = 0; turn < 3; ++turn) {   // always the leader: the stop that is noticed most
    const NodeId leader = co_await s.leader();
    const std::size_t before = acknowledged(writers);
    const auto stopped = s.nodes().stop(leader);
    SCENARIO_REQUIRE(stopped.ok(), "the leader can't be asked to stop");
    co_await s.nodes().wait_until_ended(leader);
    const NodeId next = co_await s.leader();
    EXPECT_NE(next, leader);
    const auto status = co_await status_of(s, next);
    EXPECT_EQ(count(status, "voters"), 3U) << "its seat is not kept";
    const bool goes_on = co_await until_acknowledged(s, writers, before + 200, 30s);
    EXPECT_TRUE(goes_on);
    s.start(leader);
    const bool back = co_await s.cluster().caught_up(30s);
    EXPECT_TRUE(back);
  }
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  for (const Person* writer : writers) {
    EXPECT_TRUE(writer->refused().empty()) << writer->name() << ": " << writer->refused().front();
    EXPECT_TRUE(writer->unknown().empty()) << writer->name() << ": " << writer->unknown().front();
  }
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, all.reader));
}

TEST(DynamicQuorum, APlannedStopOfEachLeaderInTurnFailsNoSend) {
  Scenario scenario;
  scenario.play(rolling_restart);
}

namespace fs = std::filesystem;

void lose(const fs::path& data) { fs::remove_all(data); }

// A bit of the first batch of the log.
void damage(const fs::path& data) {
  const fs::path segment = data / "log" / "0000000001.wal";
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(700);
  const int byte = file.get();
  file.seekp(700);
  file.put(static_cast<char>(byte ^ 4));
}

awaitable<void> harmed_disk(Scenario& s, void (*harm)(const fs::path& data)) {
  auto all = co_await crowd(s, 3, 4, 200);
  auto& writers = all.writers;
  SCENARIO_REQUIRE(!writers.empty(), "they could not arrive");

  const NodeId leader = co_await s.leader();
  const NodeId wiped = s.follower(leader);
  co_await s.kill(wiped);
  for (const auto& node : s.cluster().layout().nodes) {
    if (node.id == wiped) harm(node.data);
  }
  s.start(wiped);
  const bool shrunk = co_await until_voters(s, leader, 2, 10s);
  EXPECT_TRUE(shrunk) << "its former vote is not taken";
  const bool whole = co_await until_voters(s, leader, 3, 20s);
  EXPECT_TRUE(whole) << "it does not become a voter with its new directory";
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, all.reader));
}

awaitable<void> lost_disk(Scenario& s) { co_await harmed_disk(s, lose); }

awaitable<void> damaged_disk(Scenario& s) {
  co_await harmed_disk(s, damage);
  std::size_t aside = 0;
  for (const auto& node : s.cluster().layout().nodes) {
    aside += fs::exists(fs::path(node.data) / "identity.aside") ? 1 : 0;
  }
  EXPECT_EQ(aside, 1U) << "the damage was not noticed";
}

TEST(DynamicQuorum, ANodeWhoseLogIsDamagedSetsItAsideAndRejoinsWithoutAHand) {
  Scenario scenario;
  scenario.play(damaged_disk);
}

TEST(DynamicQuorum, AWipedNodeRejoinsByItselfUnderItsNewIncarnation) {
  Scenario scenario;
  scenario.play(lost_disk);
}

}  // namespace
}  // namespace parley::scenario
