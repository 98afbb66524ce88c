#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <stdexcept>

#include "net/before.hpp"
#include "net/spawn.hpp"
#include "net/world.hpp"

namespace parley::net {
namespace {

awaitable<void> wait_on(Alarm& alarm, TimePoint deadline, int& woken) {
  co_await alarm.wait_until(deadline);
  ++woken;
}

TEST(Alarm, ring_wakes_the_waiter_of_an_endless_wait) {
  World world;
  SteadyAlarm alarm(world.executor);
  int woken = 0;
  spawn(world.executor, wait_on(alarm, never, woken));
  world.io.poll();
  EXPECT_EQ(woken, 0);
  alarm.ring();
  world.io.poll();
  EXPECT_EQ(woken, 1);
}

TEST(Alarm, ring_before_the_wait_is_not_remembered) {
  World world;
  SteadyAlarm alarm(world.executor);
  int woken = 0;
  alarm.ring();
  spawn(world.executor, wait_on(alarm, never, woken));
  world.io.poll();
  EXPECT_EQ(woken, 0);
  alarm.ring();
  world.io.poll();
  EXPECT_EQ(woken, 1);
}

TEST(Alarm, rings_in_one_turn_wake_once) {
  World world;
  SteadyAlarm alarm(world.executor);
  int woken = 0;
  spawn(world.executor, wait_on(alarm, never, woken));
  world.io.poll();
  alarm.ring();
  alarm.ring();
  world.io.poll();
  EXPECT_EQ(woken, 1);
}

awaitable<void> wait_for_deadlines(World& world, SteadyAlarm& alarm, int& woken) {
  co_await alarm.wait_until(long_ago);
  ++woken;
  co_await alarm.wait_until(world.clock.now() - milliseconds(1));
  ++woken;
  const TimePoint deadline = world.in(milliseconds(20));
  co_await alarm.wait_until(deadline);
  if (world.clock.now() >= deadline) ++woken;
}

TEST(Alarm, deadline_wakes_also_one_that_has_passed) {
  World world;
  SteadyAlarm alarm(world.executor);
  int woken = 0;
  world.run(wait_for_deadlines(world, alarm, woken));
  EXPECT_EQ(woken, 3);
}

TEST(Clock, shows_both_times_and_makes_alarms) {
  World world;
  const TimePoint before = world.clock.now();
  EXPECT_LE(before, world.clock.now());
  EXPECT_GT(world.clock.wall_now().ms, 1'600'000'000'000);
  EXPECT_NE(world.clock.make_alarm(), nullptr);
}

awaitable<void> fail() {
  throw std::runtime_error("a loop died");
  co_return;
}

TEST(Spawn, lets_the_exception_of_a_loop_end_the_run) {
  World world;
  spawn(world.executor, fail());
  EXPECT_THROW(world.io.run(), std::runtime_error);
}

awaitable<int> answer_after(World& world, milliseconds time) {
  co_await world.pause(time);
  co_return 42;
}
awaitable<int> fail_with_value() {
  throw std::runtime_error("no value");
  co_return 0;
}
awaitable<void> race(World& world, milliseconds patience, milliseconds work, std::optional<int>& value) {
  value = co_await before(world.clock, world.in(patience), answer_after(world, work));
}
awaitable<void> race_failing(World& world, bool& thrown) {
  try {
    (void)co_await before(world.clock, never, fail_with_value());
  } catch (const std::runtime_error&) {
    thrown = true;
  }
}

TEST(Before, gives_the_value_that_came_in_time) {
  World world;
  std::optional<int> value;
  world.run(race(world, milliseconds(5'000), milliseconds(1), value));
  EXPECT_EQ(value, 42);
}

TEST(Before, gives_nothing_at_the_deadline) {
  World world;
  std::optional<int> value = 1;
  world.run(race(world, milliseconds(1), milliseconds(50), value));
  EXPECT_EQ(value, std::nullopt);
}

TEST(Before, throws_what_the_operation_throws) {
  World world;
  bool thrown = false;
  world.run(race_failing(world, thrown));
  EXPECT_TRUE(thrown);
}

}  // namespace
}  // namespace parley::net
