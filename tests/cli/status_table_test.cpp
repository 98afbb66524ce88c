// What `parley status` makes of the nodes' answers, and where it finds them.
#include "cli/status_table.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <fstream>

#include "cli/server_finder.hpp"
#include "cli/temporary_folder.hpp"

namespace parley::cli {
namespace {

NodeAnswer answer(int node, const char* role, int term, int leader) {
  NodeAnswer result;
  result.address = "127.0.0.1:720" + std::to_string(node);
  result.status["node"] = node;
  result.status["role"] = role;
  result.status["term"] = term;
  result.status["leader"] = leader;
  result.status["commit"] = 40 + node;
  result.status["voters"] = json::parse(R"([{"node":1,"connected":true},{"node":2,"connected":false}])");
  result.status["copies"] = 2;
  result.status["bearable"] = "no";
  return result;
}
NodeAnswer silent(const char* why) {
  NodeAnswer result;
  result.address = "127.0.0.1:7209";
  result.problem = why;
  return result;
}
std::string joined(const ClusterView& view) {
  std::string text;
  for (const auto& line : view.lines) text += line + "\n";
  return text;
}

TEST(StatusTableTest, NamesTheLeaderTheVotersAndTheUnreachable) {
  const auto view = summarise({answer(1, "leader", 7, 1), answer(2, "follower", 7, 1), silent("connection refused")});
  EXPECT_TRUE(view.has_leader);
  const std::string text = joined(view);
  EXPECT_NE(text.find("leader node 1, term 7, voters 1, 2 (not connected)"), std::string::npos) << text;
  EXPECT_NE(text.find("one more failure bearable: no"), std::string::npos) << text;
  EXPECT_NE(text.find("unreachable: connection refused"), std::string::npos) << text;
  EXPECT_EQ(view.summary.at("leader").to_number<int>(), 1);
  EXPECT_EQ(view.summary.at("nodes").as_array().size(), 3U);
}

TEST(StatusTableTest, WhoTakesOverTheArchiveIsNamedWithHowFarItIs) {
  auto leader = answer(1, "leader", 7, 1);
  leader.status["learners"] = json::parse(
      R"([{"node":3,"connected":true,"snapshot":{"index":9,"bytes":41943040,"total":104857601}},
          {"node":4,"connected":true,"snapshot":{"index":9,"bytes":0,"total":0}}])");
  const std::string text = joined(summarise({leader}));
  EXPECT_NE(text.find("node 3 takes over the archive: 39 % of 101 MiB"), std::string::npos) << text;
  EXPECT_NE(text.find("node 4 takes over the archive: begins"), std::string::npos) << text;

  json::object itself = answer(3, "follower", 7, 1).status;
  itself["snapshot"] = leader.status.at("learners").at(0).at("snapshot");
  EXPECT_EQ(describe_status(itself).back(), "this node takes over the archive of another one: 39 % of 101 MiB");
}

TEST(StatusTableTest, AClockThatIsWrongIsNamed) {
  auto leader = answer(1, "leader", 7, 1);
  leader.status["voters"] = json::parse(
      R"([{"node":1,"connected":true},{"node":2,"connected":true,"clock_ahead_ms":-3600123},
          {"node":3,"connected":true,"clock_ahead_ms":9999}])");
  const std::string text = joined(summarise({leader}));
  EXPECT_NE(text.find("the clock of node 2 is 3600 s behind the leader's"), std::string::npos) << text;
  EXPECT_EQ(text.find("the clock of node 3"), std::string::npos) << text;
}

TEST(StatusTableTest, ADeposedLeaderOfAnOlderTermIsNotBelieved) {
  const auto view = summarise({answer(1, "leader", 7, 1), answer(2, "leader", 9, 2)});
  EXPECT_EQ(view.summary.at("leader").to_number<int>(), 2);
}

TEST(StatusTableTest, WhatIsOnlyRememberedIsNoLeader) {
  const auto view = summarise({answer(2, "follower", 7, 1), silent("connection refused")});
  EXPECT_FALSE(view.has_leader);
  EXPECT_NE(joined(view).find("no leader"), std::string::npos);
  EXPECT_TRUE(view.summary.at("leader").is_null());
}

TEST(StatusTableTest, NobodyAnswers) {
  const auto view = summarise({silent("timed out")});
  EXPECT_FALSE(view.has_leader);
  EXPECT_NE(joined(view).find("no node answers"), std::string::npos);
}

TEST(StatusTableTest, ColumnsStandBelowEachOther) {
  const auto view = summarise({answer(1, "leader", 7, 1), answer(2, "follower", 7, 1)});
  const auto& lines = view.lines;
  const auto& header = lines[lines.size() - 3];
  EXPECT_EQ(lines[lines.size() - 2].find("leader"), header.find("role"));
  EXPECT_EQ(lines[lines.size() - 1].find("follower"), header.find("role"));
}

class ServerFinderTest : public ::testing::Test {
 protected:
  ServerFinderTest() {
    ::unsetenv("PARLEY_SERVERS");
    std::filesystem::current_path(folder_.path());   // where there is no cluster_config.json
  }
  ~ServerFinderTest() override {
    ::unsetenv("PARLEY_SERVERS");
    std::filesystem::current_path(before_);
  }
  std::filesystem::path before_ = std::filesystem::current_path();
  TemporaryFolder folder_;
  StateDirectory state_{(folder_.path() / "state").string()};
};

TEST_F(ServerFinderTest, TheOptionComesFirstAndMayHoldSeveral) {
  ::setenv("PARLEY_SERVERS", "z:9", 1);
  const auto found = find_servers({"a:1,b:2", "[::1]:3"}, "", state_);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->addresses, (std::vector<std::string>{"a:1", "b:2", "[::1]:3"}));
}

TEST_F(ServerFinderTest, ThenTheEnvironmentThenTheLastUsed) {
  state_.remember_servers({"last:1"});
  EXPECT_EQ(find_servers({}, "", state_)->addresses, std::vector<std::string>{"last:1"});
  ::setenv("PARLEY_SERVERS", "env:1", 1);
  EXPECT_EQ(find_servers({}, "", state_)->addresses, std::vector<std::string>{"env:1"});
}

TEST_F(ServerFinderTest, WhatIsNoAddressIsNamed) {
  for (const char* bad : {"nohost", ":7201", "host:", "host:0", "host:70000", "host:12x", "::1:7201"}) {
    const auto found = find_servers({bad}, "", state_);
    ASSERT_FALSE(found.ok()) << bad;
    EXPECT_NE(found.error().message.find(bad), std::string::npos);
  }
}

TEST_F(ServerFinderTest, AMissingConfigurationFileIsAnErrorWhenItWasNamed) {
  EXPECT_FALSE(find_servers({}, (folder_.path() / "none.json").string(), state_).ok());
}

TEST_F(ServerFinderTest, WithNothingToGoByItSaysWhatToDo) {
  const auto found = find_servers({}, "", state_);
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message.find("--server host:port"), std::string::npos);
}

}  // namespace
}  // namespace parley::cli
