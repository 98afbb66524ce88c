// When a leader stops to lead (DESIGN.md R2; paper 6.2).
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable log_of(Terms terms, std::uint32_t voters = 3) { return log_of_terms(configuration_of(voters), terms); }

Result<EntryId, Refusal> propose(Lone& s, std::string text = "x") { return s.raft.propose(command(text), s.now); }

// R2 ------------------------------------------------------------------------------------------------------------------

// Lets `duration` pass, with only those followers answering.
void hear_only(Lone& s, const std::vector<std::uint32_t>& nodes, milliseconds duration) {
  for (const TimePoint end = s.now.steady + duration; s.now.steady < end && s.status().role == Role::leader;) {
    s.time_out();
    for (const std::uint32_t node : nodes) s.acknowledge(node, Index(1));
  }
}

TEST(CheckQuorum, a_leader_that_hears_fewer_than_half_of_the_voters_steps_down_R2) {
  Lone three(log_of({1}));
  three.lead({2});
  hear_only(three, {}, milliseconds(1000));
  EXPECT_EQ(three.status().role, Role::follower);
  Lone five(log_of({1}, 5));
  five.lead({2, 3});
  hear_only(five, {2}, milliseconds(1000));
  EXPECT_EQ(five.status().role, Role::follower);
  EXPECT_EQ(five.status().term, Term(2)) << "stepping down is no new term";
}

TEST(CheckQuorum, a_leader_that_hears_a_majority_stays) {
  Lone s(log_of({1}, 5));
  s.lead({2, 3});
  hear_only(s, {2, 3}, milliseconds(2000));
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_TRUE(s.status().quorum_heard);
}

TEST(CheckQuorum, with_exactly_half_it_stays_commits_nothing_new_and_confirms_no_read_R2) {
  for (const std::uint32_t voters : {2u, 4u}) {
    Lone s(log_of({1}, voters));
    s.lead(voters == 2 ? std::vector<std::uint32_t>{2} : std::vector<std::uint32_t>{2, 3});
    for (std::uint32_t node = 2; node <= voters; ++node) s.acknowledge(node, Index(2));
    const std::vector<std::uint32_t> half = voters == 2 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{2};
    hear_only(s, half, milliseconds(2000));
    EXPECT_EQ(s.status().role, Role::leader);
    EXPECT_FALSE(s.status().quorum_heard);
    ASSERT_TRUE(propose(s).ok());
    const auto read = s.raft.begin_read(s.now);
    ASSERT_TRUE(read.ok());
    s.sync();
    for (const std::uint32_t node : half) s.acknowledge(node, s.last().index);
    hear_only(s, half, milliseconds(500));
    EXPECT_EQ(s.status().commit_index, Index(2));
    for (const ReadOutcome& outcome : s.raft.take_reads()) EXPECT_FALSE(outcome.confirmed);
  }
}

TEST(CheckQuorum, with_exactly_half_it_gives_way_to_a_candidate_of_a_later_term) {
  Lone s(log_of({1}, 4));
  s.lead({2, 3});
  hear_only(s, {2}, milliseconds(1000));
  ASSERT_EQ(s.status().role, Role::leader);
  s.say(3, RequestVote{Term(3), id(2, 2), false});
  EXPECT_EQ(s.status().role, Role::follower);
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(3)->vote_granted);
}

TEST(CheckQuorum, a_sole_voter_hears_enough) {
  Lone s(log_of({1}, 1));
  s.lead({});
  hear_only(s, {}, milliseconds(2000));
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_TRUE(s.status().quorum_heard);
}

TEST(CheckQuorum, a_leader_that_stood_still_listens_before_it_steps_down) {   // C4, P4
  Lone s(log_of({1}));
  s.lead({2});
  s.acknowledge(2, Index(2));
  s.pass(milliseconds(5000));
  EXPECT_EQ(s.status().role, Role::leader);
  s.acknowledge(2, Index(2));
  s.time_out();
  EXPECT_EQ(s.status().role, Role::leader);
}

TEST(CheckQuorum, a_leader_whose_disk_hangs_steps_down_where_another_can_lead) {   // catalogue 40, I17
  for (const std::uint32_t voters : {1u, 3u}) {
    Lone s(log_of({1}, voters));
    s.lead(voters == 1 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{2});
    if (voters > 1) s.acknowledge(2, s.last().index);   // and tells its clock
    ASSERT_TRUE(propose(s).ok());
    (void)s.begin_write();
    hear_only(s, voters == 1 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{2, 3}, milliseconds(3000));
    EXPECT_EQ(s.status().role, voters == 1 ? Role::leader : Role::follower);
  }
}

// P7: how old is what this server has?
TEST(Contact, is_remembered_without_a_leader_and_through_terms_and_roles) {
  Lone follower(log_of({1}));
  follower.say(2, append(2, id(1, 1)));
  follower.sync();
  const TimePoint heard = follower.now.steady;
  while (follower.status().role == Role::follower) follower.time_out();
  EXPECT_EQ(follower.status().leader, std::nullopt);
  EXPECT_EQ(follower.status().leader_heard, heard) << "it asks for pre-votes";
  RequestVoteReply higher{Term(9), true, false};
  follower.say(3, higher);
  EXPECT_EQ(follower.status().role, Role::follower);
  EXPECT_EQ(follower.status().leader_heard, heard) << "of an earlier term";

  Lone leader(log_of({1}));
  leader.lead({2});
  leader.acknowledge(2, leader.last().index);
  const TimePoint confirmed = leader.status().leader_heard;
  EXPECT_GT(confirmed, long_ago);
  hear_only(leader, {}, milliseconds(3000));
  EXPECT_NE(leader.status().role, Role::leader);
  EXPECT_GE(leader.status().leader_heard, confirmed);
  EXPECT_LT(leader.status().leader_heard, leader.now.steady);
}

}  // namespace
}  // namespace parley::raft::test
