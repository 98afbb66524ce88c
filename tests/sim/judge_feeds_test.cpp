// The judge of subscriptions accepts a good history and names what is wrong with a bad one.
#include "sim/past.hpp"

namespace parley::sim {
namespace {

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

}  // namespace
}  // namespace parley::sim
