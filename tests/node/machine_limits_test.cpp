// The bounds on what comes from outside.

#include "node/limits.hpp"

#include <gtest/gtest.h>

#include "node/methods_passwords.hpp"

namespace parley::node {
namespace {

using namespace std::chrono_literals;

constexpr ThrottlePolicy policy{2, 100ms, 400ms, 10s};

TEST(Throttle, EachFailureBeyondTheFreeOnesDoublesTheWaitUpToItsLimit) {
  Throttle throttle(policy);
  TimePoint now{};
  throttle.failed("ann", now);
  throttle.failed("ann", now);
  EXPECT_EQ(throttle.wait("ann", now), 0ms);
  for (const auto expected : {100ms, 200ms, 400ms, 400ms}) {
    throttle.failed("ann", now);
    EXPECT_EQ(throttle.wait("ann", now), expected);
    now += expected;
    EXPECT_EQ(throttle.wait("ann", now), 0ms);
  }
  EXPECT_EQ(throttle.wait("bob", now), 0ms);
}

TEST(Throttle, SuccessOrALongPauseForgets) {
  Throttle throttle(policy);
  TimePoint now{};
  for (int i = 0; i < 5; ++i) throttle.failed("ann", now);
  throttle.succeeded("ann");
  EXPECT_EQ(throttle.wait("ann", now), 0ms);
  for (int i = 0; i < 5; ++i) throttle.failed("bob", now);
  now += 11s;
  throttle.failed("bob", now);
  EXPECT_EQ(throttle.wait("bob", now), 0ms);
}

TEST(Throttle, RemembersOnlySoManyAndForgetsTheOldest) {
  Throttle throttle(policy);
  TimePoint now{};
  for (std::size_t i = 0; i < throttle_keys_max + 10; ++i) throttle.failed(std::to_string(i), now += 1us);
  EXPECT_EQ(throttle.size(), throttle_keys_max);
}

TEST(RateLimit, GrantsABurstAndThenTheRate) {
  RateLimit limit(10, 3);
  TimePoint now{};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", now));
  EXPECT_FALSE(limit.take("a", now));
  EXPECT_TRUE(limit.take("b", now));
  now += 100ms;
  EXPECT_TRUE(limit.take("a", now));
  EXPECT_FALSE(limit.take("a", now));
}

TEST(Limits, AnAddressIsWhatStandsBeforeThePort) {
  EXPECT_EQ(address_of("127.0.0.1:7001"), "127.0.0.1");
  EXPECT_EQ(address_of("[::1]:7001"), "::1");
  EXPECT_EQ(address_of("nowhere"), "nowhere");
}

TEST(Passwords, TooShortTooLongTooCommonOrTheOwnNameIsWeak) {
  EXPECT_NE(password_weakness("1234567", "ann"), "");
  EXPECT_NE(password_weakness(std::string(1025, 'x') + "y", "ann"), "");
  EXPECT_NE(password_weakness("PassWord1", "ann"), "");
  EXPECT_NE(password_weakness("Annabella", "annabella"), "");
  EXPECT_NE(password_weakness("zzzzzzzzzz", "ann"), "");
  EXPECT_EQ(password_weakness("correct horse", "ann"), "");
}

}  // namespace
}  // namespace parley::node
