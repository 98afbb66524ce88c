// The judge of reads, and what it decides linearizability with, accept a good history and name what is wrong with a bad
// one.
#include "sim/linearizability.hpp"
#include "sim/past.hpp"

namespace parley::sim {
namespace {

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

TEST_F(Past, AMarkerThatWasNotReplicatedMayGoWithWhatItsNodeHeldInMemory) {
  history.saw_marker({"ben", "#ops", 1, at(2), at(22), at(23), 2, 2});
  history.saw_marker({"ben", "#ops", 1, at(24), at(25), at(26), 1, 2});
  EXPECT_NAMED(reads(), "marker");
  lives.installed(NodeId(1), at(24));   // a snapshot: the node comes up anew
  EXPECT_EQ(reads(), "fine");
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
