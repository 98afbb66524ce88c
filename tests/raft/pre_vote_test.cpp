// Pre-vote (dissertation 9.6), leader stickiness (4.2.3, 6.2), and how R5 of DESIGN.md relaxes it.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable newborn(std::uint32_t voters = 3) { return born_with(configuration_of(voters)); }

RequestVote vote_for(std::uint64_t term, EntryId last, bool pre_vote = false) { return {Term(term), last, pre_vote}; }

// Dissertation 9.6 ----------------------------------------------------------------------------------------------------

TEST(PreVote, a_candidate_first_asks_whether_it_would_win_before_it_increments_its_term_9_6) {
  Lone s(newborn());
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
  EXPECT_EQ(s.status().term, Term(1));
  EXPECT_TRUE(s.begin_write().empty()) << "asking for pre-votes writes nothing";
  EXPECT_EQ(*s.hear<RequestVote>(2), vote_for(2, id(1, 1), true));
}

TEST(PreVote, it_increments_its_term_only_after_a_majority_would_vote_for_it_9_6) {
  Lone s(newborn(5));
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  EXPECT_EQ(s.status().role, Role::pre_candidate);
  s.say(3, RequestVoteReply{Term(1), true, false});
  s.say(4, RequestVoteReply{Term(2), true, true});
  EXPECT_EQ(s.status().role, Role::candidate);
}

TEST(PreVote, granting_one_changes_neither_term_nor_vote_and_can_be_done_for_several_9_6) {
  Lone s(newborn());
  s.say(2, vote_for(7, id(1, 1), true));
  s.say(3, vote_for(7, id(1, 1), true));
  EXPECT_EQ(*s.hear<RequestVoteReply>(2), (RequestVoteReply{Term(7), true, true, s.now.wall}));
  EXPECT_TRUE(s.hear<RequestVoteReply>(3)->vote_granted);
  EXPECT_EQ(s.status().term, Term(1));
  EXPECT_FALSE(s.raft.hard_state().voted_for);
}

TEST(PreVote, a_server_that_hears_a_leader_does_not_grant_one_9_6) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.say(3, vote_for(2, id(1, 1), true));
  EXPECT_EQ(*s.hear<RequestVoteReply>(3), (RequestVoteReply{Term(1), true, false, s.now.wall}));
  s.pass(milliseconds(299));
  s.say(3, vote_for(2, id(1, 1), true));
  EXPECT_FALSE(s.hear<RequestVoteReply>(3)->vote_granted);
  s.now.steady += milliseconds(2);
  s.say(3, vote_for(2, id(1, 1), true));
  EXPECT_TRUE(s.hear<RequestVoteReply>(3)->vote_granted);
}

TEST(PreVote, a_refusal_with_a_higher_term_is_learnt_from) {   // catalogue 17
  Lone s(log_of_terms(configuration_of(3), {1, 1, 1}));
  s.time_out();
  s.say(2, RequestVoteReply{Term(6), true, false});
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.status().term, Term(6));
  s.time_out();
  s.sync();
  EXPECT_EQ(s.hear<RequestVote>(2)->term, Term(7));
}

TEST(PreVote, one_that_asks_with_an_old_term_is_told_the_new_one) {   // catalogue 17
  Lone s(log_of_terms(configuration_of(3), {1, 6}));
  s.say(2, vote_for(4, id(1, 9), true));
  EXPECT_EQ(*s.hear<RequestVoteReply>(2), (RequestVoteReply{Term(6), true, false, s.now.wall}));
}

TEST(PreVote, a_grant_is_no_vote_and_a_vote_is_no_grant) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), false, true});
  EXPECT_NE(s.status().role, Role::candidate);
  Lone c(newborn());
  c.time_out();
  c.say(2, RequestVoteReply{Term(2), true, true});
  c.sync();
  c.say(3, RequestVoteReply{Term(2), true, true});
  EXPECT_EQ(c.status().role, Role::candidate);
}

// Dissertation 4.2.3, 6.2 ---------------------------------------------------------------------------------------------

TEST(Stickiness, a_request_within_the_minimum_timeout_of_hearing_a_leader_changes_neither_term_nor_vote_4_2_3) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.say(3, vote_for(9, id(9, 9)));
  EXPECT_EQ(s.status().term, Term(1));
  EXPECT_FALSE(s.hear<RequestVoteReply>(3)->vote_granted);
}

TEST(Stickiness, a_leader_that_hears_a_majority_is_not_disturbed_4_2_3) {
  Lone s(newborn());
  s.lead({2});
  s.acknowledge(2, Index(2));
  s.say(3, vote_for(9, id(9, 9)));
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_EQ(s.status().term, Term(2));
}

TEST(Stickiness, a_leader_that_asks_for_votes_leads_no_more_and_is_not_protected_from_itself) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.say(2, vote_for(2, id(1, 1), true));   // it restarted
  EXPECT_TRUE(s.hear<RequestVoteReply>(2)->vote_granted);
}

// DESIGN.md R5 --------------------------------------------------------------------------------------------------------

TEST(EarlyElection, a_follower_whose_leader_refuses_connections_asks_for_pre_votes_within_milliseconds) {
  Lone s(newborn());
  s.raft.reachable(NodeId(2), s.now);
  s.say(2, append(1, id(1, 1)));
  s.raft.unreachable(NodeId(2), s.now);
  EXPECT_GT(s.raft.deadline(), s.now.steady + milliseconds(100)) << "a broken link alone proves nothing";
  s.raft.refused(NodeId(2), s.now);
  EXPECT_LE(s.raft.deadline(), s.now.steady + s.options.early_campaign_jitter);
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
}

TEST(EarlyElection, a_refused_connection_beside_a_living_link_or_to_another_server_means_nothing) {
  Lone s(newborn());
  s.raft.reachable(NodeId(2), s.now);
  s.say(2, append(1, id(1, 1)));
  s.raft.refused(NodeId(2), s.now);
  s.raft.refused(NodeId(3), s.now);
  s.raft.refused(NodeId(77), s.now);
  EXPECT_GT(s.raft.deadline(), s.now.steady + milliseconds(100));
}

TEST(EarlyElection, a_follower_whose_leader_is_gone_grants_votes_and_pre_votes) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.raft.unreachable(NodeId(2), s.now);
  s.raft.refused(NodeId(2), s.now);
  s.say(3, vote_for(2, id(1, 1), true));
  EXPECT_TRUE(s.hear<RequestVoteReply>(3)->vote_granted);
  s.say(3, vote_for(2, id(1, 1)));
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(3)->vote_granted);
}

TEST(EarlyElection, a_leader_that_is_heard_again_is_followed_again) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.raft.refused(NodeId(2), s.now);
  s.say(2, append(1, id(1, 1)));
  s.say(3, vote_for(2, id(1, 1), true));
  EXPECT_FALSE(s.hear<RequestVoteReply>(3)->vote_granted);
  EXPECT_GT(s.raft.deadline(), s.now.steady + milliseconds(100));
}

TEST(EarlyElection, a_refused_early_pre_vote_is_retried_within_milliseconds_but_not_for_ever) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.raft.refused(NodeId(2), s.now);
  int soon = 0;
  for (int i = 0; i < 100; ++i) {
    const Duration wait = s.raft.deadline() - s.now.steady;
    soon += wait <= milliseconds(6);
    s.time_out();
    ASSERT_TRUE(s.hear<RequestVote>(3));
    s.say(3, RequestVoteReply{Term(1), true, false});   // that one still hears the leader
  }
  EXPECT_GE(soon, 10);
  EXPECT_LE(soon, 30);
  EXPECT_GE(s.raft.deadline() - s.now.steady, milliseconds(300));
}

TEST(EarlyElection, of_two_that_ask_at_once_the_higher_id_gives_way) {
  Lone s(newborn(), 3);
  s.time_out();
  ASSERT_EQ(s.status().role, Role::pre_candidate);
  s.say(2, vote_for(2, id(1, 1), true));
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_TRUE(s.hear<RequestVoteReply>(2)->vote_granted);
  EXPECT_GE(s.raft.deadline(), s.now.steady + s.options.heartbeat_interval / 2);
}

TEST(EarlyElection, a_lower_id_or_a_longer_log_does_not_give_way) {
  Lone low(newborn(), 1);
  low.time_out();
  low.say(2, vote_for(2, id(1, 1), true));
  EXPECT_EQ(low.status().role, Role::pre_candidate);
  Lone shorter(newborn(), 1);
  shorter.time_out();
  shorter.say(2, vote_for(2, id(1, 2), true));
  EXPECT_EQ(shorter.status().role, Role::follower);
}

}  // namespace
}  // namespace parley::raft::test
