#include "node/digest_marks.hpp"

#include <gtest/gtest.h>

namespace parley::node {
namespace {

const Digest right = digest("right");
const Digest wrong = digest("wrong");
const Digest odd = digest("odd");

ServerId server(std::uint32_t id) { return {NodeId(id), Incarnation(100 + id)}; }

raft::Configuration of(std::uint32_t voters, std::uint32_t learners = 0) {
  raft::Configuration configuration;
  for (std::uint32_t id = 1; id <= voters + learners; ++id) {
    configuration.members.push_back({server(id), id <= voters, "a:1", "a:2"});
  }
  return configuration;
}

TEST(DigestMarks, AreTheFirstEntryInEachSpanOfLogTimeAndEveryThousandth) {
  EXPECT_FALSE(DigestMarks::is_mark(LogTime{5'000}, LogTime{9'999}, Index(7)));
  EXPECT_TRUE(DigestMarks::is_mark(LogTime{9'999}, LogTime{10'000}, Index(7)));
  EXPECT_TRUE(DigestMarks::is_mark(LogTime{10'000}, LogTime{10'000}, Index(2048)));
  EXPECT_FALSE(DigestMarks::is_mark(LogTime{10'000}, LogTime{10'000}, Index(2049)));
}

TEST(DigestMarks, EqualOnesAreCountedAndNothingIsSaid) {
  DigestMarks marks;
  marks.heard(server(2), Index(10), right);
  EXPECT_FALSE(marks.look(of(3), server(1))) << "this node is not there yet";
  marks.own(Index(10), right);
  EXPECT_FALSE(marks.look(of(3), server(1)));
  marks.heard(server(3), Index(10), right);
  EXPECT_FALSE(marks.look(of(3), server(1)));
  EXPECT_EQ(marks.compared(), 2U);
  EXPECT_EQ(marks.differed(), 0U);
}

TEST(DigestMarks, WhoDiffersFromMostVotersIsWrongOnceTheyAgree) {
  DigestMarks marks;
  marks.own(Index(10), wrong);
  marks.heard(server(2), Index(10), right);
  const auto first = marks.look(of(3), server(1));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->differing, std::vector<ServerId>{server(2)});
  EXPECT_FALSE(first->self) << "one against one";
  EXPECT_FALSE(marks.look(of(3), server(1))) << "said once";
  marks.heard(server(3), Index(10), right);
  const auto second = marks.look(of(3), server(1));
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->self);
}

TEST(DigestMarks, WhoAgreesWithMostVotersStays) {
  DigestMarks marks;
  marks.own(Index(10), right);
  marks.heard(server(2), Index(10), right);
  marks.heard(server(3), Index(10), wrong);
  const auto finding = marks.look(of(3), server(1));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->differing, std::vector<ServerId>{server(3)});
  EXPECT_FALSE(finding->self);
}

TEST(DigestMarks, WhereAllDifferNobodyIsOutvoted) {
  DigestMarks marks;
  marks.own(Index(10), wrong);
  marks.heard(server(2), Index(10), right);
  marks.heard(server(3), Index(10), odd);
  const auto finding = marks.look(of(3), server(1));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->differing.size(), 2U);
  EXPECT_FALSE(finding->self);
}

TEST(DigestMarks, DigestsAtDifferentEntriesProveNothingTogether) {
  DigestMarks marks;
  marks.own(Index(10), wrong);
  marks.own(Index(20), wrong);
  marks.heard(server(2), Index(10), right);
  marks.heard(server(3), Index(20), right);
  for (int i = 0; i < 2; ++i) {
    const auto finding = marks.look(of(3), server(1));
    ASSERT_TRUE(finding);
    EXPECT_FALSE(finding->self);
  }
}

TEST(DigestMarks, LearnersHaveNoSayAndStrangersAreNotListenedTo) {
  DigestMarks marks;
  marks.own(Index(10), wrong);
  marks.heard(server(4), Index(10), right);
  marks.heard(server(5), Index(10), right);
  marks.heard({NodeId(2), Incarnation(7)}, Index(10), right);   // another data directory of node 2
  marks.heard({NodeId(9), Incarnation(9)}, Index(10), right);
  const auto finding = marks.look(of(3, 2), server(1));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->differing.size(), 2U) << "the learners'";
  EXPECT_FALSE(finding->self);
}

TEST(DigestMarks, ALearnerThatDiffersFromMostVotersIsWrongToo) {
  DigestMarks marks;
  marks.own(Index(10), wrong);
  marks.heard(server(1), Index(10), right);
  marks.heard(server(2), Index(10), right);
  const auto finding = marks.look(of(3, 1), server(4));
  ASSERT_TRUE(finding);
  EXPECT_TRUE(finding->self);
}

TEST(DigestMarks, OnlyTheLatestAreKept) {
  DigestMarks marks;
  for (std::uint64_t i = 1; i <= 2 * DigestMarks::kept_max; ++i) marks.own(Index(10 * i), right);
  marks.heard(server(2), Index(10), wrong);
  EXPECT_FALSE(marks.look(of(3), server(1)));
  EXPECT_EQ(marks.compared(), 0U);
}

}  // namespace
}  // namespace parley::node
