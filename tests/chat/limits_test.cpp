#include <gtest/gtest.h>

#include "chat/world.hpp"

// The limits of State that take many steps to reach.

namespace parley::chat {
namespace {

std::string name_of(std::size_t i) { return "p" + std::to_string(i); }

void register_people(World& world, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) world.ask(Register{name_of(i), "$phc", std::nullopt});
}

TEST(Limits, AnInviteOnlyRoomHasAtMostInvitedMaxOpenInvitations) {
  World world;
  world.add_person("alice");
  world.as("alice", CreateRoom{"tea", RoomKind::invite_only});
  register_people(world, invited_max + 1);
  for (std::size_t i = 0; i < invited_max; ++i) {
    ASSERT_EQ(world.as("alice", InviteToRoom{"tea", name_of(i)}).code, Code::done);
  }
  EXPECT_EQ(world.as("alice", InviteToRoom{"tea", name_of(invited_max)}).code, Code::limit_reached);
  EXPECT_EQ(world.as("alice", InviteToRoom{"tea", name_of(0)}).code, Code::done) << "has one already";
  world.as("alice", RemoveFromRoom{"tea", name_of(7)});
  EXPECT_EQ(world.as("alice", InviteToRoom{"tea", name_of(invited_max)}).code, Code::done);
}

TEST(Limits, AnAccountBeginsAtMostDirectsOpenedMaxConversationsButMayBeWrittenToByAnyNumber) {
  World world;
  world.add_person("alice");
  world.add_person("bob");
  register_people(world, directs_opened_max);
  for (std::size_t i = 0; i < directs_opened_max; ++i) {
    ASSERT_EQ(world.as("alice", SendDirect{name_of(i), "x"}).code, Code::done);
  }
  EXPECT_EQ(world.as("alice", SendDirect{"bob", "x"}).code, Code::limit_reached);
  EXPECT_EQ(world.as("alice", SendDirect{name_of(3), "x"}).code, Code::done) << "one that was begun goes on";
  EXPECT_EQ(world.as("bob", SendDirect{"alice", "x"}).code, Code::done);
  EXPECT_EQ(world.as("alice", SendDirect{"bob", "x"}).code, Code::done);
}

TEST(Limits, ThereAreAtMostInvitationsMaxUnusedCodes) {
  World world;
  for (std::size_t i = 0; i < invitations_max; ++i) {
    ASSERT_EQ(world.as_operator(CreateInvitation{digest(name_of(i))}).code, Code::done);
  }
  EXPECT_EQ(world.as_operator(CreateInvitation{digest("one more")}).code, Code::limit_reached);
  world.pass(invitation_idle_ms + 1);
  EXPECT_EQ(world.as_operator(CreateInvitation{digest("one more")}).code, Code::done);
}

TEST(Limits, WhenTooManyAnswersAreKeptTheLeastRecentlyUsedClientGoes) {
  State state;
  Index index;
  const auto open = [&] { return apply(state, Entry{++index, LogTime{}, OpenClient{}}).reply->client; };
  const auto ask = [&](ClientId client, std::uint64_t sequence) {
    Sequenced command;
    command.client = client;
    command.sequence = Sequence(sequence);
    command.first_outstanding = Sequence(1);
    command.by_operator = true;
    command.request = ChangeSetting{"rooms_max", "7"};
    return apply(state, Entry{++index, LogTime{}, command}).reply->code;
  };
  std::vector<ClientId> clients;
  for (std::size_t i = 0; i < replies_max / replies_per_client_max; ++i) {
    clients.push_back(open());
    for (std::uint64_t sequence = 1; sequence <= replies_per_client_max; ++sequence) {
      ASSERT_EQ(ask(clients.back(), sequence), Code::done);
    }
  }
  EXPECT_TRUE(find_client(state, clients[0]));
  const auto another = open();
  EXPECT_EQ(ask(another, 1), Code::done);
  EXPECT_FALSE(find_client(state, clients[0]));
  EXPECT_TRUE(find_client(state, clients[1]));
  EXPECT_TRUE(find_client(state, another));
  EXPECT_EQ(broken_invariant(state), std::nullopt);
}

}  // namespace
}  // namespace parley::chat
