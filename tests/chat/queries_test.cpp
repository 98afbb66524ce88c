#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/world.hpp"

namespace parley::chat {
namespace {

using testing::ElementsAre;

std::vector<std::string> names(const AccountPage& page) {
  std::vector<std::string> result;
  for (const auto& [id, name] : page.accounts) result.push_back(name);
  return result;
}

std::vector<std::string> names(const RoomPage& page) {
  std::vector<std::string> result;
  for (const auto& room : page.rooms) result.push_back(room.room);
  return result;
}

class Queries : public testing::Test {
 protected:
  Queries() {
    for (const auto* name : {"carol", "alice", "bob", "albert"}) world.add_person(name);
  }
  World world;
};

TEST_F(Queries, AccountsAreListedByWildcardInTheOrderOfNames) {
  const auto list = [this](std::string_view pattern) { return names(list_accounts(world.state(), pattern, "", 10)); };
  EXPECT_THAT(list(""), ElementsAre("albert", "alice", "bob", "carol"));
  EXPECT_THAT(list("*"), ElementsAre("albert", "alice", "bob", "carol"));
  EXPECT_THAT(list("AL*"), ElementsAre("albert", "alice"));
  EXPECT_THAT(list("*o*"), ElementsAre("bob", "carol"));
  EXPECT_THAT(list("?ob"), ElementsAre("bob"));
  EXPECT_THAT(list("bob"), ElementsAre("bob"));
  EXPECT_THAT(list("bo"), ElementsAre());
  EXPECT_THAT(list(std::string(pattern_max + 1, '*')), ElementsAre());
}

TEST_F(Queries, ListsArePagedByTheLastName) {
  auto page = list_accounts(world.state(), "", "", 3);
  EXPECT_THAT(names(page), ElementsAre("albert", "alice", "bob"));
  EXPECT_TRUE(page.more);
  page = list_accounts(world.state(), "", "bob", 3);
  EXPECT_THAT(names(page), ElementsAre("carol"));
  EXPECT_FALSE(page.more);
  page = list_accounts(world.state(), "al*", "albert", 3);
  EXPECT_THAT(names(page), ElementsAre("alice"));
  EXPECT_THAT(names(list_accounts(world.state(), "c*", "albert", 3)), ElementsAre("carol"));
  page = list_accounts(world.state(), "", "bob", 1);
  EXPECT_FALSE(page.more) << "exactly the last one";
}

TEST_F(Queries, RoomsAreListedToThoseWhoMayKnowOfThem) {
  world.as("alice", CreateRoom{"tea", RoomKind::open, "t"});
  world.as("alice", CreateRoom{"secret", RoomKind::invite_only, ""});
  const auto list = [this](std::string_view who) {
    return names(list_rooms(world.state(), world.id(who), "", "", 10));
  };
  EXPECT_THAT(list("alice"), ElementsAre("secret", "tea"));
  EXPECT_THAT(list("bob"), ElementsAre("tea"));
  world.as("alice", InviteToRoom{"secret", "bob"});
  EXPECT_THAT(list("bob"), ElementsAre("secret", "tea"));
  world.as_operator(SetAdministrator{"carol", true});
  EXPECT_THAT(list("carol"), ElementsAre("secret", "tea"));
  EXPECT_THAT(names(list_rooms(world.state(), world.id("bob"), "s*", "", 10)), ElementsAre("secret"));
  EXPECT_THAT(names(list_rooms(world.state(), AccountId{}, "", "", 10)), ElementsAre());
  EXPECT_TRUE(list_rooms(world.state(), world.id("bob"), "", "", 1).more);
}

TEST_F(Queries, MembersAreListedByNameAndPaged) {
  world.as("bob", CreateRoom{"tea"});
  world.as("carol", JoinRoom{"tea"});
  world.as("alice", JoinRoom{"tea"});
  const auto page = room_members(world.state(), "tea", world.id("albert"), "", 2);
  ASSERT_TRUE(page);
  EXPECT_THAT(names(*page), ElementsAre("alice", "bob"));
  EXPECT_TRUE(page->more);
  EXPECT_THAT(names(*room_members(world.state(), "TEA", world.id("albert"), "bob", 2)), ElementsAre("carol"));
  world.as("bob", CreateRoom{"secret", RoomKind::invite_only});
  EXPECT_FALSE(room_members(world.state(), "secret", world.id("albert"), "", 2));
  EXPECT_FALSE(room_members(world.state(), "nowhere", world.id("albert"), "", 2));
}

TEST_F(Queries, APlaceIsAConversationAndAConversationAPlaceForEachReader) {
  const auto direct = world.as("alice", SendDirect{"bob", "x"}).conversation;
  const auto tea = world.as("alice", CreateRoom{"tea"}).conversation;
  const auto secret = world.as("alice", CreateRoom{"secret", RoomKind::invite_only}).conversation;
  const auto alice = world.id("alice");
  const auto bob = world.id("bob");
  const auto carol = world.id("carol");
  const auto& state = world.state();
  EXPECT_EQ(conversation_for(state, alice, "@Bob"), direct);
  EXPECT_EQ(conversation_for(state, bob, "@alice"), direct);
  EXPECT_FALSE(conversation_for(state, carol, "@alice"));
  EXPECT_EQ(conversation_for(state, carol, "#TEA"), tea);
  EXPECT_EQ(conversation_for(state, alice, "#secret"), secret);
  EXPECT_FALSE(conversation_for(state, carol, "#secret"));
  for (const auto* nonsense : {"", "#", "@", "tea", "@bob~", "@bob~1", "@bob~x", "@nobody", "~", "@~"}) {
    EXPECT_FALSE(conversation_for(state, alice, nonsense)) << nonsense;
  }
  EXPECT_FALSE(conversation_for(state, AccountId{}, "#tea"));
  EXPECT_EQ(place_name(state, direct, alice), "@bob");
  EXPECT_EQ(place_name(state, direct, bob), "@alice");
  EXPECT_EQ(place_name(state, direct, carol), "");
  EXPECT_EQ(place_name(state, tea, carol), "#tea");
  EXPECT_EQ(place_name(state, ConversationId(999), alice), "");
}

TEST_F(Queries, UnreadCoversRoomsAndDirectConversations) {
  const auto direct = world.as("bob", SendDirect{"alice", "x"}).conversation;
  const auto tea = world.as("alice", CreateRoom{"tea"}).conversation;
  const auto views = unread(world.state(), world.id("alice"));
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].conversation, direct);
  EXPECT_EQ(views[0].place, "@bob");
  EXPECT_EQ(views[0].unread, 1U);
  EXPECT_EQ(views[0].last, Number(1));
  EXPECT_EQ(views[1].conversation, tea);
  EXPECT_EQ(views[1].unread, 0U);
  EXPECT_EQ(unread(world.state(), world.id("bob"))[0].unread, 0U);
}

TEST_F(Queries, FactsCarryEverythingOfARowButItsText) {
  const auto message = world.as("alice", SendDirect{"bob", "x"}).message;
  const auto row = world.rows().at(message);
  const auto facts = facts_of(row);
  EXPECT_EQ(facts.id, row.id);
  EXPECT_EQ(facts.conversation, row.conversation);
  EXPECT_EQ(facts.number, row.number);
  EXPECT_EQ(facts.author, row.author);
  EXPECT_EQ(facts.author_name, row.author_name);
  EXPECT_EQ(facts.time, row.time);
  EXPECT_EQ(facts.client, row.client);
  EXPECT_EQ(facts.sequence, row.sequence);
}

}  // namespace
}  // namespace parley::chat
