#include "node/file_differences.hpp"

#include <gmock/gmock.h>

namespace parley::node {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string peer_of(std::uint32_t id) { return "10.0.0." + std::to_string(id) + ":7101"; }
std::string client_of(std::uint32_t id) { return "10.0.0." + std::to_string(id) + ":7201"; }

ClusterConfig file_of(std::initializer_list<std::uint32_t> ids) {
  ClusterConfig file;
  for (const auto id : ids) {
    NodeConfig node;
    node.id = NodeId(id);
    node.peer = {"0.0.0.0:7101", peer_of(id)};
    node.client = {"0.0.0.0:7201", client_of(id)};
    file.nodes.push_back(std::move(node));
  }
  return file;
}

raft::Configuration members_of(std::initializer_list<std::uint32_t> ids) {
  raft::Configuration members;
  for (const auto id : ids) {
    raft::Member member;
    member.id = ServerId{NodeId(id), Incarnation(7)};
    member.peer_address = peer_of(id);
    member.client_address = client_of(id);
    members.members.push_back(std::move(member));
  }
  return members;
}

TEST(FileDifferences, AFileThatIsRightIsNotTalkedAbout) {
  EXPECT_THAT(file_differences(file_of({1, 2, 3}), members_of({1, 2, 3}), NodeId(1)), IsEmpty());
}

TEST(FileDifferences, EachHasTheCommandThatWouldMakeItSo) {
  auto file = file_of({1, 2, 4});
  file.nodes[1].peer.advertise = "10.9.9.2:7101";
  EXPECT_THAT(file_differences(file, members_of({1, 2, 3}), NodeId(1)),
              ElementsAre("node 2 is at 10.0.0.2:7101 and 10.0.0.2:7201, and this node's file says otherwise; to "
                          "believe the file: parley member add 2 --peer 10.9.9.2:7101 --client 10.0.0.2:7201",
                          "this node's file lists node 4, which is no member; to make it one: parley member add 4 "
                          "--peer 10.0.0.4:7101 --client 10.0.0.4:7201",
                          "node 3 is a member, and this node's file does not list it: add it there, or, to be rid of "
                          "it: parley member remove 3"));
}

TEST(FileDifferences, OfItselfANodeSpeaksElsewhere) {
  auto file = file_of({1, 2});
  file.nodes[0].peer.advertise = "10.9.9.1:7101";
  EXPECT_THAT(file_differences(file, members_of({1, 2}), NodeId(1)), IsEmpty());
}

}  // namespace
}  // namespace parley::node
