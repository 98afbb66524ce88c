// Log time as a leader stamps it (DESIGN.md R14, decision 0027): whose clocks move it, and when nothing is dated yet.
#include <gtest/gtest.h>

#include "raft/log_clock.hpp"
#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

constexpr std::int64_t day = 86'400'000;
constexpr std::int64_t ten_years = 3652 * day;

std::int64_t right() { return Lone::start().wall.ms; }

// A log whose entries bear that time.
Durable dated(ConfigurationPtr configuration, std::int64_t time) {
  Durable durable = log_of_terms(std::move(configuration), {1, 1});
  durable.entries.back().time = LogTime{time};
  return durable;
}

Result<EntryId, Refusal> propose(Lone& s) { return s.raft.propose(command("x"), s.now); }

// A follower or learner acknowledges everything, and tells its clock.
void tell(Lone& s, std::uint32_t node, std::int64_t wall) {
  (void)s.hear_all(node);
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.success = true;
  reply.match_index = s.last().index;
  reply.wall = WallTime{wall};
  s.say(node, reply);
}

std::int64_t time_of_last_entry(const Lone& s) { return s.raft.log().at(s.last().index).time.ms; }

std::int64_t time_of_next_entry(Lone& s) {
  EXPECT_TRUE(propose(s).ok());
  return time_of_last_entry(s);
}

// -- when a leadership begins ---------------------------------------------------------------------------------------

TEST(LogTimeOfEntries, a_vote_tells_the_voters_clock_R14) {
  Lone s(dated(configuration_of(3), right()));
  for (const bool pre_vote : {true, false}) {
    s.say(2, RequestVote{Term(2), s.last(), pre_vote});
    s.now.wall.ms += 70;   // it is built when it is taken: after the vote is on disk
    s.sync();
    EXPECT_EQ(s.hear<RequestVoteReply>(2)->wall, s.now.wall);
  }
}

// All were switched off for weeks. Whatever is opened first must not be as old as what was before.
TEST(LogTimeOfEntries, a_leader_shows_how_far_other_clocks_are_ahead_of_its_own) {
  Lone s(dated(configuration_of(3), right()));
  s.lead({2});
  tell(s, 2, s.now.wall.ms - day);
  tell(s, 3, s.now.wall.ms + 5000);
  s.pass(milliseconds(100));
  const auto status = s.status();
  ASSERT_EQ(status.peers.size(), 2U);
  EXPECT_EQ(status.peers[0].clock_ahead, milliseconds(-day));
  EXPECT_EQ(status.peers[1].clock_ahead, milliseconds(5000));
  for (int i = 0; i < 55; ++i) {
    s.pass(milliseconds(200));
    tell(s, 2, s.now.wall.ms);
  }
  ASSERT_EQ(s.status().peers.size(), 2U);
  EXPECT_EQ(s.status().peers[0].clock_ahead, milliseconds(0));
  EXPECT_EQ(s.status().peers[1].clock_ahead, std::nullopt) << "it was not heard lately";
}

TEST(LogTimeOfEntries, a_new_leader_dates_its_first_entry_by_the_clocks_of_its_voters_R14) {
  const auto its_clock = [](std::uint32_t) { return WallTime{right()}; };
  for (const std::int64_t own : {right(), right() + ten_years}) {
    Lone s(dated(configuration_of(3), right() - 40 * day));
    s.now.wall.ms = own;
    s.lead({2}, its_clock);
    EXPECT_NEAR(static_cast<double>(time_of_last_entry(s)), static_cast<double>(right()), 1000);
  }
  // Its own is behind: of two clocks nobody knows which one is wrong. The third says.
  Lone s(dated(configuration_of(3), right() - 40 * day));
  s.now.wall.ms -= ten_years;
  s.lead({2}, its_clock);
  EXPECT_LE(time_of_next_entry(s), right() - 39 * day);
  tell(s, 3, right());
  EXPECT_NEAR(static_cast<double>(time_of_next_entry(s)), static_cast<double>(right()), 1000);
}

TEST(LogTimeOfEntries, a_new_leader_goes_on_from_the_logs_time_where_all_clocks_are_behind_R14) {
  Durable durable = log_of_terms(configuration_of(3), {1, 1});
  const LogTime reached{Lone::start().wall.ms + 3'600'000};
  durable.entries.back().time = reached;
  Lone s(durable);
  s.lead({2});
  EXPECT_GE(s.raft.log().last_time(), reached);
  EXPECT_LT(s.raft.log().last_time(), LogTime{reached.ms + 1000}) << "and no faster than time passes";
}

TEST(LogTimeOfEntries, a_founded_clusters_first_command_is_dated_by_the_clocks_of_its_voters_R14) {
  Durable founded = log_of_terms(configuration_of(3), {1});
  founded.entries.front().time = LogTime{};   // as entry 1 always has it: it is the same on all
  Lone s(std::move(founded));
  s.lead({2});
  EXPECT_TRUE(s.status().clock_median);
  EXPECT_GE(time_of_next_entry(s), right());
}

// The process stood still between two votes: the first one's clock is too old to count.
TEST(LogTimeOfEntries, nothing_is_proposed_before_a_majoritys_clocks_are_known_R14) {
  for (const std::int64_t before : {std::int64_t{0}, right() - 40 * day}) {
    Lone s(dated(configuration_of(5), before));
    s.time_out();
    for (const std::uint32_t node : {2u, 3u}) s.say(node, RequestVoteReply{Term(2), true, true, s.now.wall});
    s.sync();
    s.say(2, RequestVoteReply{Term(2), false, true, s.now.wall});
    s.now.steady += clock_sample_age_max + milliseconds(1);
    s.say(3, RequestVoteReply{Term(2), false, true, s.now.wall});
    ASSERT_EQ(s.status().role, Role::leader);
    const auto early = propose(s);
    ASSERT_FALSE(early.ok()) << "it would be as old as " << before << ", and end with the median";
    EXPECT_EQ(early.error(), Refusal::busy);
    tell(s, 2, right());
    EXPECT_GE(time_of_next_entry(s), right() - 1000);
    s.now.steady += clock_sample_age_max + milliseconds(1);   // the clocks grow old again: it has had them
    EXPECT_TRUE(propose(s).ok());
    EXPECT_FALSE(s.status().clock_median);
  }
}

// -- one wrong clock deletes nothing --------------------------------------------------------------------------------

// The table of dynamic quorum: A goes on alone, or B and C are learners that have come back.
TEST(LogTimeOfEntries, a_sole_voter_with_a_wrong_clock_moves_it_only_by_time_that_passes_R14) {
  Lone s(dated(configuration_of(1, 2), right()));
  s.now.wall.ms += ten_years;
  s.lead({});
  EXPECT_FALSE(s.status().clock_median) << "its own clock alone is none";
  s.pass(milliseconds(1000));
  EXPECT_LE(time_of_next_entry(s), right() + 60'000) << "everything that can expire would end";
  tell(s, 2, right());
  EXPECT_TRUE(s.status().clock_median);
  EXPECT_LE(time_of_next_entry(s), right() + 60'000) << "the lower of two";
  tell(s, 2, right() + 7'200'000), tell(s, 3, right() + 7'200'000);   // they know better by two hours
  EXPECT_NEAR(static_cast<double>(time_of_next_entry(s)), static_cast<double>(right() + 7'200'000), 1000);
}

TEST(LogTimeOfEntries, who_is_the_whole_cluster_has_its_own_clock_for_the_median_R14) {
  Lone s(log_of_terms(configuration_of(1), {1}));
  s.lead({});
  EXPECT_TRUE(s.status().clock_median);
  EXPECT_GE(time_of_next_entry(s), right());
}

TEST(LogTimeOfEntries, follows_the_median_of_the_voters_clocks_and_never_falls_R14) {
  Lone s(log_of_terms(configuration_of(3), {1}));
  s.now.wall.ms += day;   // the leader's clock is a day ahead
  s.lead({2}, [](std::uint32_t) { return WallTime{right()}; });
  EXPECT_TRUE(s.status().clock_median);
  tell(s, 2, right()), tell(s, 3, right() + 100);
  const std::int64_t time = time_of_next_entry(s);
  EXPECT_LE(time, right() + 100 + 500);
  EXPECT_GE(time, right());
  tell(s, 2, 0), tell(s, 3, 0);   // both fall back to 1970
  EXPECT_GE(time_of_next_entry(s), time);
}

struct Wrong {
  std::uint32_t voters;
  std::uint32_t learners;
  std::uint32_t node;
  std::int64_t by;
  std::uint32_t heard;   // a bit for each member beside the leader, who is node 1

  std::int64_t off(std::uint32_t of) const { return of == node ? by : 0; }
  bool hears(std::uint32_t other) const { return (heard >> (other - 2) & 1) != 0; }
  std::uint32_t members() const { return voters + learners; }
};

// Leads for three seconds, with those answering, and says how far log time is from the right clocks; nothing: it can't
// be elected by them.
std::optional<std::int64_t> drift_of_log_time(const Wrong& wrong) {
  Lone s(dated(configuration_of(wrong.voters, wrong.learners), right()));
  s.now.wall.ms += wrong.off(1);
  const auto clock_of = [&](std::uint32_t node) { return WallTime{s.now.wall.ms - wrong.off(1) + wrong.off(node)}; };
  std::vector<std::uint32_t> answering;
  for (std::uint32_t node = 2; node <= wrong.members(); ++node) {
    if (wrong.hears(node)) answering.push_back(node);
  }
  std::vector<std::uint32_t> electing = answering;
  std::erase_if(electing, [&](std::uint32_t node) { return node > wrong.voters; });
  if (electing.size() + 1 < wrong.voters / 2 + 1) return std::nullopt;
  s.lead(electing, clock_of);
  for (int i = 0; i < 60; ++i) {
    s.pass(milliseconds(50));
    for (const std::uint32_t node : answering) tell(s, node, clock_of(node).ms);
    (void)time_of_next_entry(s);
  }
  EXPECT_EQ(s.status().role, Role::leader);
  return time_of_last_entry(s) - (s.now.wall.ms - wrong.off(1));
}

// Every configuration that dynamic quorum comes to, every node wrong by ten years, ahead or behind, every set of others
// heard. Ahead, it would end all that can expire; held back, what is dated meanwhile would end when it catches up.
TEST(LogTimeOfEntries, no_wrong_clock_moves_it_or_holds_it_back_in_any_configuration_R14) {
  int looked_at = 0;
  for (std::uint32_t members = 2; members <= 5; ++members) {
    for (std::uint32_t voters = 1; voters <= members; ++voters) {
      for (std::uint32_t node = 1; node <= members; ++node) {
        for (std::uint32_t heard = 0; heard < 1u << (members - 1); ++heard) {
          for (const std::int64_t by : {ten_years, -ten_years}) {
            const auto drift = drift_of_log_time({voters, members - voters, node, by, heard});
            if (!drift) continue;
            ++looked_at;
            EXPECT_LT(std::abs(*drift), 1000) << voters << " voters of " << members << ", node " << node << " wrong by "
                                              << by / day << " days, heard " << heard;
          }
        }
      }
    }
  }
  EXPECT_GT(looked_at, 700);
}

}  // namespace
}  // namespace parley::raft::test
