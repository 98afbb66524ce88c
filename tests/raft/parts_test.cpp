// The parts by themselves: Log, Configuration, LogClock, and that Invariants see what they are for.
#include <gtest/gtest.h>

#include "raft/lone.hpp"
#include "raft/log_clock.hpp"

namespace parley::raft::test {
namespace {

Log log_with_base() {
  Durable durable;
  durable.base = id(2, 10);
  durable.base_time = LogTime{5};
  for (const std::uint64_t term : {3, 3, 5, 5, 5, 8}) {
    durable.entries.push_back(entry_of(Term(term), Index(11 + durable.entries.size())));
  }
  return Log(durable);
}

TEST(LogPart, terms_are_known_from_base_to_last_and_nowhere_else) {
  const Log log = log_with_base();
  EXPECT_EQ(log.last_id(), id(8, 16));
  EXPECT_EQ(log.term_at(Index(9)), std::nullopt);
  EXPECT_EQ(log.term_at(Index(10)), Term(2));
  EXPECT_EQ(log.term_at(Index(13)), Term(5));
  EXPECT_EQ(log.term_at(Index(17)), std::nullopt);
  EXPECT_EQ(Log().last_id(), id(0, 0));
  EXPECT_EQ(Log().term_at(Index(0)), Term(0));
}

TEST(LogPart, searches_by_term_find_the_ends_of_its_run) {
  const Log log = log_with_base();
  EXPECT_EQ(log.first_index_of_term_at(Index(15)), Index(13));
  EXPECT_EQ(log.first_index_of_term_at(Index(11)), Index(11));
  EXPECT_EQ(log.last_index_up_to(Term(5), Index(16)), Index(15));
  EXPECT_EQ(log.last_index_up_to(Term(5), Index(14)), Index(14));
  EXPECT_EQ(log.last_index_up_to(Term(4), Index(99)), Index(12));
  EXPECT_EQ(log.last_index_up_to(Term(2), Index(16)), Index(10));
  EXPECT_EQ(log.last_index_up_to(Term(9), Index(3)), Index(10));
}

TEST(LogPart, a_copy_is_bounded_but_never_empty_where_there_is_something) {
  const Log log = log_with_base();
  EXPECT_EQ(log.copy(Index(11), Index(16), 4, 1 << 20).size(), 4u);
  EXPECT_EQ(log.copy(Index(15), Index(16), 4, 1 << 20).size(), 2u);
  EXPECT_EQ(log.copy(Index(11), Index(16), 4, 0).size(), 1u);
  EXPECT_TRUE(log.copy(Index(17), Index(16), 4, 1 << 20).empty());
}

TEST(LogPart, an_empty_log_goes_on_from_its_base) {
  Durable durable;
  durable.base = id(2, 10);
  durable.base_time = LogTime{5};
  Log log(durable);
  EXPECT_EQ(log.last_id(), id(2, 10));
  EXPECT_EQ(log.last_time(), LogTime{5});
  log.append(entry_of(Term(2), Index(11)));
  log.truncate_from(Index(11));
  EXPECT_EQ(log.last_id(), id(2, 10));
}

// R14 -----------------------------------------------------------------------------------------------------------------

constexpr milliseconds slack{500};

Now at(std::int64_t steady_ms, std::int64_t wall_ms) {
  return {TimePoint(milliseconds(steady_ms)), WallTime{wall_ms}};
}

WallRange agreed(std::int64_t wall_ms) { return {WallTime{wall_ms}, WallTime{wall_ms}}; }

TEST(LogClockPart, without_a_median_it_advances_by_the_steady_clock_alone_R14) {
  LogClock clock(LogTime{1000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(clock.stamp(at(0, 999'999), std::nullopt, slack), LogTime{1000});
  EXPECT_EQ(clock.stamp(at(70, 0), std::nullopt, slack), LogTime{1070});
}

TEST(LogClockPart, it_follows_the_leaders_wall_clock_only_within_the_slack_of_the_median_R14) {
  LogClock near(LogTime{1000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(near.stamp(at(0, 50'300), agreed(50'000), slack), LogTime{50'300});
  LogClock ahead(LogTime{1000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(ahead.stamp(at(0, 99'999'999), agreed(50'000), slack), LogTime{50'500});
  LogClock behind(LogTime{1000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(behind.stamp(at(0, 0), agreed(50'000), slack), LogTime{49'500});
}

TEST(LogClockPart, it_never_goes_back_but_runs_at_half_speed_until_the_others_caught_up_R14) {   // C1
  LogClock clock(LogTime{10'000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(clock.stamp(at(0, 5'000), agreed(5'000), slack), LogTime{10'000});
  EXPECT_EQ(clock.stamp(at(100, 5'100), agreed(5'100), slack), LogTime{10'050});
  EXPECT_EQ(clock.stamp(at(10'100, 15'100), agreed(15'100), slack), LogTime{15'100});
}

TEST(LogClockPart, a_million_stamps_in_a_second_lose_nothing_of_it) {
  LogClock clock(LogTime{0}, TimePoint(milliseconds(0)));
  LogTime last;
  for (int i = 1; i <= 1'000'000; ++i) {
    last = clock.stamp({TimePoint(Duration(std::int64_t{i} * 1000)), WallTime{}}, std::nullopt, slack);
  }
  EXPECT_EQ(last, LogTime{1000});
}

TEST(LogClockPart, nonsense_from_any_clock_overflows_nothing) {   // C5
  for (const std::int64_t nonsense : {INT64_MIN, std::int64_t{-1}, INT64_MAX}) {
    LogClock clock(LogTime{1000}, TimePoint(milliseconds(0)));
    const auto median = median_wall({{WallTime{nonsense}, TimePoint(milliseconds(5))}}, 1, TimePoint(milliseconds(9)));
    ASSERT_TRUE(median);
    EXPECT_GE(clock.stamp(at(1, nonsense), median, slack), LogTime{1000});
  }
}

TEST(LogClockPart, the_median_needs_a_majority_of_fresh_clocks_and_ages_with_them) {
  const TimePoint now(milliseconds(60'000));
  const ClockSample fresh{WallTime{7000}, now - milliseconds(100)};
  const ClockSample old{WallTime{9000}, now - clock_sample_age_max - milliseconds(1)};
  EXPECT_EQ(median_wall({fresh, old, {}}, 2, now), std::nullopt);
  EXPECT_EQ(median_wall({fresh, fresh, old}, 2, now), agreed(7100));
  EXPECT_EQ(median_wall({}, 1, now), std::nullopt);
}

TEST(LogClockPart, of_an_odd_number_of_clocks_the_median_is_one_and_of_an_even_number_two) {
  const TimePoint now(milliseconds(60'000));
  const ClockSample right{WallTime{7000}, now};
  const ClockSample fast{WallTime{9'000'000}, now};
  EXPECT_EQ(median_wall({right, fast}, 2, now), (WallRange{WallTime{7000}, WallTime{9'000'000}}));
  EXPECT_EQ(median_wall({fast, right, right}, 2, now), agreed(7000));
  EXPECT_EQ(median_wall({fast, right, right, right}, 3, now), agreed(7000));
}

TEST(LogClockPart, between_two_clocks_that_disagree_it_follows_the_lower_and_is_held_back_by_the_upper_R14) {
  const WallRange apart{WallTime{0}, WallTime{900'000}};
  LogClock clock(LogTime{300'000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(clock.stamp(at(1000, 0), apart, slack), LogTime{301'000}) << "the one may be years behind";
  EXPECT_EQ(clock.stamp(at(2000, 900'000), apart, slack), LogTime{302'000}) << "or the other one ahead";
  EXPECT_EQ(clock.stamp(at(2000, 400'000), {{WallTime{400'000}, WallTime{900'000}}}, slack), LogTime{400'000});
  LogClock ahead(LogTime{1'000'000}, TimePoint(milliseconds(0)));
  EXPECT_EQ(ahead.stamp(at(1000, 900'000), apart, slack), LogTime{1'000'500}) << "by both";
}

// The invariants see --------------------------------------------------------------------------------------------------

Consensus server_with(std::uint32_t node, const Terms& terms, ConfigurationPtr configuration) {
  return Consensus(server(node), Options{}, log_of_terms(std::move(configuration), terms), 1, Lone::start());
}

TEST(InvariantsPart, election_safety_a_second_leader_of_a_term_is_seen) {
  Lone one(born_with(configuration_of(1)), 1);
  Lone two(born_with(configuration_of({voter(2)})), 2);
  one.lead({}), two.lead({});
  Invariants invariants;
  EXPECT_EQ(invariants.observe(server(1), one.raft), std::nullopt);
  const auto broken = invariants.observe(server(2), two.raft);
  ASSERT_TRUE(broken);
}

TEST(InvariantsPart, log_matching_and_state_machine_safety_are_seen) {
  Invariants matching;
  EXPECT_EQ(matching.observe(server(1), server_with(1, {1, 2, 3}, configuration_of(3))), std::nullopt);
  EXPECT_EQ(matching.observe(server(2), server_with(2, {1, 2, 2}, configuration_of(3))), std::nullopt);
  const auto broken = matching.observe(server(3), server_with(3, {1, 1, 3}, configuration_of(3)));
  ASSERT_TRUE(broken);
  EXPECT_NE(broken->find("Log Matching"), std::string::npos);

  Lone one(log_of_terms(configuration_of(3), {1}));
  Lone two(log_of_terms(configuration_of(3), {1}), 2);
  one.say(3, append(2, id(1, 1), {2}, 2));
  two.say(3, append(3, id(1, 1), {3}, 2));
  Invariants safety;
  EXPECT_EQ(safety.observe(server(1), one.raft), std::nullopt);
  EXPECT_NE(safety.observe(server(2), two.raft).value_or("").find("State Machine Safety"), std::string::npos);
}

TEST(InvariantsPart, leader_completeness_is_seen) {
  Lone one(log_of_terms(configuration_of(3), {1}));
  one.say(3, append(2, id(1, 1), {2}, 2));
  Lone two(log_of_terms(configuration_of({voter(2)}), {1}), 2);
  two.say(3, append(3, id(1, 1)));
  two.sync();
  two.lead({});
  Invariants invariants;
  EXPECT_EQ(invariants.observe(server(1), one.raft), std::nullopt);
  EXPECT_TRUE(invariants.observe(server(2), two.raft));
}

TEST(InvariantsPart, a_term_or_a_log_that_goes_back_is_seen_but_not_after_a_restart) {
  Lone s(log_of_terms(configuration_of(3), {1}));
  s.say(2, append(7, id(1, 1), {7}, 2));
  Invariants invariants;
  EXPECT_EQ(invariants.observe(server(1), s.raft), std::nullopt);
  Lone forgetful(log_of_terms(configuration_of(3), {1}));
  EXPECT_TRUE(invariants.observe(server(1), forgetful.raft));
  invariants.restarted(server(1));
  EXPECT_EQ(invariants.observe(server(1), forgetful.raft), std::nullopt);
}

// Of five entries of which two are committed, applied and, after the first look, compacted.
void compact_two(Lone& s) {
  for (const Entry& entry : s.raft.take_committed(1 << 20)) s.raft.applied(entry.id.index);
  s.raft.compact(Index(2));
}

TEST(InvariantsPart, a_suffix_that_goes_with_a_compaction_is_seen_unless_a_leader_replaced_it_in_the_same_step) {
  Lone s(log_of_terms(configuration_of(3), {1, 1, 2, 2, 2}));
  s.say(2, append(2, id(2, 5), {}, 2));
  Invariants invariants;
  ASSERT_EQ(invariants.observe(server(1), s.raft), std::nullopt);
  Invariants others = invariants;
  s.say(3, append(3, id(2, 3), {3}, 2));
  compact_two(s);
  ASSERT_EQ(s.raft.log().base(), id(1, 2));
  ASSERT_EQ(s.last(), id(3, 4));
  EXPECT_EQ(invariants.observe(server(1), s.raft), std::nullopt);

  Lone forgetful(log_of_terms(configuration_of(3), {1, 1, 2}));
  forgetful.say(2, append(2, id(2, 3), {}, 2));
  compact_two(forgetful);
  EXPECT_NE(others.observe(server(1), forgetful.raft).value_or("").find("catalogue 27"), std::string::npos);
}

}  // namespace
}  // namespace parley::raft::test
