// Each judge accepts a good history and names what is wrong with a bad one. A judge that never says no is decoration.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/judge_feeds.hpp"
#include "sim/judge_reads.hpp"
#include "sim/judge_requests.hpp"
#include "sim/linearizability.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

TimePoint at(int second) { return TimePoint(std::chrono::seconds(second)); }

// One open room with anna (1) and ben (2), one closed room that ben joined after its first message. Entry i is
// committed at second i:
//   10 anna opens #ops, 11 ben joins, 12 anna opens #closed,
//   20 anna "one", 21 ben "two", 22 anna edits 20, 23 anna "secret" in #closed, 24 ben joins #closed,
//   25 anna "shared" in #closed, 26 ben deletes 21
class Past : public ::testing::Test {
 protected:
  static constexpr chat::AccountId anna{1}, ben{2};
  static constexpr chat::ConversationId ops{10}, closed{12};

  Past() {
    truth.add_account(anna, "anna");
    truth.add_account(ben, "ben");
    lives.began(NodeId(1), at(1));
    commit(10, room("ops", ops, anna, chat::RoomChanged::What::created));
    commit(11, room("ops", ops, ben, chat::RoomChanged::What::joined));
    commit(12, room("closed", closed, anna, chat::RoomChanged::What::created));
    commit(20, message(20, ops, 1, anna, "anna 1"));
    commit(21, message(21, ops, 2, ben, "ben 1"));
    commit(22, edited(message(20, ops, 1, anna, "anna 2")));
    commit(23, message(23, closed, 1, anna, "anna 3"));
    commit(24, room("closed", closed, ben, chat::RoomChanged::What::joined));
    commit(25, message(25, closed, 2, anna, "anna 4"));
    commit(26, deleted(message(21, ops, 2, ben, "")));
  }

  static chat::MessageRow message(std::uint64_t id, chat::ConversationId in, std::uint64_t number,
                                  chat::AccountId author, std::string text) {
    chat::MessageRow row;
    row.id = chat::MessageId(id);
    row.conversation = in;
    row.number = chat::Number(number);
    row.author = author;
    row.text = std::move(text);
    return row;
  }
  static chat::MessageRow edited(chat::MessageRow row) {
    row.edited = true;
    return row;
  }
  static chat::MessageRow deleted(chat::MessageRow row) {
    row.deleted = true;
    return row;
  }
  static chat::RoomChanged room(std::string name, chat::ConversationId id, chat::AccountId who,
                                chat::RoomChanged::What what) {
    chat::RoomChanged event;
    event.what = what;
    event.conversation = id;
    event.room = std::move(name);
    event.account = who;
    return event;
  }

  void commit(std::uint64_t index, chat::RoomChanged event) {
    const bool created = event.what == chat::RoomChanged::What::created;
    if (created && event.room == "closed") {
      Truth::Conversation conversation;
      conversation.invite_only = true;
      truth.add_conversation(event.conversation, conversation);
    }
    chat::Effects effects;
    effects.deliveries.push_back({{anna, ben}, std::move(event)});
    truth.add(Index(index), effects, at(static_cast<int>(index)));
  }
  void commit(std::uint64_t index, chat::MessageRow row) {
    row.changed_index = Index(index);
    const bool closed_to_ben = row.conversation == closed && index < 24;
    chat::Effects effects;
    effects.messages.push_back(row);
    std::vector<chat::AccountId> audience = {anna};
    if (!closed_to_ben) audience.push_back(ben);
    effects.deliveries.push_back({audience, chat::MessageChanged{row, false}});
    truth.add(Index(index), effects, at(static_cast<int>(index)));
  }

  Operation& operation(std::string person, std::string method, int called, int returned) {
    Operation& made = history.begin(std::move(person), std::move(method), at(called));
    made.returned = at(returned);
    made.ending = Operation::Ending::done;
    made.node = 1;
    made.connected = at(2);
    return made;
  }
  Operation& send(std::string person, std::string place, std::string text, std::uint64_t id, std::uint64_t number) {
    Operation& made = operation(std::move(person), "send", static_cast<int>(id) - 1, static_cast<int>(id));
    made.place = std::move(place);
    made.text = std::move(text);
    made.message = id;
    made.number = number;
    return made;
  }
  // What really happened, as everybody was told.
  void good_requests() {
    send("anna", "#ops", "anna 1", 20, 1);
    send("ben", "#ops", "ben 1", 21, 2);
    Operation& edit = operation("anna", "edit", 21, 22);
    edit.messages = {20};
    edit.text = "anna 2";
    send("anna", "#closed", "anna 3", 23, 1);
    send("anna", "#closed", "anna 4", 25, 2);
    Operation& erase = operation("ben", "delete", 25, 26);
    erase.messages = {21};
    erase.count = 1;
  }
  static cli::Message seen(std::uint64_t id, std::string in, std::uint64_t number, std::string from, std::string text) {
    cli::Message message;
    message.id = id;
    message.in = std::move(in);
    message.number = number;
    message.from = std::move(from);
    message.text = std::move(text);
    return message;
  }
  static cli::Message as_edited(cli::Message message) {
    message.edited = true;
    return message;
  }
  static cli::Message as_deleted(cli::Message message) {
    message.deleted = true;
    message.text.clear();
    return message;
  }
  Operation& page(int called, int returned, std::uint64_t last, std::vector<cli::Message> messages) {
    Operation& made = operation("ben", "history", called, returned);
    made.place = "#ops";
    made.descending = true;
    made.limit = 50;
    made.last = last;
    made.page = std::move(messages);
    return made;
  }
  cli::Message one() const { return seen(20, "#ops", 1, "anna", "anna 1"); }
  cli::Message one_edited() const { return as_edited(seen(20, "#ops", 1, "anna", "anna 2")); }
  cli::Message two() const { return seen(21, "#ops", 2, "ben", "ben 1"); }
  cli::Message two_deleted() const { return as_deleted(two()); }
  cli::Message secret() const { return seen(23, "#closed", 1, "anna", "anna 3"); }
  cli::Message shared() const { return seen(25, "#closed", 2, "anna", "anna 4"); }

  // Ben's subscription from a cursor on: what he was told, and the cursor he then showed.
  Feed& feed(std::uint64_t begin, std::vector<cli::Message> messages, std::uint64_t cursor) {
    Feed& made = history.begin_feed("ben", begin, at(15));
    for (auto& message : messages) made.items.push_back({std::move(message), at(30)});
    made.bookmarks.push_back({made.items.size(), cursor, at(30)});
    made.ended = at(31);
    return made;
  }

  std::string requests() const { return judge_requests(truth, history).value_or("fine"); }
  std::string reads() const { return judge_reads(truth, history, lives).value_or("fine"); }
  std::string feeds(int now = 32) const {
    return judge_feeds(truth, history, lives, at(27), at(now)).value_or("fine");
  }

  Truth truth;
  History history;
  NodeLives lives;
};

#define EXPECT_NAMED(said, word) EXPECT_NE((said).find(word), std::string::npos) << (said)

// -- requests -------------------------------------------------------------------------------------------------------

TEST_F(Past, GoodRequestsAreFine) {
  good_requests();
  EXPECT_EQ(requests(), "fine");
}

TEST_F(Past, AnAcknowledgedMessageThatIsNotThereIsFound) {
  good_requests();
  send("ben", "#ops", "ben 2", 30, 3);
  EXPECT_NAMED(requests(), "is not there");
}

TEST_F(Past, AMessageUnderAnotherNumberThanToldIsFound) {
  good_requests();
  history.operation(1).number = 3;
  EXPECT_NAMED(requests(), "stands as");
}

TEST_F(Past, AMessageCarriedOutTwiceIsFound) {
  good_requests();
  commit(30, message(30, ops, 3, ben, "ben 1"));
  EXPECT_NAMED(requests(), "2 times");
}

TEST_F(Past, ARefusedMessageThatStandsThereIsFound) {
  good_requests();
  history.operation(1).ending = Operation::Ending::refused;
  EXPECT_NAMED(requests(), "was refused and stands");
}

TEST_F(Past, AnUnknownOneMayStandThereOrNot) {
  good_requests();
  history.operation(1).ending = Operation::Ending::unknown;
  Operation& lost = send("ben", "#ops", "ben 2", 30, 0);
  lost.ending = Operation::Ending::unknown;
  EXPECT_EQ(requests(), "fine");
}

TEST_F(Past, AMessageThatNobodySentIsFound) {
  good_requests();
  commit(30, message(30, ops, 3, ben, "from nowhere"));
  EXPECT_NAMED(requests(), "nobody asked for");
}

TEST_F(Past, RequestsOfOnePersonInTheWrongOrderAreFound) {
  operation("anna", "send", 19, 40).ending = Operation::Ending::unknown;   // asked for first: "anna 4"
  history.operation(0).place = "#closed";
  history.operation(0).text = "anna 4";
  send("anna", "#ops", "anna 1", 20, 1);
  send("ben", "#ops", "ben 1", 21, 2);
  Operation& edit = operation("anna", "edit", 21, 22);
  edit.messages = {20};
  edit.text = "anna 2";
  send("anna", "#closed", "anna 3", 23, 1);
  Operation& erase = operation("ben", "delete", 25, 26);
  erase.messages = {21};
  erase.count = 1;
  EXPECT_NAMED(requests(), "asked for earlier");
}

// Its client session ended before the answer: of an edit nobody can ask what became of it (PROTOCOL.md section 3).
TEST_F(Past, AnEditOutOfOrderIsFoundUnlessItMayHaveBeenRepeated) {
  send("anna", "#ops", "anna 1", 20, 1);
  send("ben", "#ops", "ben 1", 21, 2);
  send("anna", "#closed", "anna 3", 23, 1).called = at(20);   // asked for before the edit
  Operation& edit = operation("anna", "edit", 21, 24);
  edit.messages = {20};
  edit.text = "anna 2";
  send("anna", "#closed", "anna 4", 25, 2);
  Operation& erase = operation("ben", "delete", 25, 26);
  erase.messages = {21};
  erase.count = 1;
  EXPECT_NAMED(requests(), "asked for earlier");
  history.raw().weeks_passed.push_back(at(22));
  EXPECT_EQ(requests(), "fine");
}

TEST_F(Past, AnOrderThatRealTimeForbidsIsFound) {
  good_requests();
  history.operation(0).called = at(30);   // anna's first, called after ben's answer, stands before it
  history.operation(0).returned = at(31);
  EXPECT_NAMED(requests(), "can't have happened before");
}

TEST_F(Past, ANumberLeftOutIsFound) {
  good_requests();
  commit(30, message(30, ops, 4, ben, "ben 2"));
  send("ben", "#ops", "ben 2", 30, 4);
  EXPECT_NAMED(requests(), "not dense");
}

TEST_F(Past, AChangeAfterADeletionIsFound) {
  good_requests();
  commit(30, edited(message(21, ops, 2, ben, "ben 2")));
  EXPECT_NAMED(requests(), "after it had been deleted");
}

TEST_F(Past, ADeletionCountedTwiceIsFound) {
  good_requests();
  Operation& again = operation("ben", "delete", 27, 28);
  again.messages = {21};
  again.count = 1;
  EXPECT_NAMED(requests(), "deletions were acknowledged");
}

TEST_F(Past, ADeletionThatDidNothingIsFound) {
  good_requests();
  Operation& erase = operation("anna", "delete", 27, 28);
  erase.messages = {20};
  erase.count = 1;
  EXPECT_NAMED(requests(), "is there");
}

// -- reads ----------------------------------------------------------------------------------------------------------

TEST_F(Past, GoodPagesAreFine) {
  good_requests();
  page(21, 21, 2, {one(), two()});
  page(22, 23, 2, {one_edited(), two()});
  page(27, 28, 2, {one_edited(), two_deleted()});
  EXPECT_EQ(reads(), "fine");
}

TEST_F(Past, AMessageThatNeverWasIsFound) {
  page(27, 28, 2, {one_edited(), seen(21, "#ops", 2, "ben", "ben 9")});
  EXPECT_NAMED(reads(), "never was");
}

TEST_F(Past, AMessageShownBeforeItWasCommittedIsFound) {
  page(19, 20, 2, {one(), two()});
  EXPECT_NAMED(reads(), "before it was committed");
}

TEST_F(Past, AGapInAPageIsFound) {
  commit(30, message(30, ops, 3, ben, "ben 2"));
  page(31, 32, 3, {one_edited(), seen(30, "#ops", 3, "ben", "ben 2")});
  EXPECT_NAMED(reads(), "a gap");
}

TEST_F(Past, APageWithoutItsNewestMessagesIsFound) {
  page(27, 28, 2, {one_edited()});
  EXPECT_NAMED(reads(), "the newest are missing");
}

TEST_F(Past, AProcessThatGoesBackIsFound) {
  page(27, 28, 2, {one_edited(), two_deleted()});
  page(29, 30, 2, {one_edited(), two()});
  EXPECT_NAMED(reads(), "replaced at 26");
}

TEST_F(Past, AnotherLifeOfThatNodeMayBeBehindIfItSaysSo) {
  page(27, 28, 2, {one_edited(), two_deleted()});
  lives.began(NodeId(1), at(29));
  Operation& later = page(30, 31, 2, {one_edited(), two()});
  later.connected = at(30);
  later.stale = true;
  EXPECT_EQ(reads(), "fine");
}

// Its client session ended before the answer, and it was sent again. Found with seed 70757.
TEST_F(Past, AnEditMadeTwiceMayBeSeenAsOfItsFirstTime) {
  commit(27, edited(message(20, ops, 1, anna, "anna 2")));
  page(28, 29, 2, {one_edited(), two()}).stale = true;   // of a node that stands before 26
  page(30, 31, 2, {one_edited(), two()}).stale = true;
  EXPECT_EQ(reads(), "fine");
  page(32, 33, 2, {one_edited(), two_deleted()}).stale = true;
  page(34, 35, 2, {one_edited(), two()}).stale = true;
  EXPECT_NAMED(reads(), "replaced at 26");
}

TEST_F(Past, AReadThatMissesWhatTheSameProcessAcknowledgedIsFound) {
  good_requests();
  page(22, 23, 1, {one_edited()});
  EXPECT_NAMED(reads(), "conversation 10");
}

TEST_F(Past, AnotherNodeMayBeBehindOnlyIfItSaysSo) {
  good_requests();
  page(27, 28, 2, {one_edited(), two_deleted()});
  Operation& behind = page(29, 30, 2, {one_edited(), two()});
  behind.node = 2;
  behind.stale = true;
  EXPECT_EQ(reads(), "fine");
  behind.stale = false;
  EXPECT_NAMED(reads(), "replaced at 26");
}

TEST_F(Past, AFreshReadThatMissesWhatAnotherNodeAcknowledgedIsFound) {
  good_requests();
  Operation& behind = page(22, 23, 1, {one_edited()});
  behind.node = 2;
  behind.stale = true;
  EXPECT_EQ(reads(), "fine");
  behind.stale = false;
  EXPECT_NAMED(reads(), "over all nodes");
}

TEST_F(Past, AMessageOfATimeBeforeOnesMembershipIsFound) {
  Operation& read = page(27, 28, 2, {secret(), shared()});
  read.place = "#closed";
  EXPECT_NAMED(reads(), "not theirs to see");
}

TEST_F(Past, AMarkerThatGoesBackIsFound) {
  history.saw_marker({"ben", "#ops", 1, at(2), at(22), at(23), 2, 2});
  history.saw_marker({"ben", "#ops", 1, at(2), at(24), at(25), 1, 2});
  EXPECT_NAMED(reads(), "marker");
}

// -- accounts that end ----------------------------------------------------------------------------------------------

// At 27 anna talks to carl (3), at 28 his account is deleted, then another carl (4) is there, at 30 anna talks to him.
class Gone : public Past {
 protected:
  static constexpr chat::AccountId old_carl{3}, new_carl{4};
  Gone() {
    truth.add_account(old_carl, "carl");
    pair(chat::ConversationId(27), old_carl);
    commit(27, message(27, chat::ConversationId(27), 1, anna, "to the old one"));
    truth.add(Index(28), {}, at(28));
    truth.delete_account(old_carl, Index(28));
    truth.add_account(new_carl, "carl");
    pair(chat::ConversationId(30), new_carl);
    commit(30, message(30, chat::ConversationId(30), 1, anna, "to the new one"));
  }
  void pair(chat::ConversationId id, chat::AccountId with) {
    Truth::Conversation conversation;
    conversation.low = anna;
    conversation.high = with;
    truth.add_conversation(id, conversation);
  }
  Operation& talk(std::string place, int called, std::vector<cli::Message> messages) {
    Operation& made = operation("anna", "history", called, called + 1);
    made.place = std::move(place);
    made.descending = true;
    made.limit = 50;
    made.last = messages.size();
    made.page = std::move(messages);
    return made;
  }
  static cli::Message old_one(std::string in) { return seen(27, std::move(in), 1, "anna", "to the old one"); }
  static cli::Message new_one() { return seen(30, "@carl", 1, "anna", "to the new one"); }
};

TEST_F(Gone, BothAreReadUnderTheNamesThatTheyHave) {
  talk("@carl", 27, {old_one("@carl")});
  talk("@carl~3", 31, {old_one("@carl~3")});
  talk("@carl", 32, {new_one()});
  EXPECT_EQ(reads(), "fine");
}

TEST_F(Gone, AnAccountShownAsDeletedThatIsAliveIsFound) {
  talk("@carl", 26, {old_one("@carl~3")}).returned = at(27);
  EXPECT_NAMED(reads(), "which is in @carl");
}

TEST_F(Gone, AnAccountShownAsAliveByWhoKnowsOfItsEndIsFound) {
  talk("@carl", 31, {new_one()});
  talk("@carl", 33, {old_one("@carl")});
  EXPECT_NAMED(reads(), "as if that account were alive");
}

TEST_F(Gone, MessagesOfBothInOnePageAreFound) {
  talk("@carl", 27, {old_one("@carl"), new_one()}).returned = at(31);
  EXPECT_NAMED(reads(), "of another conversation");
}

TEST_F(Past, AMarkerThatWasNotReplicatedMayGoWithWhatItsNodeHeldInMemory) {
  history.saw_marker({"ben", "#ops", 1, at(2), at(22), at(23), 2, 2});
  history.saw_marker({"ben", "#ops", 1, at(24), at(25), at(26), 1, 2});
  EXPECT_NAMED(reads(), "marker");
  lives.installed(NodeId(1), at(24));   // a snapshot: the node comes up anew
  EXPECT_EQ(reads(), "fine");
}

// -- subscriptions --------------------------------------------------------------------------------------------------

TEST_F(Past, AGoodSubscriptionIsFine) {
  feed(15, {one(), two(), one_edited(), shared(), two_deleted()}, 26);
  EXPECT_EQ(feeds(), "fine");
}

TEST_F(Past, OnlyTheLastVersionIsOwedBelowACursor) {
  feed(15, {one_edited(), shared(), two_deleted()}, 26);
  EXPECT_EQ(feeds(), "fine");
}

TEST_F(Past, ASkippedMessageIsFound) {
  feed(15, {one_edited(), two_deleted()}, 26);
  EXPECT_NAMED(feeds(), "never told message 25");
}

TEST_F(Past, ASkippedEditIsFound) {
  feed(15, {one(), two(), shared(), two_deleted()}, 26);
  EXPECT_NAMED(feeds(), "never told message 20");
}

TEST_F(Past, ASkippedDeletionIsFound) {
  feed(15, {one(), two(), one_edited(), shared()}, 26);
  EXPECT_NAMED(feeds(), "never told message 21");
}

TEST_F(Past, WhatLiesBeyondTheCursorIsNotOwedYet) {
  feed(15, {one(), two(), one_edited()}, 24);
  EXPECT_EQ(feeds(), "fine");
}

TEST_F(Past, AMessageToldTwiceIsFound) {
  feed(15, {one(), two(), two()}, 21);
  EXPECT_NAMED(feeds(), "twice");
}

TEST_F(Past, AMessageToldOutOfOrderIsFound) {
  feed(15, {two(), one()}, 21);
  EXPECT_NAMED(feeds(), "after 21");
}

TEST_F(Past, AMessageBelowTheCursorThatWasResumedFromIsFound) {
  feed(20, {one(), two()}, 21);
  EXPECT_NAMED(feeds(), "its cursor was beyond");
}

TEST_F(Past, ACursorThatGoesBackIsFound) {
  feed(15, {one(), two(), one_edited()}, 22).bookmarks.push_back({3, 20, at(31)});
  EXPECT_NAMED(feeds(), "went back");
}

TEST_F(Past, ASecretToldToAnOutsiderIsFound) {
  feed(15, {one(), two(), one_edited(), secret()}, 23);
  EXPECT_NAMED(feeds(), "not theirs to see");
}

TEST_F(Past, WhoStaysConnectedHearsEverythingInTheEnd) {
  Feed& open = feed(15, {one(), two(), one_edited(), shared()}, 22);
  open.ended = never;
  open.ready_since = at(16);
  open.node = 1;
  open.connected = at(16);
  EXPECT_EQ(feeds(30), "fine");
  EXPECT_NAMED(feeds(60), "at the end");
  lives.began(NodeId(1), at(20));   // without a word to ben
  EXPECT_EQ(feeds(60), "fine");
}

TEST_F(Past, ASyncThatSkipsIsFound) {
  Operation& sync = operation("ben", "sync", 27, 28);
  sync.asked = 15;
  sync.cursor = 26;
  sync.page = {one_edited(), two_deleted()};
  EXPECT_NAMED(feeds(), "never told message 25");
}

// -- linearizability ------------------------------------------------------------------------------------------------

TEST(Linearizability, OverlappingAppendsMayStandInAnyOrder) {
  EXPECT_FALSE(find_nonlinear({{1, at(5), at(9)}, {2, at(1), at(6)}}, {}));
}

TEST(Linearizability, AnAppendThatStandsBeforeAnEarlierAcknowledgedOneIsFound) {
  EXPECT_TRUE(find_nonlinear({{1, at(5), at(9)}, {2, at(1), at(4)}}, {}));
}

TEST(Linearizability, AReadSeesWhatWasAcknowledgedBeforeIt) {
  EXPECT_FALSE(find_nonlinear({{1, at(1), at(2)}}, {{1, at(3), at(4)}}));
  EXPECT_TRUE(find_nonlinear({{1, at(1), at(2)}}, {{0, at(3), at(4)}}));
}

TEST(Linearizability, AReadMayNotSeeWhatIsYetToBeCalled) {
  EXPECT_TRUE(find_nonlinear({{1, at(5), at(6)}}, {{1, at(3), at(4)}}));
}

TEST(Linearizability, TwoReadsMayNotGoBack) {
  EXPECT_FALSE(find_nonlinear({{1, at(1), never}}, {{1, at(3), at(6)}, {0, at(2), at(5)}}));
  EXPECT_TRUE(find_nonlinear({{1, at(1), never}}, {{1, at(2), at(3)}, {0, at(4), at(5)}}));
}

TEST(Linearizability, AReadOfALengthBetweenFixesTheTimeOfTheNextAppend) {
  EXPECT_TRUE(find_nonlinear({{1, at(1), at(9)}, {2, at(1), at(4)}}, {{1, at(6), at(7)}}));
}

}  // namespace
}  // namespace parley::sim
