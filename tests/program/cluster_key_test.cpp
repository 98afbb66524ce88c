// Links between nodes as processes, without a proxy between them: with one key, with two, with one that has none.
#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include "program/program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

const std::string one_key = "9f3c1e5b7a2d4806f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778f";
const std::string another_key = "8f3c1e5b7a2d4806f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778f";

// A folder with the nodes' data and, for each, a configuration of its own: they differ in the key only.
class Nodes {
 public:
  explicit Nodes(std::size_t count) {
    FreeAddresses fresh;
    for (std::size_t i = 1; i <= count; ++i) {
      list_ += std::string(i == 1 ? "" : ", ") + "{ \"id\": " + std::to_string(i) + ", \"peer\": { \"listen\": \"" +
               fresh.next() + "\" }, \"client\": { \"listen\": \"" + fresh.next() + "\" }, \"data\": \"node-" +
               std::to_string(i) + "\" }";
    }
  }
  // No key: "".
  std::unique_ptr<RunningNode> start(int id, const std::string& key) const {
    const std::string name = "node-" + std::to_string(id);
    std::string setting;
    if (!key.empty()) {
      std::filesystem::permissions(folder_.write(name + ".key", key + "\n"), std::filesystem::perms(0600));
      setting = ", \"cluster_key_file\": \"" + name + ".key\"";
    }
    const auto config = folder_.write(name + ".json", "{ \"nodes\": [" + list_ + "]" + setting + " }");
    return std::make_unique<RunningNode>(config, id, folder_.path() / (name + ".log"));
  }

 private:
  TemporaryFolder folder_;
  std::string list_;
};

TEST(ClusterKey, NodesWithOneKeyFindEachOtherAndALeader) {
  const Nodes nodes(3);
  std::vector<std::unique_ptr<RunningNode>> running;
  for (int id = 1; id <= 3; ++id) running.push_back(nodes.start(id, one_key));
  for (const auto& node : running) {
    EXPECT_TRUE(node->wait_for_log("leads in term", 20s) || node->wait_for_log("now leader", 1s)) << node->log();
  }
}

TEST(ClusterKey, NodesWithDifferentKeysSayOnBothSidesThatTheyDiffer) {
  const Nodes nodes(2);
  const auto first = nodes.start(1, one_key);
  const auto second = nodes.start(2, another_key);
  for (const auto* node : {first.get(), second.get()}) {
    EXPECT_TRUE(node->wait_for_log("[peer_turned_away]", 20s)) << node->log();
    EXPECT_TRUE(node->wait_for_log("[no_link]", 20s)) << node->log();
    EXPECT_THAT(node->log(), HasSubstr("it has another cluster key than this node"));
  }
}

TEST(ClusterKey, OneWithoutAKeyAndOneWithSaySoOnBothSides) {
  const Nodes nodes(2);
  const auto secured = nodes.start(1, one_key);
  const auto plain = nodes.start(2, "");
  EXPECT_TRUE(secured->wait_for_log("it speaks plain text: it has no cluster_key_file", 20s)) << secured->log();
  EXPECT_TRUE(secured->wait_for_log("cannot secure the link to", 20s)) << secured->log();
  EXPECT_TRUE(plain->wait_for_log("it speaks TLS: it has a cluster_key_file", 20s)) << plain->log();
  EXPECT_TRUE(plain->wait_for_log("this node needs the same cluster_key_file", 20s)) << plain->log();
}

}  // namespace
}  // namespace parley::program
