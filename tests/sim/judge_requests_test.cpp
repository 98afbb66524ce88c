// The judge of requests accepts a good history and names what is wrong with a bad one.
#include "sim/past.hpp"

namespace parley::sim {
namespace {

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

}  // namespace
}  // namespace parley::sim
