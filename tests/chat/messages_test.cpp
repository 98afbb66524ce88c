#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/world.hpp"

namespace parley::chat {
namespace {

using testing::ElementsAre;

class Messages : public testing::Test {
 protected:
  Messages() {
    alice = world.add_person("alice");
    bob = world.add_person("bob");
    carol = world.add_person("carol");
    tea = world.as("alice", CreateRoom{"tea"}).conversation;
    world.as("bob", JoinRoom{"tea"});
  }
  Reply to_bob(std::string text = "hello") { return world.as("alice", SendDirect{"bob", std::move(text)}); }
  Reply to_tea(std::string_view who, std::string text = "hello") {
    return world.as(who, SendRoom{"tea", std::move(text)});
  }
  std::uint64_t unread_of(AccountId who, ConversationId where) {
    return unread_in(world.state(), who, where).value().unread;
  }

  World world;
  AccountId alice, bob, carol;
  ConversationId tea;
};

TEST_F(Messages, TheIdIsTheIndexOfTheEntryAndNumbersAreDense) {   // P2
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const auto reply = to_tea(number % 2 ? "alice" : "bob");
    EXPECT_EQ(reply.number, Number(number));
    EXPECT_EQ(reply.message, MessageId(world.index().value));
    world.apply_nothing();
    EXPECT_EQ(to_tea("carol").code, Code::not_a_member) << "a refusal takes no number";
  }
  EXPECT_EQ(last_number(world.state(), tea), Number(5));
}

TEST_F(Messages, TheRowHoldsAllThatTheArchiveNeeds) {
  const auto reply = to_tea("alice", "täxt\n");
  ASSERT_EQ(world.effects().messages.size(), 1U);
  const auto& row = world.effects().messages[0];
  EXPECT_EQ(row.id, reply.message);
  EXPECT_EQ(row.conversation, tea);
  EXPECT_EQ(row.number, Number(1));
  EXPECT_EQ(row.author, alice);
  EXPECT_EQ(row.author_name, "alice");
  EXPECT_EQ(row.time, world.now());
  EXPECT_EQ(row.text, "täxt\n");
  EXPECT_FALSE(row.edited || row.deleted);
  EXPECT_EQ(row.changed_index, world.index());
  EXPECT_NE(row.client, ClientId{});
  EXPECT_NE(row.sequence, Sequence{});
  const auto told = world.events<MessageChanged>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].second.row, row);
  EXPECT_TRUE(told[0].second.is_new);
  EXPECT_THAT(told[0].first, ElementsAre(alice, bob));
}

TEST_F(Messages, ADirectMessageGoesToBothAndTheFirstOneMakesTheConversation) {
  const auto first = to_bob();
  EXPECT_EQ(first.conversation, ConversationId(world.index().value));
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice, bob));
  const auto answer = world.as("bob", SendDirect{"ALICE", "hi"});
  EXPECT_EQ(answer.conversation, first.conversation);
  EXPECT_EQ(answer.number, Number(2));
  EXPECT_FALSE(may_read(world.state(), carol, first.conversation, Number(1)));
  EXPECT_EQ(world.as("alice", SendDirect{"nobody", "x"}).code, Code::no_such_account);
}

TEST_F(Messages, OneMayWriteToOneself) {
  const auto reply = world.as("alice", SendDirect{"alice", "milk"});
  EXPECT_EQ(reply.code, Code::done);
  EXPECT_THAT(world.events<MessageChanged>().at(0).first, ElementsAre(alice));
  EXPECT_EQ(place_name(world.state(), reply.conversation, alice), "@alice");
  EXPECT_EQ(unread_of(alice, reply.conversation), 0U);
  world.as("alice", DeleteAccount{1});
  EXPECT_EQ(last_number(world.state(), reply.conversation), Number{});
}

TEST_F(Messages, TextsAreCheckedAgain) {
  EXPECT_EQ(to_bob("").code, Code::text_empty);
  EXPECT_EQ(to_bob(std::string(text_max + 1, 'x')).code, Code::text_too_long);
  EXPECT_EQ(to_bob("\xff").code, Code::bad_text);
  EXPECT_EQ(to_tea("alice", "\x07").code, Code::bad_text);
  EXPECT_FALSE(conversation_for(world.state(), alice, "@bob")) << "a refusal opens no conversation";
}

TEST_F(Messages, TheAuthorsOwnMarkerAdvancesOnlyWhenCaughtUp) {
  to_tea("alice");
  EXPECT_EQ(unread_of(alice, tea), 0U);
  EXPECT_EQ(unread_of(bob, tea), 1U);
  to_tea("bob");   // has not read the first
  EXPECT_EQ(unread_of(bob, tea), 2U);
  EXPECT_EQ(unread_of(alice, tea), 1U);
  world.mark("bob", tea, 2);
  to_tea("bob");
  EXPECT_EQ(unread_of(bob, tea), 0U);
}

// -- edit and delete (R17) ------------------------------------------------------------------------------------

TEST_F(Messages, OnlyTheAuthorEdits) {
  const auto message = to_tea("alice", "one").message;
  EXPECT_EQ(world.as("bob", world.edit(message, "two")).code, Code::forbidden);
  world.as_operator(SetAdministrator{"bob", true});
  EXPECT_EQ(world.as("bob", world.edit(message, "two")).code, Code::forbidden);
  const auto before = world.rows().at(message);
  EXPECT_EQ(world.as("alice", world.edit(message, "two")).code, Code::done);
  auto expected = before;
  expected.text = "two";
  expected.edited = true;
  expected.changed_index = world.index();
  EXPECT_EQ(world.rows().at(message), expected) << "the same row with a later changed_index";
  EXPECT_FALSE(world.events<MessageChanged>().at(0).second.is_new);
}

TEST_F(Messages, AnEditNeedsAGoodTextAndMembership) {
  const auto message = to_tea("bob", "one").message;
  EXPECT_EQ(world.as("bob", world.edit(message, "")).code, Code::text_empty);
  world.as("bob", LeaveRoom{"tea"});
  EXPECT_EQ(world.as("bob", world.edit(message, "two")).code, Code::not_a_member);
  EXPECT_EQ(world.as("bob", world.deletion({message})).count, 1U) << "one's own words can still be taken back";
}

TEST_F(Messages, AMessageThatIsNotThereOrNotReadableIsNoSuchMessage) {
  const auto direct = to_bob().message;
  EXPECT_EQ(world.as("carol", world.edit(direct, "x")).code, Code::no_such_message);
  EXPECT_EQ(world.as("carol", world.deletion({direct})).code, Code::no_such_message);
  EXPECT_EQ(world.as("alice", world.edit(MessageId(1), "x")).code, Code::no_such_message);
  EXPECT_EQ(world.as("alice", world.edit(MessageId(~0ULL), "x")).code, Code::no_such_message);
  EXPECT_EQ(world.as("alice", world.deletion({MessageId(2)})).code, Code::no_such_message);
}

TEST_F(Messages, DeletionLeavesATombstoneAndItsNumber) {
  const auto reply = to_tea("alice", "secret");
  auto expected = world.rows().at(reply.message);
  EXPECT_EQ(world.as("alice", world.deletion({reply.message})).count, 1U);
  expected.text.clear();
  expected.deleted = true;
  expected.changed_index = world.index();
  EXPECT_EQ(world.rows().at(reply.message), expected);
  EXPECT_EQ(to_tea("alice").number, Number(2));
  EXPECT_EQ(unread_of(bob, tea), 2U) << "tombstones count as unread like others";
}

TEST_F(Messages, DeletingTwiceIsHarmlessAndEditingADeletedOneIsRefused) {
  const auto message = to_tea("alice").message;
  world.as("alice", world.deletion({message}));
  const auto again = world.as("alice", world.deletion({message}));
  EXPECT_EQ(again.code, Code::done);
  EXPECT_EQ(again.count, 0U);
  EXPECT_TRUE(world.effects().messages.empty());
  EXPECT_EQ(world.as("alice", world.edit(message, "x")).code, Code::deleted_already);
}

TEST_F(Messages, ABatchDeletesAllOrNothingAndCountsEachOnce) {
  const auto one = to_tea("alice").message;
  const auto two = to_tea("alice").message;
  const auto of_bob = to_tea("bob").message;
  world.as("alice", LeaveRoom{"tea"});   // bob owns it now, and alice only her own words
  const auto refused = world.as("alice", world.deletion({one, of_bob, two}));
  EXPECT_EQ(refused.code, Code::forbidden);
  EXPECT_EQ(refused.text, std::to_string(of_bob.value));
  EXPECT_TRUE(world.effects().messages.empty());
  EXPECT_EQ(world.as("alice", world.deletion({one, two, one})).count, 2U);
  EXPECT_EQ(world.as("alice", world.deletion({})).count, 0U);
}

TEST_F(Messages, ABatchHasAtMostDeleteIdsMax) {
  std::vector<MessageId> many(delete_ids_max, to_tea("alice").message);
  EXPECT_EQ(world.as("alice", world.deletion(many)).count, 1U);
  many.push_back(many.back());
  EXPECT_EQ(world.as("alice", world.deletion(many)).code, Code::limit_reached);
}

TEST_F(Messages, TheRoomsOwnerAndAdministratorsDeleteInRoomsButNotInDirectConversations) {
  const auto of_bob = to_tea("bob").message;
  EXPECT_EQ(world.as("carol", world.deletion({of_bob})).code, Code::forbidden);
  EXPECT_EQ(world.as("alice", world.deletion({of_bob})).count, 1U);
  const auto again = to_tea("bob").message;
  EXPECT_EQ(world.as_operator(world.deletion({again})).count, 1U);
  const auto direct = to_bob().message;
  EXPECT_EQ(world.as_operator(world.deletion({direct})).code, Code::no_such_message);
  EXPECT_EQ(world.as("bob", world.deletion({direct})).code, Code::forbidden);
}

TEST_F(Messages, FactsFromBeforeTheLastTouchAreLookedAtAgain) {   // R17
  const auto message = to_tea("alice").message;
  const auto stale_edit = world.edit(message, "late");
  const auto stale_deletion = world.deletion({message});
  world.as("alice", world.deletion({message}));
  const auto before = world.state().digest();
  EXPECT_EQ(world.as("alice", stale_edit).code, Code::look_again);
  EXPECT_EQ(world.as("alice", stale_deletion).code, Code::look_again);
  EXPECT_EQ(world.as("alice", world.edit(message, "late")).code, Code::deleted_already) << "looked at again";
  EXPECT_NE(world.state().digest(), before);
}

TEST_F(Messages, LookAgainUsesUpNoNumberAndChangesNothing) {
  const auto message = to_tea("alice").message;
  const auto stale = world.edit(message, "late");
  world.as("alice", world.edit(message, "first"));
  const auto client = world.open_client();
  const auto reply = world.sequenced(client, 1, 1, stale, "p", World::login_of("alice"));
  EXPECT_EQ(reply.code, Code::look_again);
  EXPECT_TRUE(world.effects().messages.empty());
  EXPECT_EQ(world.effects().records.size(), 1U) << "only where the log stands";
  EXPECT_EQ(find_client(world.state(), client)->last, Sequence(0));
  EXPECT_EQ(world.sequenced(client, 1, 1, world.edit(message, "late"), "p", World::login_of("alice")).code, Code::done);
}

TEST_F(Messages, FactsOlderThanTheTouchedWindowAreLookedAtAgain) {
  const auto message = to_tea("alice").message;
  auto edit = world.edit(message, "late");
  world.pass_entries(touched_window - 1);
  EXPECT_EQ(world.as("alice", edit).code, Code::done) << "exactly the window";
  edit = world.edit(message, "later");
  world.pass_entries(touched_window);
  EXPECT_EQ(world.as("alice", edit).code, Code::look_again);
}

TEST_F(Messages, ATouchIsForgottenWhenTheWindowHasPassedIt) {
  const auto message = to_tea("alice").message;
  world.as("alice", world.edit(message, "x"));
  const auto records = [this] { return world.state().all_records().size(); };
  const auto with_touch = records();
  world.pass_entries(touched_window);
  EXPECT_EQ(records(), with_touch);
  world.apply_nothing();
  EXPECT_EQ(records(), with_touch - 1);
}

TEST_F(Messages, AMessageMadeAfterTheLookIsLookedForAgain) {
  const auto seen_at = world.index();
  const auto message = to_tea("alice").message;
  MessageFacts not_found;
  not_found.id = message;
  EXPECT_EQ(world.as("alice", EditMessage{not_found, seen_at, "x"}).code, Code::look_again);
  EXPECT_EQ(world.as("alice", DeleteMessages{{not_found}, seen_at}).code, Code::look_again);
}

// -- deleted accounts -----------------------------------------------------------------------------------------

TEST_F(Messages, ADirectConversationStaysForTheOtherUnderANameThatNobodyCanTake) {
  const auto conversation = to_bob().conversation;
  world.as("bob", DeleteAccount{1});
  const auto place = "@bob~" + std::to_string(bob.value);
  EXPECT_EQ(place_name(world.state(), conversation, alice), place);
  EXPECT_EQ(conversation_for(world.state(), alice, place), conversation);
  EXPECT_TRUE(may_read(world.state(), alice, conversation, Number(1)));
  world.add_person("bob");
  EXPECT_FALSE(conversation_for(world.state(), alice, "@bob"));
  EXPECT_NE(to_bob().conversation, conversation);
  EXPECT_EQ(conversations_of(world.state(), alice).size(), 3U);
  EXPECT_EQ(place_name(world.state(), conversation, alice), place);
  EXPECT_FALSE(may_read(world.state(), world.id("bob"), conversation, Number(1))) << "the new bob is another";
}

TEST_F(Messages, ADirectConversationIsForgottenWhenBothAreGone) {
  const auto conversation = to_bob().conversation;
  const auto message = world.rows().rbegin()->first;
  world.as("bob", DeleteAccount{1});
  world.as("alice", DeleteAccount{1});
  EXPECT_EQ(last_number(world.state(), conversation), Number{});
  EXPECT_EQ(world.as("carol", world.deletion({message})).code, Code::no_such_message);
}

// -- markers (R20) --------------------------------------------------------------------------------------------

TEST_F(Messages, MarkersNeverGoBackNorBeyondTheLastNumber) {
  for (int i = 0; i < 5; ++i) to_tea("alice");
  world.mark("bob", tea, 3);
  EXPECT_EQ(unread_of(bob, tea), 2U);
  EXPECT_THAT(world.events<MarkerMoved>().at(0).first, ElementsAre(bob));
  world.mark("bob", tea, 2);
  EXPECT_EQ(unread_of(bob, tea), 2U);
  EXPECT_TRUE(world.effects().deliveries.empty());
  world.mark("bob", tea, 999);
  EXPECT_EQ(unread_of(bob, tea), 0U);
  EXPECT_EQ(unread_in(world.state(), bob, tea)->read, Number(5));
}

TEST_F(Messages, MarkersOfOthersConversationsAreIgnored) {
  const auto conversation = to_bob().conversation;
  to_tea("alice");
  world.mark("carol", conversation, 1);
  world.mark("carol", tea, 1);
  world.mark("carol", ConversationId(999), 1);
  world.mark("nobody", tea, 1);
  EXPECT_EQ(world.effects().records.size(), 1U);
  EXPECT_FALSE(unread_in(world.state(), carol, tea));
}

}  // namespace
}  // namespace parley::chat
