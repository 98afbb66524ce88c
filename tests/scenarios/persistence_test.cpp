// Scenario 4 (docs/TESTING.md): all nodes end, and start again.
#include <gtest/gtest.h>

#include "scenarios/judge.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

awaitable<void> all_restart(Scenario& s, bool by_force) {
  auto writers = co_await gather(s, "writer", 4, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  Person& reader = s.person("reader");
  const bool arrived = co_await reader.arrive("#ops");
  SCENARIO_REQUIRE(arrived, "the reader could not arrive");
  for (Person* writer : writers) writer->begin_writing("#ops", 1'000'000, 4);
  co_await until_acknowledged(s, writers, 400, 30s);

  for (const auto& node : s.cluster().layout().nodes) {   // all at once, amid the sends
    const auto ended = by_force ? s.nodes().kill(node.id) : s.nodes().stop(node.id);
    EXPECT_TRUE(ended.ok());
  }
  for (const auto& node : s.cluster().layout().nodes) co_await s.nodes().wait_until_ended(node.id);
  const std::size_t before = acknowledged(writers);
  for (const auto& node : s.cluster().layout().nodes) s.start(node.id);
  co_await until_acknowledged(s, writers, before + 200, 60s);
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 30s);
  co_await judge(s, "#ops", writers, std::vector<Person*>(1, &reader));
}

awaitable<void> stopped(Scenario& s) { co_await all_restart(s, false); }
awaitable<void> killed(Scenario& s) { co_await all_restart(s, true); }

TEST(Persistence, AllNodesAreStoppedAndStartedAndEverythingIsThere) {
  Scenario scenario;
  scenario.play(stopped);
}

TEST(Persistence, AllNodesAreKilledAtOnceAndStartedAndEverythingIsThere) {
  Scenario scenario;
  scenario.play(killed);
}

}  // namespace
}  // namespace parley::scenario
