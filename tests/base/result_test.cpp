#include "base/result.hpp"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 5;
  const Result<int> bad = Error{"no such file"};
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(*good, 5);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message, "no such file");
}

TEST(ResultDeathTest, ReadingTheSideThatIsNotThereStopsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Result<int> bad = Error{"x"};
  EXPECT_DEATH(bad.value(), "assertion failed");
}

}  // namespace
}  // namespace parley
