// Links between nodes under TLS, with real processes: the cluster does what it does in plain text.
#include <gtest/gtest.h>

#include <fstream>

#include "scenarios/judge.hpp"

namespace parley::scenario {
namespace {

using namespace std::chrono_literals;

ScenarioOptions with_a_key() {
  ScenarioOptions options;
  options.cluster_key = "9f3c1e5b7a2d4806f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778f";
  return options;
}

awaitable<void> failover(Scenario& s) {
  auto writers = co_await gather(s, "writer", 2, "#ops");
  SCENARIO_REQUIRE(!writers.empty(), "the writers could not arrive");
  for (Person* writer : writers) writer->begin_writing("#ops", 1'000'000, 8);
  co_await until_acknowledged(s, writers, 200, 20s);
  const NodeId leader = co_await s.leader();
  co_await s.kill(leader);
  const TimePoint killed = s.clock().now();
  const NodeId next = co_await s.leader();
  EXPECT_NE(next, leader);
  const std::size_t before = acknowledged(writers);
  co_await until_acknowledged(s, writers, before + 200, 20s);
  EXPECT_LT(s.clock().now() - killed, 10s);
  s.start(leader);
  const bool back = co_await s.cluster().caught_up(20s);
  EXPECT_TRUE(back) << "the killed node did not come back";
  for (Person* writer : writers) writer->stop_writing();
  co_await until_done(s, writers, 20s);
  co_await judge(s, "#ops", writers, std::vector<Person*>());
}

TEST(SecureLinks, WithAKeyALeaderIsReplacedAndComesBackAndNothingIsLost) {
  Scenario scenario(with_a_key());
  scenario.play(failover);
}

TEST(SecureLinks, WithCertificatesALeaderIsReplacedAndComesBackAndNothingIsLost) {
  ScenarioOptions options;
  options.certificates = true;
  Scenario scenario(options);
  scenario.play(failover);
}

bool logged(Scenario& s, NodeId node, const std::string& text) {
  std::ifstream log(s.nodes().log_file(node));
  for (std::string line; std::getline(log, line);) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

// Gives the node another key than the others have, or theirs again. It reads the file at its start.
void change_key(Scenario& s, char last) {
  std::string key;
  std::ifstream(s.key_file()) >> key;
  EXPECT_EQ(key.size(), 64U);
  key.back() = last;
  std::ofstream(s.key_file(), std::ios::trunc) << key << "\n";
}

awaitable<void> other_key(Scenario& s) {
  const NodeId leader = co_await s.leader();
  const NodeId stranger = s.follower(leader);
  co_await s.kill(stranger);
  change_key(s, '0');
  s.start(stranger);
  const auto told = [&] { return logged(s, stranger, "it has another cluster key than this node"); };
  const bool known = co_await s.eventually(told, 20s);
  EXPECT_TRUE(known) << "node " << stranger.value << " did not say that its key is not the others'";
  EXPECT_TRUE(s.nodes().running(stranger));
  co_await s.kill(stranger);
  change_key(s, 'f');
  s.start(stranger);
  const bool back = co_await s.cluster().caught_up(20s);
  EXPECT_TRUE(back) << "with the right key it did not come back";
}

TEST(SecureLinks, ANodeWithAnotherKeyIsKeptOutAndSaysWhyUntilItHasTheirs) {
  Scenario scenario(with_a_key());
  scenario.play(other_key);
}

}  // namespace
}  // namespace parley::scenario
