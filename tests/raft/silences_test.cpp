// A loaded machine makes everybody silent for longer than the heartbeats mean it: nobody is judged by that at once.
#include <gtest/gtest.h>

#include "raft/lone.hpp"
#include "raft/silences.hpp"

namespace parley::raft::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration timeout = 300ms;
const TimePoint start = TimePoint(1000s);

TEST(Silences, PatienceIsTwiceTheLongestWithinBounds) {
  Silences silences(timeout);
  EXPECT_EQ(silences.patience(start), timeout);
  silences.heard(start - 50ms, start);
  EXPECT_EQ(silences.patience(start), timeout);
  silences.heard(start - 250ms, start);
  silences.heard(start - 50ms, start);
  EXPECT_EQ(silences.patience(start), 500ms);
  silences.heard(start - 500ms, start);
  EXPECT_EQ(silences.patience(start), 900ms) << "three election timeouts";
}

TEST(Silences, OfWhoWasAwayAreNone) {
  Silences silences(timeout);
  silences.heard(start - 901ms, start);
  EXPECT_EQ(silences.patience(start), timeout);
}

TEST(Silences, AreForgotten) {
  Silences silences(timeout);
  const TimePoint whole = TimePoint(0s) + 100 * silences.window();   // where one begins
  silences.heard(whole - 250ms, whole);
  silences.heard(whole + 9s, whole + 9s + 200ms);
  EXPECT_EQ(silences.patience(whole + 9s + 200ms), 500ms);
  silences.heard(whole + 10s, whole + 10s);
  EXPECT_EQ(silences.patience(whole + 10s), 500ms) << "one window ago";
  silences.heard(whole + 20s, whole + 20s);
  EXPECT_EQ(silences.patience(whole + 20s), timeout);
  silences.heard(whole + 21s - 250ms, whole + 21s);
  EXPECT_EQ(silences.patience(whole + 60s), timeout) << "nothing was heard for long";
}

TEST(Silences, OverABrokenLinkAreNone) {
  Silences silences(timeout);
  silences.interrupted();
  silences.heard(start - 250ms, start);
  EXPECT_EQ(silences.patience(start), timeout);
  silences.heard(start, start + 200ms);
  EXPECT_EQ(silences.patience(start + 200ms), 400ms) << "the next ones are again";
}

Durable newborn() { return born_with(configuration_of(3)); }

// As from a leader at ease: every 50 ms.
void hear_for(Lone& s, Duration duration) {
  for (const TimePoint end = s.now.steady + duration; s.now.steady < end;) {
    s.pass(50ms);
    s.say(2, append(1, id(1, 1)));
  }
}

TEST(Silences, AFollowerWaitsLongerForALeaderThatWasSilentAndLives) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  hear_for(s, 1s);
  EXPECT_LE(s.raft.deadline(), s.now.steady + 600ms);
  s.now.steady += 250ms;
  s.say(2, append(1, id(1, 1)));
  hear_for(s, 1s);
  EXPECT_GE(s.raft.deadline(), s.now.steady + 500ms);
  EXPECT_LE(s.raft.deadline(), s.now.steady + 800ms);
  hear_for(s, 20s);
  EXPECT_LE(s.raft.deadline(), s.now.steady + 600ms) << "it is at ease again";
}

TEST(Silences, AFollowerThatAskedForPreVotesForNothingWaitsLongerNextTime) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  hear_for(s, 1s);
  s.time_out();
  ASSERT_EQ(s.status().role, Role::pre_candidate);
  s.say(2, append(1, id(1, 1)));   // it lives
  ASSERT_EQ(s.status().role, Role::follower);
  hear_for(s, 1s);
  EXPECT_GE(s.raft.deadline(), s.now.steady + 600ms);
}

TEST(Silences, WhoseProcessIsGoneIsNotWaitedForAnyLonger) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.now.steady += 250ms;
  s.say(2, append(1, id(1, 1)));
  s.raft.refused(NodeId(2), s.now);
  EXPECT_LE(s.raft.deadline(), s.now.steady + s.options.early_campaign_jitter);
}

// Ticks the leader at its own pace while nobody answers; how long it stays.
Duration leads_on(Lone& s) {
  const TimePoint begin = s.now.steady;
  while (s.status().role == Role::leader && s.now.steady < begin + 10s) s.time_out();
  return s.now.steady - begin;
}

TEST(Silences, ALeaderStaysLongerWhereItsFollowersWereSilentAndLive) {
  Lone calm(log_of_terms(configuration_of(3), {1}));
  calm.lead({2});
  for (int i = 0; i < 20; ++i) {
    calm.time_out();
    calm.acknowledge(2, calm.last().index);
  }
  EXPECT_LE(leads_on(calm), 400ms);

  Lone loaded(log_of_terms(configuration_of(3), {1}));
  loaded.lead({2});
  for (int i = 0; i < 5; ++i) loaded.time_out();
  loaded.acknowledge(2, loaded.last().index);
  EXPECT_EQ(loaded.status().role, Role::leader);
  const Duration stays = leads_on(loaded);
  EXPECT_GE(stays, 450ms);
  EXPECT_LE(stays, 600ms);
}

}  // namespace
}  // namespace parley::raft::test
