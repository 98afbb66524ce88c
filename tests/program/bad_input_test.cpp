// What people get wrong at the command line and in the configuration: each gets a message that names the thing and the
// remedy, and exit code 2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cluster_layout.hpp"
#include "program/program.hpp"

namespace parley::program {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

Ended run_node(const std::filesystem::path& config, const std::string& id = "1") {
  Call call;
  call.arguments = {"node", "--config", config.string(), "--id", id};
  return run(call);
}

std::string two_nodes(const std::string& first_peer, const std::string& second_peer, int second_id = 2) {
  return "{ \"nodes\": [\n  { \"id\": 1, \"peer\": { \"listen\": \"" + first_peer +
         "\" }, \"client\": { \"listen\": \"127.0.0.1:4\" }, \"data\": \"a\" },\n  { \"id\": " +
         std::to_string(second_id) +
         ", \"peer\": { \"listen\": \"" + second_peer +
         "\" }, \"client\": { \"listen\": \"127.0.0.1:5\" }, \"data\": \"b\" } ] }\n";
}

TEST(BadCommandLine, AnUnknownSubcommandIsNamedWithExitCodeTwo) {
  Call call;
  call.arguments = {"frobnicate"};
  const auto ended = run(call);
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("frobnicate"), HasSubstr("--help")));
}

TEST(BadCommandLine, AMissingOptionIsNamed) {
  Call call;
  call.arguments = {"node"};
  const auto ended = run(call);
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("--id"));
}

TEST(BadConfig, AMissingFileIsNamedAndWhatToDo) {
  const TemporaryFolder folder;
  const auto ended = run_node(folder.path() / "nowhere.json");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("nowhere.json"));
}

TEST(BadConfig, BadJsonIsPlacedByLineAndColumn) {
  const TemporaryFolder folder;
  const auto ended = run_node(folder.write("c.json", "{ \"nodes\": [\n  { \"id\": 1,, } ] }\n"));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("c.json:2:13"), HasSubstr("JSON")));
}

TEST(BadConfig, ADuplicateIdIsNamed) {
  const TemporaryFolder folder;
  const auto ended = run_node(folder.write("c.json", two_nodes("127.0.0.1:2", "127.0.0.1:3", 1)));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("id"), HasSubstr("1")));
}

TEST(BadConfig, AnIdThatIsNotInTheFileIsNamed) {
  const TemporaryFolder folder;
  const auto ended = run_node(folder.write("c.json", two_nodes("127.0.0.1:2", "127.0.0.1:3")), "7");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("7"));
}

TEST(BadConfig, ANodeOffTheLoopbackNeedsAKeyAndIsToldHowToMakeOne) {
  const TemporaryFolder folder;
  const auto ended = run_node(folder.write("c.json", two_nodes("192.0.2.1:2", "127.0.0.1:3")));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("192.0.2.1:2"), HasSubstr("cluster_key_file"), HasSubstr("openssl rand")));
}

TEST(BadConfig, AListenerForClientsOffTheLoopbackNeedsAllowPlaintext) {
  const TemporaryFolder folder;
  auto config = two_nodes("127.0.0.1:2", "127.0.0.1:3");
  config.replace(config.find("127.0.0.1:4"), 11, "192.0.2.1:4");
  const auto ended = run_node(folder.write("c.json", config));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("192.0.2.1:4"), HasSubstr("allow_plaintext")));
}

TEST(BadConfig, AKeyThatOthersMayReadIsRefused) {
  const TemporaryFolder folder;
  auto config = two_nodes("127.0.0.1:2", "127.0.0.1:3");
  config.insert(1, "\"cluster_key_file\": \"cluster.key\", ");
  const auto key = folder.write("cluster.key", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  const auto ended = run_node(folder.write("c.json", config));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr(key.string()), HasSubstr("0644"), HasSubstr("chmod 600")));
}

// -- a directory that is in use, or somebody else's ----------------------------------------------------------------

cli::LocalLayout lay_out(const TemporaryFolder& folder, std::size_t nodes) {
  cli::LayoutOptions options;
  options.nodes = nodes;
  options.prefer_default_ports = false;
  auto layout = cli::prepare_layout(folder.path(), options);
  EXPECT_TRUE(layout.ok());
  return *layout;
}

TEST(BadDirectory, ASecondProcessOnOneDataDirectoryEndsAndTheFirstGoesOn) {
  const TemporaryFolder folder;
  const auto layout = lay_out(folder, 1);
  const RunningNode first(layout.config_file, 1, folder.path() / "first.log");
  ASSERT_TRUE(first.wait_for_log("lead", 20s)) << first.log();
  const auto second = run_node(layout.config_file);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, AllOf(HasSubstr("node-1"), HasSubstr("another process")));
  Call status;
  status.arguments = {"status", "--config", layout.config_file.string()};
  EXPECT_EQ(run(status).exit_code, 0);
}

TEST(BadDirectory, APortInUseIsNamed) {
  const TemporaryFolder folder, other;
  const auto layout = lay_out(folder, 1);
  const RunningNode first(layout.config_file, 1, folder.path() / "first.log");
  ASSERT_TRUE(first.wait_for_log("lead", 20s)) << first.log();
  std::filesystem::copy_file(layout.config_file, other.path() / "cluster_config.json");   // the same ports, other data
  const auto second = run_node(other.path() / "cluster_config.json");
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, AllOf(HasSubstr(layout.nodes[0].peer), HasSubstr("listens there already")));
}

TEST(BadDirectory, AnotherNodesDataDirectoryIsRefused) {
  const TemporaryFolder folder;
  const auto layout = lay_out(folder, 1);
  {
    const RunningNode first(layout.config_file, 1, folder.path() / "first.log");
    ASSERT_TRUE(first.wait_for_log("lead", 20s)) << first.log();
  }
  auto config = read_file(layout.config_file);
  config.replace(config.find("\"id\": 1"), 7, "\"id\": 2");   // the same directory for another node
  const auto ended = run_node(folder.write("other.json", config), "2");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("node 1"), HasSubstr("node 2")));
}

}  // namespace
}  // namespace parley::program
