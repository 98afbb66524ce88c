// Leader election: paper 5.1, 5.2, 5.4.1; who votes and who campaigns: DESIGN.md R3, R4.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable newborn(std::uint32_t voters = 3) { return born_with(configuration_of(voters)); }

RequestVote vote_for(std::uint64_t term, EntryId last, bool pre_vote = false) { return {Term(term), last, pre_vote}; }

// Paper 5.1 -----------------------------------------------------------------------------------------------------------

TEST(Terms, if_one_servers_current_term_is_smaller_than_the_others_it_updates_its_term_5_1) {
  Lone s(newborn());
  s.say(2, append(5, id(1, 1)));
  EXPECT_EQ(s.status().term, Term(5));
}

TEST(Terms, a_leader_that_discovers_that_its_term_is_out_of_date_reverts_to_follower_5_1) {
  Lone s(newborn());
  s.lead({2});
  ASSERT_EQ(s.status().role, Role::leader);
  AppendEntriesReply reply;
  reply.term = Term(9);
  s.say(2, reply);
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.status().term, Term(9));
}

TEST(Terms, a_candidate_that_discovers_a_higher_term_reverts_to_follower_5_1) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  ASSERT_EQ(s.status().role, Role::candidate);
  s.say(3, RequestVoteReply{Term(4), false, false});
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.status().term, Term(4));
}

TEST(Terms, if_a_server_receives_a_request_with_a_stale_term_it_rejects_it_5_1) {
  Lone s(log_of_terms(configuration_of(3), {1, 4}));
  s.say(2, append(3, id(1, 1), {3}));
  EXPECT_EQ(s.terms(), (Terms{1, 4}));
  const auto reply = s.hear<AppendEntriesReply>(2);
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->success);
  EXPECT_EQ(reply->term, Term(4));
  s.say(2, vote_for(3, id(9, 9)));
  EXPECT_FALSE(s.hear<RequestVoteReply>(2)->vote_granted);
}

TEST(Terms, a_term_that_no_server_can_have_reached_is_dropped) {
  Lone s(newborn());
  const Term absurd(~std::uint64_t{0});
  s.say(2, AppendEntries{absurd, id(1, 1), Index(0), 1, {}});
  s.say(2, RequestVote{absurd, id(1, 1), false});
  s.say(2, RequestVoteReply{absurd, false, false});
  AppendEntriesReply reply;
  reply.term = absurd;
  s.say(2, reply);
  EXPECT_EQ(s.status().term, Term(1));
  EXPECT_EQ(s.status().violations, 4u);
}

// Paper 5.2 -----------------------------------------------------------------------------------------------------------

TEST(Election, when_servers_start_up_they_begin_as_followers_5_2) {
  Lone s(newborn());
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_FALSE(s.status().leader);
}

TEST(Election, a_server_remains_a_follower_as_long_as_it_hears_a_leader_5_2) {
  Lone s(newborn());
  for (int i = 0; i < 50; ++i) {
    s.pass(milliseconds(100));
    ASSERT_EQ(s.status().role, Role::follower) << "before heartbeat " << i;
    s.say(2, append(1, id(1, 1)));
  }
  EXPECT_EQ(s.status().leader, NodeId(2));
}

TEST(Election, election_timeouts_are_drawn_from_an_interval_of_once_to_twice_the_timeout_5_2) {
  std::set<Duration> drawn;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Consensus raft(server(1), Options{}, newborn(), seed, Lone::start());
    const Duration timeout = raft.deadline() - Lone::start().steady;
    EXPECT_GE(timeout, milliseconds(300));
    EXPECT_LE(timeout, milliseconds(600));
    drawn.insert(timeout);
  }
  EXPECT_GT(drawn.size(), 45u);
}

TEST(Election, each_new_election_draws_a_new_timeout_5_2) {
  Lone s(newborn());
  std::set<Duration> drawn;
  for (int i = 0; i < 10; ++i) {
    s.time_out();
    drawn.insert(s.raft.deadline() - s.now.steady);
  }
  EXPECT_GT(drawn.size(), 8u);
}

TEST(Election, to_begin_an_election_it_increments_its_term_votes_for_itself_and_asks_all_others_5_2) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  EXPECT_EQ(s.status().term, Term(2));
  EXPECT_EQ(s.raft.hard_state().voted_for, server(1));
  s.sync();
  for (const std::uint32_t node : {2u, 3u}) {
    const auto request = s.hear<RequestVote>(node);
    ASSERT_TRUE(request);
    EXPECT_EQ(*request, vote_for(2, id(1, 1)));
    EXPECT_FALSE(s.hear<RequestVote>(node)) << "asked once, not with every look";
  }
}

TEST(Election, a_candidate_wins_with_votes_from_a_majority_of_the_full_cluster_5_2) {
  Lone s(newborn(5));
  s.time_out();
  for (const std::uint32_t node : {2u, 3u}) s.say(node, RequestVoteReply{Term(2), true, true});
  s.sync();
  s.say(2, RequestVoteReply{Term(2), false, true});
  s.say(2, RequestVoteReply{Term(2), false, true});   // the same vote again is no second vote
  EXPECT_EQ(s.status().role, Role::candidate);
  s.say(3, RequestVoteReply{Term(2), false, true});
  EXPECT_EQ(s.status().role, Role::leader);
}

TEST(Election, its_own_vote_counts_only_once_it_is_durable) {   // catalogue 3
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  const auto batch = s.begin_write();
  s.say(2, RequestVoteReply{Term(2), false, true});
  EXPECT_EQ(s.status().role, Role::candidate);
  s.end_write(batch);
  EXPECT_EQ(s.status().role, Role::leader);
}

TEST(Election, a_candidate_does_not_ask_for_votes_before_its_own_is_durable) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  EXPECT_TRUE(s.hear_all(2).empty());
  EXPECT_TRUE(s.hear_all(3).empty());
  s.sync();
  EXPECT_TRUE(s.hear<RequestVote>(3));
}

TEST(Election, a_sole_voter_leads_as_soon_as_its_vote_is_durable) {
  Lone s(newborn(1));
  s.time_out();
  EXPECT_EQ(s.status().role, Role::candidate);
  s.sync();
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_EQ(s.status().commit_index, Index(2));
}

TEST(Election, each_server_votes_for_at_most_one_candidate_in_a_term_first_come_first_served_5_2) {
  Lone s(newborn());
  s.say(2, vote_for(2, id(1, 1)));
  s.say(3, vote_for(2, id(1, 1)));
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(2)->vote_granted);
  EXPECT_FALSE(s.hear<RequestVoteReply>(3)->vote_granted);
  s.say(2, vote_for(2, id(1, 1)));   // its reply may have been lost
  EXPECT_TRUE(s.hear<RequestVoteReply>(2)->vote_granted);
}

TEST(Election, a_vote_is_told_only_once_it_is_durable_and_holds_after_a_restart) {   // catalogue 2, 3
  Lone s(newborn());
  s.say(2, vote_for(2, id(1, 1)));
  EXPECT_TRUE(s.hear_all(2).empty());
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(2)->vote_granted);

  Lone again(s.disk);
  EXPECT_EQ(again.status().term, Term(2));
  again.say(3, vote_for(2, id(1, 1)));
  again.sync();
  EXPECT_FALSE(again.hear<RequestVoteReply>(3)->vote_granted);
}

TEST(Election, a_candidate_that_hears_from_a_leader_of_its_term_returns_to_follower_state_5_2) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  ASSERT_EQ(s.status().role, Role::candidate);
  s.say(3, append(2, id(1, 1), {2}));
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.status().leader, NodeId(3));
}

TEST(Election, a_candidate_that_hears_from_a_leader_of_an_older_term_continues_5_2) {
  Lone s(log_of_terms(configuration_of(3), {1, 3}));
  s.time_out();
  s.say(2, RequestVoteReply{Term(4), true, true});
  ASSERT_EQ(s.status().role, Role::candidate);
  s.say(3, append(3, id(1, 1)));
  EXPECT_EQ(s.status().role, Role::candidate);
}

TEST(Election, if_there_is_no_majority_a_candidate_times_out_and_asks_again_in_a_later_term_5_2) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  s.sync();
  s.say(2, RequestVoteReply{Term(2), false, false});
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
  EXPECT_EQ(*s.hear<RequestVote>(2), vote_for(3, id(1, 1), true));
}

TEST(Election, a_vote_of_an_earlier_election_does_not_count) {
  Lone s(newborn());
  s.time_out();
  s.say(2, RequestVoteReply{Term(2), true, true});
  s.sync();
  s.time_out();
  s.say(2, RequestVoteReply{Term(3), true, true});
  s.sync();
  ASSERT_EQ(s.status().term, Term(3));
  s.say(2, RequestVoteReply{Term(2), false, true});
  EXPECT_EQ(s.status().role, Role::candidate);
}

TEST(Election, a_request_for_votes_is_sent_again_to_a_server_that_became_reachable_while_campaigning) {
  Lone s(newborn());
  s.time_out();
  ASSERT_TRUE(s.hear<RequestVote>(2));
  s.raft.unreachable(NodeId(2), s.now);
  s.raft.reachable(NodeId(2), s.now);
  EXPECT_TRUE(s.hear<RequestVote>(2));
  EXPECT_TRUE(s.hear<RequestVote>(3));
}

// Paper 5.4.1 ---------------------------------------------------------------------------------------------------------

TEST(Election, a_voter_denies_its_vote_if_its_own_log_is_more_up_to_date_5_4_1) {
  struct Case {
    EntryId candidates;
    bool granted;
  };
  // "If the logs have last entries with different terms, then the log with the later term is more up-to-date. If the
  // logs end with the same term, then whichever log is longer is more up-to-date."
  for (const Case& c : {Case{id(1, 9), false}, Case{id(2, 2), false}, Case{id(2, 3), true}, Case{id(2, 4), true},
                        Case{id(3, 1), true}}) {
    for (const bool pre_vote : {false, true}) {
      Lone s(log_of_terms(configuration_of(3), {1, 1, 2}));
      s.say(2, vote_for(5, c.candidates, pre_vote));
      s.sync();
      EXPECT_EQ(s.hear<RequestVoteReply>(2)->vote_granted, c.granted)
          << c.candidates.term.value << "." << c.candidates.index.value << " pre_vote " << pre_vote;
    }
  }
}

// DESIGN.md R3, R4; who votes, who campaigns --------------------------------------------------------------------------

TEST(Voters, an_empty_server_votes_for_nobody_and_never_campaigns) {   // R3, catalogue 36
  Lone s(Durable{});
  EXPECT_EQ(s.raft.deadline(), never);
  s.say(2, vote_for(5, id(4, 4)));
  s.say(2, vote_for(5, id(4, 4), true));
  s.sync();   // a vote would be told only now
  const auto replies = s.hear_all(2);
  EXPECT_EQ(replies.size(), 2u);
  for (const Message& message : replies) EXPECT_FALSE(std::get<RequestVoteReply>(message).vote_granted);
  EXPECT_EQ(s.status().term, Term(0));
  s.pass(milliseconds(100'000));
  EXPECT_EQ(s.status().role, Role::follower);
}

TEST(Voters, a_learner_never_campaigns) {   // catalogue 24
  Lone s(born_with(configuration_of(2, 1)), 3);
  EXPECT_EQ(s.raft.deadline(), never);
  s.pass(milliseconds(100'000));
  EXPECT_EQ(s.status().role, Role::follower);
}

TEST(Voters, a_learner_that_is_asked_votes_for_it_may_be_a_voter_and_not_know_yet) {   // catalogue 24
  Lone s(born_with(configuration_of(2, 1)), 3);
  s.say(1, vote_for(2, id(1, 1)));
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(1)->vote_granted);
}

TEST(Voters, a_server_that_is_not_a_member_does_not_campaign) {
  Lone s(born_with(configuration_of(3)), 9);
  EXPECT_EQ(s.raft.deadline(), never);
  Lone wiped(born_with(configuration_of({{server(1, 5), true, {}, {}}, voter(2), voter(3)})));   // another incarnation
  EXPECT_EQ(wiped.raft.deadline(), never);
}

TEST(Voters, votes_count_only_for_the_exact_incarnation_in_the_configuration) {   // R4, catalogue 36
  Lone s(newborn());
  s.time_out();
  s.raft.step(server(2, 77), RequestVoteReply{Term(2), true, true}, s.now);
  s.say(9, RequestVoteReply{Term(2), true, true});
  EXPECT_EQ(s.status().role, Role::pre_candidate);
  s.say(2, RequestVoteReply{Term(2), true, true});
  EXPECT_EQ(s.status().role, Role::candidate);
  s.sync();
  s.raft.step(server(2, 77), RequestVoteReply{Term(2), false, true}, s.now);
  EXPECT_EQ(s.status().role, Role::candidate);
}

TEST(Voters, a_vote_that_one_incarnation_asked_for_is_never_given_to_another) {   // R4, catalogue 36
  Lone s(newborn());
  s.raft.step(server(2, 77), vote_for(2, id(1, 1)), s.now);
  s.sync();
  EXPECT_FALSE(s.raft.take_message_for(server(2), s.now)) << "it would count there as a vote for itself";
  const auto reply = s.raft.take_message_for(server(2, 77), s.now);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(std::get<RequestVoteReply>(*reply).vote_granted);

  s.raft.step(server(3, 77), vote_for(3, id(1, 1)), s.now);
  s.say(3, vote_for(3, id(1, 1)));   // what the other one asked for is void
  s.sync();
  EXPECT_FALSE(s.raft.take_message_for(server(3, 77), s.now));
  EXPECT_FALSE(std::get<RequestVoteReply>(*s.raft.take_message_for(server(3), s.now)).vote_granted);
}

TEST(Voters, a_leader_is_answered_though_an_old_configuration_in_the_log_lists_another_incarnation) {
  Lone s(newborn());
  s.raft.step(server(2, 77), append(2, id(1, 1), {2}), s.now);
  s.sync();
  EXPECT_FALSE(s.raft.take_message_for(server(2), s.now));
  const auto reply = s.raft.take_message_for(server(2, 77), s.now);
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<AppendEntriesReply>(*reply).match_index, Index(2));
}

TEST(Voters, a_learner_forgets_a_leader_that_is_silent_but_does_not_campaign) {
  Lone s(born_with(configuration_of(2, 1)), 3);
  s.say(1, append(1, id(1, 1)));
  EXPECT_EQ(s.status().leader, NodeId(1));
  for (int i = 0; i < 100; ++i) s.pass(milliseconds(10));
  EXPECT_FALSE(s.status().leader);
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.raft.deadline(), never);
  s.say(1, append(1, id(1, 1)));
  EXPECT_EQ(s.status().leader, NodeId(1));
}

TEST(Voters, who_loses_its_vote_by_an_entry_that_is_not_committed_still_campaigns) {   // dissertation 4.2.2
  Lone s(born_with(configuration_of(2)), 2);
  auto without = append(2, id(1, 1), {2});
  without.entries.front().content = configuration_of(1, 1);
  s.say(1, without);
  s.sync();
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
  s.say(1, RequestVoteReply{Term(3), true, true});
  s.sync();
  EXPECT_EQ(s.status().role, Role::candidate) << "its own vote is none";
  s.say(1, RequestVoteReply{Term(3), false, true});
  EXPECT_EQ(s.status().role, Role::leader);
  s.sync();
  s.acknowledge(1, s.last().index);
  EXPECT_EQ(s.status().role, Role::follower) << "it led until that was committed";
  EXPECT_EQ(s.status().commit_index, s.last().index);
}

TEST(Voters, only_voters_are_asked) {
  Lone s(born_with(configuration_of(2, 1)));
  s.time_out();
  EXPECT_TRUE(s.hear<RequestVote>(2));
  EXPECT_TRUE(s.hear_all(3).empty());
  EXPECT_TRUE(s.hear_all(9).empty());
}

// Time ----------------------------------------------------------------------------------------------------------------

TEST(Time, a_tick_that_comes_far_too_late_lets_the_sockets_speak_first) {   // C4, P4
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  s.pass(milliseconds(5000));   // the process stood still
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_LE(s.raft.deadline(), s.now.steady + s.options.heartbeat_interval);
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
}

TEST(Time, a_server_whose_disk_hangs_does_not_campaign) {   // catalogue 40, W12
  Lone s(newborn());
  s.say(2, append(2, id(1, 1), {2}));
  const auto batch = s.begin_write();
  s.now.steady += s.options.disk_stall_max;
  for (int i = 0; i < 10; ++i) s.time_out();
  EXPECT_EQ(s.status().role, Role::follower);
  s.end_write(batch);
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
}

}  // namespace
}  // namespace parley::raft::test
