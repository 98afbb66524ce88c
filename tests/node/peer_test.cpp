#include <chrono>

#include "node/begin_anew.hpp"
#include "node/replication_fixture.hpp"

// The peer port towards those who do not belong there, and the data directory towards a second process.

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class PeerPortTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster.start_all();
    ASSERT_NE(cluster.wait_for_leader(), nullptr);
  }

  // A stranger connects to node 1, writes the bytes, and keeps what it reads until the link ends.
  struct Talk {
    std::vector<std::string> heard;
    bool ended = false;
  };
  static net::awaitable<void> talk(net::Network& network, std::vector<std::string> words, Talk& talk) {
    auto result = co_await network.connect(net::Transport::peer, "10.0.0.1:7101", never);
    for (auto& word : words) static_cast<void>(co_await result.connection->write(word));
    for (;;) {
      auto bytes = co_await result.connection->read();
      if (!bytes) break;
      talk.heard.push_back(std::move(*bytes));
    }
    talk.ended = true;
  }
  Talk say(std::vector<std::string> words, Duration patience = 10s) {
    Talk heard;
    const auto life = cluster.world().begin_life("stranger");
    sim::SimNetwork network(cluster.world(), cluster.fabric(), life, 9);
    net::spawn(cluster.world().context(life).get_executor(), talk(network, std::move(words), heard));
    cluster.wait([&] { return heard.ended; }, patience);
    cluster.world().end_life(life);
    return heard;
  }
  static std::string reason(const Talk& heard) {
    if (heard.heard.size() != 1) return "(" + std::to_string(heard.heard.size()) + " frames)";
    const auto frame = wire::decode_peer_frame(heard.heard.front());
    const auto* rejected = frame.ok() ? std::get_if<wire::Rejected>(&*frame) : nullptr;
    return rejected == nullptr ? "(not rejected)" : rejected->reason;
  }
  wire::Hello hello() {
    wire::Hello hello;
    hello.from = ServerId{NodeId(3), Incarnation(1)};
    hello.to = NodeId(1);
    hello.cluster = cluster.node(1).replication().identity().cluster;
    return hello;
  }
  static std::string frame(wire::PeerFrame frame) { return wire::encode(frame); }

  TestCluster cluster{2};
};

TEST_F(PeerPortTest, ANewerProtocolIsRejectedNamingBothVersions) {
  auto newer = hello();
  newer.version_min = 7;
  newer.version_max = 9;
  EXPECT_EQ(reason(say({frame(newer)})), "node 1 speaks versions 1 to 1 of the peer protocol, node 3 speaks 7 to 9");
  EXPECT_TRUE(cluster.node(1).said("peer_rejected"));
}

TEST_F(PeerPortTest, ADiallerWhoWantsAnotherNodeIsRejected) {
  auto wrong = hello();
  wrong.to = NodeId(2);
  EXPECT_THAT(reason(say({frame(wrong)})), HasSubstr("this is node 1, not node 2"));
}

TEST_F(PeerPortTest, ADiallerWithOurOwnIdIsRejected) {
  auto wrong = hello();
  wrong.from = ServerId{NodeId(1), Incarnation(1)};
  EXPECT_THAT(reason(say({frame(wrong)})), HasSubstr("both ends claim to be node 1"));
}

TEST_F(PeerPortTest, AnotherClusterIsRejectedByBothIds) {
  auto foreign = hello();
  foreign.cluster = ClusterId(0xabc);
  EXPECT_THAT(reason(say({frame(foreign)})), HasSubstr("node 3 to cluster 0000000000000abc"));
}

TEST_F(PeerPortTest, GarbageEndsItsLinkAndNothingElse) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n"), std::string(), std::string(100'000, '\xff')}) {
    const auto heard = say({bytes});
    EXPECT_TRUE(heard.ended);
    EXPECT_TRUE(heard.heard.empty());
  }
  EXPECT_TRUE(say({frame(hello()), "garbage after the greeting"}).ended);
  cluster.leader()->submit("still here");
  EXPECT_TRUE(cluster.wait_until_all_applied("still here"));
}

TEST_F(PeerPortTest, WhoDoesNotGreetIsDisconnected) {
  EXPECT_TRUE(say({}, 5s).ended);
}

TEST_F(PeerPortTest, AMessageBeforeAnyGreetingIsNotListenedTo) {
  const raft::Message vote = raft::RequestVote{Term(1'000'000), raft::EntryId{Term(999'999), Index(999'999)}, false};
  EXPECT_TRUE(say({frame(vote)}).ended);
  EXPECT_LT(cluster.node(1).replication().status().term, Term(1000));
}

TEST_F(PeerPortTest, AStrangersVotesAndForwardsMoveNothing) {
  wire::Hello stranger = hello();
  const raft::Message append = raft::AppendEntries{Term(1), raft::EntryId{}, Index(50), 0, {}};
  wire::Founded founded;
  founded.cluster = ClusterId(5);
  say({frame(stranger), frame(append), frame(founded), frame(wire::Presence{{1, 2, 3}})}, 200ms);
  EXPECT_EQ(cluster.node(1).replication().identity().cluster, cluster.node(2).replication().identity().cluster);
  EXPECT_TRUE(cluster.wait([&] { return cluster.node(1).replication().remote_presence().empty(); }));   // with its link
}

TEST_F(PeerPortTest, ASecondProcessOnOneDataDirectoryIsRefused) {
  sim::SimEntropy entropy(1);
  const auto second = open_data_directory(cluster.node(1).disk(), NodeId(1), entropy);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("is used by another process: is node 1 running already?"));
}

TEST(DataDirectoryTest, AnotherNodesDirectoryIsRefusedByName) {
  store::MemoryDisk disk;
  sim::SimEntropy entropy(1);
  ASSERT_TRUE(open_data_directory(disk, NodeId(2), entropy).ok());
  const auto wrong = open_data_directory(disk, NodeId(1), entropy);
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("is the data directory of node 2, not of node 1"));
}

TEST(DataDirectoryTest, AnIncarnationIsDrawnOnceAndKept) {
  store::MemoryDisk disk;
  sim::SimEntropy entropy(1);
  const auto first = open_data_directory(disk, NodeId(2), entropy)->identity;
  EXPECT_NE(first.incarnation, Incarnation(0));
  EXPECT_EQ(open_data_directory(disk, NodeId(2), entropy)->identity, first);
}

TEST(DataDirectoryTest, ALostIdentityIsNotReplacedByANewOne) {
  store::MemoryDisk disk;
  sim::SimEntropy entropy(1);
  ASSERT_TRUE(open_data_directory(disk, NodeId(2), entropy).ok());
  disk.remove("identity");
  const auto opened = open_data_directory(disk, NodeId(2), entropy);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr("no identity"));
}

TEST(DataDirectoryTest, WhatWasSetAsideIsFollowedByAnotherIncarnation) {
  store::MemoryDisk disk;
  sim::SimEntropy entropy(1);
  const auto former = open_data_directory(disk, NodeId(2), entropy)->identity.incarnation;
  ASSERT_TRUE(set_data_aside(disk, entropy).ok());
  const auto opened = open_data_directory(disk, NodeId(2), entropy);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_NE(opened->identity.incarnation, former);
  EXPECT_TRUE(disk.exists("identity.aside"));
  EXPECT_FALSE(set_data_aside(disk, entropy).ok()) << "it is in use";
}

}  // namespace
}  // namespace parley::node
