// One stream of what pages of `sync` and pushes bring.
#include "cli/message_feed.hpp"

#include <gtest/gtest.h>

namespace parley::cli {
namespace {

Message message(std::uint64_t id, std::string in, std::uint64_t cursor) {
  Message made;
  made.id = id;
  made.in = std::move(in);
  made.number = 1;
  made.from = "ann";
  made.text = "hi";
  made.cursor = cursor;
  return made;
}

// Whose account ended while the reader was away is called "@name~id" by the page that brings the same again.
TEST(MessageFeed, TheSameChangeUnderAnotherNameOfItsPlaceIsNotToldTwice) {
  MessageFeed feed(10);
  feed.place(Cursor{1, 10});
  feed.page({}, 10);
  ASSERT_TRUE(feed.release());
  EXPECT_EQ(feed.push(message(20, "@bob", 20)).size(), 1U);
  feed.hold();
  EXPECT_EQ(feed.cursor().index, 10U) << "of entry 20 there may be more";
  EXPECT_TRUE(feed.page({message(20, "@bob~5", 0)}, 25).empty());
  EXPECT_EQ(feed.page({message(26, "@bob~5", 0)}, 26).size(), 1U);
}

TEST(MessageFeed, AnotherVersionAtTheSameCursorIsTold) {
  MessageFeed feed(10);
  feed.place(Cursor{1, 10});
  ASSERT_TRUE(feed.release());
  feed.push(message(20, "@bob", 20));
  feed.hold();
  Message edited = message(20, "@bob", 0);
  edited.text = "hello";
  edited.edited = true;
  EXPECT_EQ(feed.page({edited}, 25).size(), 1U);
}

}  // namespace
}  // namespace parley::cli
