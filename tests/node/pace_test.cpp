#include "node/pace.hpp"

#include <gtest/gtest.h>

namespace parley::node {
namespace {

using namespace std::chrono_literals;

const TimePoint start = TimePoint(1000s);

TEST(Pace, WhatComesAtOnceGoesAtTheRateWhoeverTakesIt) {
  Pace pace(1000);
  EXPECT_EQ(pace.take(start, 500), start) << "the first need not wait";
  EXPECT_EQ(pace.take(start, 250), start + 500ms);
  EXPECT_EQ(pace.take(start + 100ms, 250), start + 750ms);
  EXPECT_EQ(pace.take(start + 1000ms, 1), start + 1000ms) << "its time has just come";
}

TEST(Pace, TimeThatNobodyUsedIsNotSavedUp) {
  Pace pace(1000);
  EXPECT_EQ(pace.take(start, 1000), start);
  EXPECT_EQ(pace.take(start + 60s, 1000), start + 60s);
  EXPECT_EQ(pace.take(start + 60s, 1000), start + 61s);
}

TEST(Pace, WithoutABoundNothingWaits) {
  Pace pace(0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.take(start, std::uint64_t{1} << 40), start);
}

}  // namespace
}  // namespace parley::node
