#include "node/pulse.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace parley::node {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TimePoint start = TimePoint(1000s);

struct PulseTest : ::testing::Test {
  std::vector<std::string> said;
  std::unique_ptr<Logger> logger = make_sink_logger([this](LogLevel, std::string_view event, std::string_view text) {
    said.push_back(std::string(event) + ": " + std::string(text));
  });
  Pulse pulse{*logger};
};

TEST(TimeHistogram, EachBoundCountsAllThatTookAtMostSoLong) {
  TimeHistogram times;
  times.add(0ms);
  times.add(1ms);
  times.add(Duration(1ms) + Duration(1));
  times.add(4096ms);
  times.add(60s);
  EXPECT_EQ(times.at_most(0), 2U);
  EXPECT_EQ(times.at_most(1), 3U);
  EXPECT_EQ(times.at_most(TimeHistogram::bounds.size() - 1), 4U);
  EXPECT_EQ(times.count(), 5U) << "what is beyond the last bound counts too";
  EXPECT_EQ(times.sum(), Duration(60s) + 4098ms + Duration(1));
}

TEST_F(PulseTest, WhatIsFastIsCountedAndNotTold) {
  pulse.log_written(99ms, start);
  pulse.woken(start, start + 99ms);
  EXPECT_EQ(pulse.log_writes().count(), 1U);
  EXPECT_EQ(pulse.lateness().count(), 1U);
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(PulseTest, ASlowDiskIsToldAtOnceAndThenNowAndThen) {
  pulse.log_written(1200ms, start);
  EXPECT_THAT(said, ElementsAre(HasSubstr("disk_slow: a write of the log took 1200 ms: ")));
  pulse.log_written(3000ms, start + 3s);
  pulse.log_written(100ms, start + 9999ms);
  EXPECT_EQ(said.size(), 1U);
  pulse.log_written(200ms, start + 10s);
  EXPECT_EQ(said.size(), 2U);
  EXPECT_THAT(said.back(), HasSubstr("took 200 ms (3 times that long since this was last said, 3000 ms at most): "));
}

TEST_F(PulseTest, WhoIsWokenBeforeItIsTimeIsNotLate) {
  pulse.woken(start + 1s, start);
  pulse.woken(never, start);
  EXPECT_EQ(pulse.lateness().count(), 0U);
  pulse.woken(start, start + 450ms);
  EXPECT_THAT(said, ElementsAre(HasSubstr("woken_late: this node was woken too late, by 450 ms: ")));
}

}  // namespace
}  // namespace parley::node
