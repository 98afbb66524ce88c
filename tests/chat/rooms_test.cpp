#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/world.hpp"

namespace parley::chat {
namespace {

using testing::ElementsAre;
using What = RoomChanged::What;

class Rooms : public testing::Test {
 protected:
  Rooms() {
    alice = world.add_person("alice");
    bob = world.add_person("bob");
    carol = world.add_person("carol");
  }
  ConversationId create(std::string_view name, RoomKind kind = RoomKind::open) {
    return world.as("alice", CreateRoom{std::string(name), kind, ""}).conversation;
  }
  void say(std::string_view who, std::string_view room, std::string_view text = "text") {
    ASSERT_EQ(world.as(who, SendRoom{std::string(room), std::string(text)}).code, Code::done);
  }
  RoomView room(std::string_view name) { return find_room(world.state(), name, alice).value(); }

  World world;
  AccountId alice, bob, carol;
};

TEST_F(Rooms, WhoCreatesARoomOwnsItAndIsItsFirstMember) {
  const auto reply = world.as("alice", CreateRoom{"Tea", RoomKind::open, "for two"});
  EXPECT_EQ(reply.code, Code::done);
  EXPECT_EQ(reply.conversation, ConversationId(world.index().value));
  const auto events = world.events<RoomChanged>();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_THAT(events[0].first, ElementsAre(alice));
  EXPECT_EQ(events[0].second.what, What::created);
  EXPECT_EQ(room("tea").owner, alice);
  EXPECT_EQ(room("tea").topic, "for two");
  EXPECT_EQ(room("TEA").members, 1U);
  EXPECT_TRUE(room("tea").joined);
}

TEST_F(Rooms, NamesOfRoomsAreUniqueAndCheckedAndTopicsToo) {
  create("tea");
  EXPECT_EQ(world.as("bob", CreateRoom{"TEA"}).code, Code::room_exists);
  EXPECT_EQ(world.as("bob", CreateRoom{"#tea"}).code, Code::bad_name);
  EXPECT_EQ(world.as("bob", CreateRoom{"x", RoomKind::open, "two\nlines"}).code, Code::bad_text);
  EXPECT_EQ(world.ask(CreateRoom{"x"}).code, Code::not_logged_in);
}

TEST_F(Rooms, OpenOnesAreJoinedFreelyAndTheMembersAreTold) {
  const auto id = create("tea");
  EXPECT_EQ(world.as("bob", JoinRoom{"tea"}).conversation, id);
  const auto events = world.events<RoomChanged>();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_THAT(events[0].first, ElementsAre(alice, bob));
  EXPECT_EQ(events[0].second.what, What::joined);
  EXPECT_EQ(events[0].second.account_name, "bob");
  EXPECT_EQ(world.as("bob", JoinRoom{"tea"}).code, Code::already_a_member);
  EXPECT_EQ(world.as("bob", JoinRoom{"coffee"}).code, Code::no_such_room);
}

TEST_F(Rooms, WhatWasSaidBeforeJoiningIsReadableButNotUnread) {
  const auto id = create("tea");
  say("alice", "tea");
  say("alice", "tea");
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(unread_in(world.state(), bob, id)->unread, 0U);
  EXPECT_TRUE(may_read(world.state(), bob, id, Number(1)));
  say("alice", "tea");
  EXPECT_EQ(unread_in(world.state(), bob, id)->unread, 1U);
}

TEST_F(Rooms, WhoLeavesIsToldOfItOnTheirOtherConnectionsAndOfNothingAfter) {
  create("tea");
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(world.as("bob", LeaveRoom{"tea"}).code, Code::done);
  EXPECT_THAT(world.events<RoomChanged>().at(0).first, ElementsAre(alice, bob));
  say("alice", "tea");
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice));
  EXPECT_EQ(world.as("bob", LeaveRoom{"tea"}).code, Code::not_a_member);
  EXPECT_EQ(world.as("bob", SendRoom{"tea", "x"}).code, Code::not_a_member);
}

TEST_F(Rooms, OwnershipPassesToTheLongestMember) {
  create("tea");
  world.as("carol", JoinRoom{"tea"});
  world.as("bob", JoinRoom{"tea"});
  world.as("alice", LeaveRoom{"tea"});
  EXPECT_EQ(room("tea").owner, carol);
  world.as("carol", DeleteAccount{1});
  EXPECT_EQ(room("tea").owner, bob);
}

TEST_F(Rooms, AnEmptyRoomStaysAndTheLastOneToLeaveKeepsIt) {
  create("tea", RoomKind::invite_only);
  say("alice", "tea");
  world.as("alice", LeaveRoom{"tea"});
  EXPECT_EQ(room("tea").members, 0U);
  EXPECT_EQ(room("tea").owner, alice);
  EXPECT_EQ(world.as("bob", JoinRoom{"tea"}).code, Code::forbidden);
  EXPECT_EQ(world.as("alice", JoinRoom{"tea"}).code, Code::done);
}

TEST_F(Rooms, AnAbsentOwnersRightsPassWhenTheAccountIsDeleted) {
  create("tea");
  world.as("alice", LeaveRoom{"tea"});
  world.as("carol", JoinRoom{"tea"});
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(find_room(world.state(), "tea", bob)->owner, alice);
  world.as("alice", DeleteAccount{1});
  EXPECT_EQ(find_room(world.state(), "tea", bob)->owner, carol);
}

TEST_F(Rooms, TheFirstToJoinARoomOfNobodyOwnsIt) {
  create("tea");
  world.as("alice", DeleteAccount{1});
  EXPECT_EQ(find_room(world.state(), "tea", bob)->owner, AccountId{});
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(find_room(world.state(), "tea", bob)->owner, bob);
}

TEST_F(Rooms, InviteOnlyOnesNeedAnInvitationWhichServesOnce) {
  create("tea", RoomKind::invite_only);
  EXPECT_EQ(world.as("bob", JoinRoom{"tea"}).code, Code::forbidden);
  EXPECT_FALSE(find_room(world.state(), "tea", bob));
  EXPECT_EQ(world.as("alice", InviteToRoom{"tea", "bob"}).code, Code::done);
  const auto events = world.events<RoomChanged>();
  EXPECT_THAT(events.at(0).first, ElementsAre(alice, bob));
  EXPECT_EQ(events.at(0).second.what, What::invited);
  EXPECT_TRUE(find_room(world.state(), "tea", bob)->invited);
  EXPECT_EQ(world.as("bob", JoinRoom{"tea"}).code, Code::done);
  world.as("bob", LeaveRoom{"tea"});
  EXPECT_EQ(world.as("bob", JoinRoom{"tea"}).code, Code::forbidden);
}

TEST_F(Rooms, OnlyTheOwnerAndAdministratorsInviteIntoAnInviteOnlyRoom) {
  create("tea", RoomKind::invite_only);
  world.as("alice", InviteToRoom{"tea", "bob"});
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(world.as("bob", InviteToRoom{"tea", "carol"}).code, Code::forbidden);
  EXPECT_EQ(world.as_operator(InviteToRoom{"tea", "carol"}).code, Code::done);
  EXPECT_EQ(world.as("alice", InviteToRoom{"tea", "bob"}).code, Code::already_a_member);
  EXPECT_EQ(world.as("alice", InviteToRoom{"tea", "nobody"}).code, Code::no_such_account);
}

TEST_F(Rooms, AnyMemberMayPointOthersToAnOpenRoom) {
  create("tea");
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(world.as("bob", InviteToRoom{"tea", "carol"}).code, Code::done);
  EXPECT_THAT(world.events<RoomChanged>().at(0).first, ElementsAre(alice, bob, carol));
  EXPECT_EQ(world.as("carol", InviteToRoom{"tea", "bob"}).code, Code::not_a_member);
}

TEST_F(Rooms, TheOwnerOrAnAdministratorRemovesMembersAndWithdrawsInvitations) {
  create("tea", RoomKind::invite_only);
  world.as("alice", InviteToRoom{"tea", "bob"});
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(world.as("bob", RemoveFromRoom{"tea", "alice"}).code, Code::forbidden);
  EXPECT_EQ(world.as("alice", RemoveFromRoom{"tea", "bob"}).code, Code::done);
  const auto events = world.events<RoomChanged>();
  EXPECT_EQ(events.at(0).second.what, What::removed);
  EXPECT_THAT(events.at(0).first, ElementsAre(alice, bob));
  EXPECT_EQ(world.as("alice", RemoveFromRoom{"tea", "bob"}).code, Code::not_a_member);
  world.as("alice", InviteToRoom{"tea", "carol"});
  EXPECT_EQ(world.as_operator(RemoveFromRoom{"tea", "carol"}).code, Code::done);
  EXPECT_EQ(world.as("carol", JoinRoom{"tea"}).code, Code::forbidden);
}

TEST_F(Rooms, MembersSetTheTopicAndAllAreTold) {
  create("tea");
  EXPECT_EQ(world.as("bob", SetTopic{"tea", "new"}).code, Code::not_a_member);
  EXPECT_EQ(world.as("alice", SetTopic{"tea", "new\n"}).code, Code::bad_text);
  EXPECT_EQ(world.as("alice", SetTopic{"tea", "new"}).code, Code::done);
  EXPECT_EQ(world.events<RoomChanged>().at(0).second.topic, "new");
  EXPECT_EQ(world.as_operator(SetTopic{"tea", "by the operator"}).code, Code::done);
  EXPECT_EQ(room("tea").topic, "by the operator");
}

TEST_F(Rooms, TheNumbersOfMembersRoomsAndMembershipsAreBoundedBySettings) {
  world.as_operator(ChangeSetting{"members_per_room_max", "2"});
  world.as_operator(ChangeSetting{"rooms_per_account_max", "1"});
  create("tea");
  EXPECT_EQ(world.as("alice", CreateRoom{"coffee"}).code, Code::limit_reached);
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(world.as("carol", JoinRoom{"tea"}).code, Code::limit_reached);
  world.as_operator(ChangeSetting{"memberships_per_account_max", "1"});
  EXPECT_EQ(world.as("bob", CreateRoom{"coffee"}).code, Code::limit_reached);
  world.as_operator(ChangeSetting{"memberships_per_account_max", "2"});
  world.as_operator(ChangeSetting{"rooms_max", "1"});
  EXPECT_EQ(world.as("bob", CreateRoom{"coffee"}).code, Code::limit_reached);
}

// -- R18: who may read what -----------------------------------------------------------------------------------

TEST_F(Rooms, OpenRoomsShowTheirHistoryToEveryAccountThatIsNotBanned) {
  const auto id = create("tea");
  say("alice", "tea");
  EXPECT_TRUE(may_read(world.state(), carol, id, Number(1)));
  EXPECT_FALSE(may_read(world.state(), carol, id, Number(2))) << "there is no such number yet";
  EXPECT_FALSE(may_read(world.state(), carol, id, Number(0)));
  world.as_operator(SetBanned{"carol", true});
  EXPECT_FALSE(may_read(world.state(), carol, id, Number(1)));
  EXPECT_TRUE(visible(world.state(), AccountId(999), id).empty());
}

TEST_F(Rooms, InviteOnlyRoomsShowFromTheJoiningNumberOnByIntervals) {
  const auto id = create("tea", RoomKind::invite_only);
  EXPECT_THAT(visible(world.state(), alice, id), ElementsAre(Interval{Number(1), number_max}));
  say("alice", "tea");
  world.as("alice", InviteToRoom{"tea", "bob"});
  EXPECT_TRUE(visible(world.state(), bob, id).empty());
  world.as("bob", JoinRoom{"tea"});
  say("alice", "tea");
  say("alice", "tea");
  world.as("bob", LeaveRoom{"tea"});
  say("alice", "tea");
  EXPECT_THAT(visible(world.state(), bob, id), ElementsAre(Interval{Number(2), Number(3)}));
  world.as("alice", InviteToRoom{"tea", "bob"});
  world.as("bob", JoinRoom{"tea"});
  EXPECT_THAT(visible(world.state(), bob, id),
              ElementsAre(Interval{Number(2), Number(3)}, Interval{Number(5), number_max}));
  say("alice", "tea");
  for (const auto& [number, seen] : {std::pair(1, false), {2, true}, {3, true}, {4, false}, {5, true}}) {
    EXPECT_EQ(may_read(world.state(), bob, id, Number(static_cast<std::uint64_t>(number))), seen) << number;
  }
  EXPECT_TRUE(visible(world.state(), carol, id).empty());
}

TEST_F(Rooms, ComingBackWhereNothingWasSaidContinuesTheInterval) {
  const auto id = create("tea", RoomKind::invite_only);
  say("alice", "tea");
  world.as("alice", LeaveRoom{"tea"});
  world.as("alice", JoinRoom{"tea"});
  EXPECT_THAT(visible(world.state(), alice, id), ElementsAre(Interval{Number(1), number_max}));
}

TEST_F(Rooms, TheOldestIntervalIsDroppedWhenThereAreTooMany) {
  const auto id = create("tea", RoomKind::invite_only);
  for (std::size_t i = 0; i < intervals_max + 3; ++i) {
    world.as("alice", InviteToRoom{"tea", "bob"});
    world.as("bob", JoinRoom{"tea"});
    say("alice", "tea");
    world.as("bob", LeaveRoom{"tea"});
    say("alice", "tea");
  }
  const auto intervals = visible(world.state(), bob, id);
  EXPECT_EQ(intervals.size(), intervals_max);
  EXPECT_EQ(intervals.front().from, Number(7));
}

TEST_F(Rooms, AnEditInAnInviteOnlyRoomIsPushedOnlyToThoseWhoMayReadThatNumber) {   // I8
  create("tea", RoomKind::invite_only);
  say("alice", "tea", "before bob");
  const MessageId message(world.index().value);
  world.as("alice", InviteToRoom{"tea", "bob"});
  world.as("bob", JoinRoom{"tea"});
  say("alice", "tea", "after");
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice, bob));
  EXPECT_EQ(world.as("alice", world.edit(message, "changed")).code, Code::done);
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice));
}

TEST_F(Rooms, AnEditOfTheNewestMessageIsNotPushedToWhoJoinedAfterIt) {   // R18
  create("tea", RoomKind::invite_only);
  say("alice", "tea", "before bob");
  const MessageId message(world.index().value);
  world.as("alice", InviteToRoom{"tea", "bob"});
  world.as("bob", JoinRoom{"tea"});
  EXPECT_EQ(world.as("alice", world.edit(message, "changed")).code, Code::done);
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice));
}

TEST_F(Rooms, ABannedMemberIsToldNothing) {
  create("tea");
  world.as("bob", JoinRoom{"tea"});
  world.as_operator(SetBanned{"bob", true});
  say("alice", "tea");
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice));
  world.as_operator(SetBanned{"bob", false});
  say("alice", "tea");
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice, bob)) << "a ban takes nobody out of rooms";
}

TEST_F(Rooms, DeletingAnAccountTakesItOutOfEveryRoomAndItsReadersLists) {
  const auto id = create("tea", RoomKind::invite_only);
  world.as("alice", InviteToRoom{"tea", "bob"});
  world.as("bob", JoinRoom{"tea"});
  say("bob", "tea");
  world.as("bob", LeaveRoom{"tea"});
  world.as("alice", InviteToRoom{"tea", "carol"});
  world.as("bob", DeleteAccount{1});
  world.as("carol", DeleteAccount{1});
  world.as("alice", DeleteAccount{1});
  EXPECT_EQ(world.events<RoomChanged>().size(), 1U);
  world.add_person("bob");
  world.add_person("carol");
  EXPECT_TRUE(visible(world.state(), world.id("bob"), id).empty());
  EXPECT_EQ(world.as("carol", JoinRoom{"tea"}).code, Code::forbidden) << "the invitation was another carol's";
}

}  // namespace
}  // namespace parley::chat
