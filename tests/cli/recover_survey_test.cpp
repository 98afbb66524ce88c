// Whom `parley recover` takes for the best survivor.
#include "cli/recover_survey.hpp"

#include <gtest/gtest.h>

namespace parley::cli {
namespace {

Survivor stopped(std::uint32_t node, std::uint64_t term, std::uint64_t index) {
  Survivor survivor;
  survivor.node = NodeId(node);
  survivor.last = raft::EntryId{Term(term), Index(index)};
  return survivor;
}

Survivor running(std::uint32_t node, std::uint64_t index) {
  auto survivor = stopped(node, 0, index);
  survivor.runs = true;
  return survivor;
}

TEST(BestSurvivor, HasTheLastTermAndThenTheLongestLog) {   // paper 5.4.1
  const std::vector<Survivor> survivors{stopped(1, 4, 90), stopped(2, 5, 70), stopped(3, 5, 71)};
  ASSERT_NE(best_of(survivors), nullptr);
  EXPECT_EQ(best_of(survivors)->node, NodeId(3));
}

TEST(BestSurvivor, OfEqualOnesIsTheFirstWhichIsTheOneThatIsAskedFor) {
  const std::vector<Survivor> survivors{stopped(3, 5, 70), stopped(1, 5, 70)};
  EXPECT_EQ(best_of(survivors)->node, NodeId(3));
}

TEST(BestSurvivor, IsNoneOfWhomNothingIsKnownAndNoneThatRuns) {
  Survivor unknown;
  unknown.node = NodeId(1);
  const std::vector<Survivor> survivors{unknown, running(2, 500)};
  EXPECT_EQ(best_of(survivors), nullptr);
}

TEST(LongerThan, FindsWhoRunsAndHasMoreThanTheOneAskedFor) {
  const std::vector<Survivor> survivors{stopped(1, 5, 70), running(2, 70), running(3, 71)};
  const auto* longer = longer_than({Term(5), Index(70)}, survivors);
  ASSERT_NE(longer, nullptr);
  EXPECT_EQ(longer->node, NodeId(3));
  EXPECT_EQ(longer_than({Term(5), Index(71)}, survivors), nullptr);
}

}  // namespace
}  // namespace parley::cli
