// Leadership transfer: dissertation 3.10, with the leave to vote of 4.2.3; catalogue 16 and 25.
#include <gtest/gtest.h>

#include <algorithm>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

// Server 1 leads term 2 of three and a learner, 4; server 2 has all, server 3 answers but lacks the no-op.
Lone leader() {
  Lone s(log_of_terms(configuration_of(3, 1), {1}));
  s.lead({2, 3});
  s.acknowledge(2, Index(2));
  s.acknowledge(2, Index(2));
  s.acknowledge(3, Index(1));
  EXPECT_EQ(s.status().commit_index, Index(2));
  return s;
}

Result<Nothing, Refusal> transfer(Lone& s, std::uint32_t target) {
  return s.raft.transfer_leadership(NodeId(target), s.now);
}

// Of what was sent before, and without taking what there is to be sent now: the link is busy.
AppendEntriesReply acknowledgement(std::uint64_t match) {
  AppendEntriesReply reply;
  reply.term = Term(2);
  reply.success = true;
  reply.match_index = Index(match);
  return reply;
}

// -- the leader -----------------------------------------------------------------------------------------------------

TEST(Transfer, an_up_to_date_target_is_told_to_campaign_at_once) {
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  EXPECT_EQ(s.status().transfer_target, NodeId(2));
  const auto told = s.hear<TimeoutNow>(2);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->term, Term(2));
  EXPECT_FALSE(s.hear<TimeoutNow>(2)) << "once";
  EXPECT_FALSE(s.hear<TimeoutNow>(3)) << "nobody else";
  s.time_out();
  EXPECT_TRUE(s.hear<TimeoutNow>(2)) << "it may be lost";
}

TEST(Transfer, proposals_and_configurations_are_refused_meanwhile) {   // catalogue 25
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy);
  EXPECT_EQ(s.raft.propose_configuration(*configuration_of(3), s.now).error(), Refusal::busy);
  EXPECT_EQ(s.last(), id(2, 2));
}

TEST(Transfer, a_target_that_lags_is_brought_up_to_date_first) {
  Lone s = leader();
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  ASSERT_TRUE(transfer(s, 3).ok());
  EXPECT_FALSE(s.hear<TimeoutNow>(3));
  s.acknowledge(3, Index(2));
  EXPECT_FALSE(s.hear<TimeoutNow>(3)) << "the last entry is missing";
  s.acknowledge(3, Index(3));
  EXPECT_TRUE(s.hear<TimeoutNow>(3));
}

// A follower that has just come back, say. Writes go on until a round trip is all that it lacks, and then stop.
TEST(Transfer, a_target_that_is_far_behind_does_not_stop_the_writes) {
  Lone s = leader();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  ASSERT_TRUE(transfer(s, 3).ok());
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok()) << "it lacks a thousand entries, which are not even sent";
  s.say(3, acknowledgement(400));
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok()) << "six hundred are much still";
}

TEST(Transfer, once_the_target_lacks_little_the_writes_stop_and_it_gets_the_rest) {
  Lone s = leader();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  ASSERT_TRUE(transfer(s, 3).ok());
  s.say(3, acknowledgement(900));
  EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy);
  EXPECT_FALSE(s.hear<TimeoutNow>(3));
  s.acknowledge(3, s.last().index);
  EXPECT_TRUE(s.hear<TimeoutNow>(3));
}

// Its link is new, so it is probed again: what it acknowledged before it has.
TEST(Transfer, who_was_told_to_campaign_has_all_that_comes_to_be) {
  Lone s = leader();
  s.raft.unreachable(NodeId(2), s.now);
  s.raft.reachable(NodeId(2), s.now);
  ASSERT_TRUE(transfer(s, 2).ok());
  ASSERT_TRUE(s.hear<TimeoutNow>(2));
  EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy);
  EXPECT_TRUE(s.status().transfer_closes);
}

TEST(Transfer, all_that_is_sent_is_as_good_as_little) {   // or thousands of writers under way would never let it happen
  Lone s = leader();
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.acknowledge(3, Index(3));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  ASSERT_TRUE(transfer(s, 3).ok());
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok());
  EXPECT_TRUE(s.hear<AppendEntries>(3));
  EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy);
  s.raft.tick(s.now);
  EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy) << "and that stays so";
}

TEST(Transfer, it_is_given_up_after_an_election_timeout_and_the_leader_goes_on) {   // catalogue 25
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  EXPECT_LE(s.raft.deadline(), s.now.steady + milliseconds(50));
  for (int i = 0; i < 29; ++i) {
    s.pass(milliseconds(10));
    s.acknowledge(2, Index(2));
    EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy);
  }
  s.pass(milliseconds(10));
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.time_out();
  EXPECT_FALSE(s.hear<TimeoutNow>(2));
}

TEST(Transfer, it_is_given_up_when_the_link_to_the_target_breaks) {
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  s.raft.unreachable(NodeId(3), s.now);
  EXPECT_EQ(s.status().transfer_target, NodeId(2));
  s.raft.unreachable(NodeId(2), s.now);
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok());
}

TEST(Transfer, only_a_leader_transfers_and_only_to_another_voter_that_is_there) {
  Lone s = leader();
  EXPECT_EQ(transfer(s, 1).error(), Refusal::invalid) << "itself";
  EXPECT_EQ(transfer(s, 4).error(), Refusal::invalid) << "a learner";
  EXPECT_EQ(transfer(s, 9).error(), Refusal::invalid) << "a stranger";
  ASSERT_TRUE(transfer(s, 2).ok());
  EXPECT_TRUE(transfer(s, 2).ok()) << "the same again";
  EXPECT_EQ(transfer(s, 3).error(), Refusal::busy) << "one at a time";

  Lone t = leader();
  for (int i = 0; i < 31; ++i) {
    t.pass(milliseconds(10));
    t.acknowledge(2, Index(2));
  }
  EXPECT_EQ(transfer(t, 3).error(), Refusal::busy) << "not heard for an election timeout";
  t.say(2, append(3, id(2, 2)));
  EXPECT_EQ(transfer(t, 2).error(), Refusal::not_leader);
}

TEST(Transfer, asking_again_does_not_make_it_last_longer) {
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(transfer(s, 2).ok());
    s.pass(milliseconds(10));
    s.acknowledge(2, Index(2));
  }
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
}

TEST(Transfer, it_ends_with_the_leadership) {   // catalogue 25: the flag is never left over; R2 still deposes
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  s.say(3, append(3, id(2, 2)));
  s.sync();
  s.lead({2, 3});
  ASSERT_EQ(s.status().role, Role::leader);
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok());
}

TEST(Transfer, the_old_leader_votes_for_its_target_though_it_hears_itself) {
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  s.say(2, RequestVote{Term(3), id(2, 2), false, true});
  EXPECT_EQ(s.status().role, Role::follower);
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(2)->vote_granted);
}

TEST(Transfer, reads_that_are_not_confirmed_before_the_new_term_fail) {   // catalogue 16: there is no lease to keep
  Lone s = leader();
  ASSERT_TRUE(transfer(s, 2).ok());
  const auto read = s.raft.begin_read(s.now);
  ASSERT_TRUE(read.ok());
  s.say(2, RequestVote{Term(3), id(2, 2), false, true});
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].id, *read);
  EXPECT_FALSE(outcomes[0].confirmed);
}

// -- the target -----------------------------------------------------------------------------------------------------

// Server 1 follows server 2 in term 2, and heard its contact round 5.
Lone follower(ConfigurationPtr configuration = configuration_of(3)) {
  Lone s(log_of_terms(std::move(configuration), {1}));
  s.say(2, append(2, id(1, 1), {2}, 1, 5));
  s.sync();
  (void)s.hear_all(2);
  return s;
}

TEST(TimeoutNow, the_target_campaigns_without_a_pre_vote_and_asks_by_leave_of_the_leader) {   // 3.10, 4.2.3
  Lone s = follower();
  s.say(2, TimeoutNow{Term(2), 5});
  EXPECT_EQ(s.status().role, Role::candidate);
  EXPECT_EQ(s.status().term, Term(3));
  EXPECT_FALSE(s.hear<RequestVote>(3)) << "its own vote is not on disk";
  s.sync();
  const auto request = s.hear<RequestVote>(3);
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->transfer);
  EXPECT_FALSE(request->pre_vote);
  EXPECT_EQ(request->last_log, id(2, 2));
  s.say(3, RequestVoteReply{Term(3), false, true});
  EXPECT_EQ(s.status().role, Role::leader);
}

TEST(TimeoutNow, a_campaign_that_comes_to_nothing_is_followed_by_an_ordinary_one) {
  Lone s = follower();
  s.say(2, TimeoutNow{Term(2), 5});
  s.sync();
  s.time_out();
  const auto request = s.hear<RequestVote>(3);
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->pre_vote);
  EXPECT_FALSE(request->transfer);
}

TEST(TimeoutNow, one_that_was_overtaken_or_comes_from_elsewhere_is_not_obeyed) {
  Lone s = follower();
  s.say(2, TimeoutNow{Term(2), 4});
  s.say(2, TimeoutNow{Term(1), 5});
  s.say(2, TimeoutNow{Term(3), 5});
  s.say(3, TimeoutNow{Term(2), 5});
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.status().term, Term(2));
}

TEST(TimeoutNow, a_learner_does_not_campaign) {   // catalogue 24
  Lone s = follower(configuration_of({learner(1), voter(2), voter(3)}));
  s.say(2, TimeoutNow{Term(2), 5});
  EXPECT_EQ(s.status().role, Role::follower);
}

TEST(TimeoutNow, who_has_a_disk_that_stalls_does_not_campaign) {
  Lone s = follower();
  s.say(2, append(2, id(2, 2), {2}, 1, 5));
  ASSERT_FALSE(s.begin_write().empty());
  for (int i = 0; i < 10; ++i) {
    s.pass(milliseconds(200));
    s.say(2, append(2, id(2, 3), {}, 1, 5));
  }
  s.say(2, TimeoutNow{Term(2), 5});
  EXPECT_EQ(s.status().role, Role::follower);
}

TEST(TimeoutNow, reads_that_wait_for_the_leader_fail) {
  Lone s = follower();
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  s.say(2, TimeoutNow{Term(2), 5});
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_FALSE(outcomes[0].confirmed);
}

// -- a leader whose disk hangs (W12) ----------------------------------------------------------------------------------

// Its disk writes for that long; the followers in `quick` have what it writes, and all are heard.
void hang(Lone& s, const std::vector<std::uint32_t>& quick, milliseconds lasts) {
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  ASSERT_FALSE(s.begin_write().empty());
  for (const TimePoint end = s.now.steady + lasts; s.now.steady < end && s.status().role == Role::leader;) {
    s.pass(milliseconds(50));
    for (const std::uint32_t node : {2u, 3u}) {
      const bool has_it = std::ranges::find(quick, node) != quick.end();
      s.acknowledge(node, has_it ? s.last().index : Index(1));
    }
  }
}

TEST(SlowDisk, the_leader_hands_over_after_an_election_timeout_if_the_others_commit_without_it) {
  Lone s = leader();
  hang(s, {2, 3}, s.options.election_timeout - milliseconds(50));
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
  EXPECT_EQ(s.status().commit_index, s.last().index);
  s.pass(milliseconds(100));
  EXPECT_EQ(s.status().transfer_target, NodeId(2));
  EXPECT_TRUE(s.hear<TimeoutNow>(2)) << "its own disk has no part in that";
}

TEST(SlowDisk, nobody_hands_over_where_all_disks_are_slow_alike) {
  Lone s = leader();
  hang(s, {}, s.options.disk_stall_max - milliseconds(100));
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
}

TEST(SlowDisk, who_writes_again_leads_on) {
  Lone s = leader();
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  const auto batch = s.begin_write();
  s.acknowledge(2, s.last().index);
  s.acknowledge(3, s.last().index);
  s.pass(s.options.election_timeout - milliseconds(1));
  s.acknowledge(2, s.last().index);
  s.end_write(batch);
  s.pass(milliseconds(100));
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_EQ(s.status().transfer_target, std::nullopt);
}

// -- the others -----------------------------------------------------------------------------------------------------

TEST(TimeoutNow, who_hears_the_leader_votes_only_for_whom_the_leader_told_to_campaign) {   // 4.2.3
  Lone s = follower();
  s.say(3, RequestVote{Term(3), id(2, 2), false, false});
  EXPECT_EQ(s.status().term, Term(2));
  EXPECT_FALSE(s.hear<RequestVoteReply>(3)->vote_granted);
  s.say(3, RequestVote{Term(3), id(2, 2), false, true});
  s.sync();
  EXPECT_TRUE(s.hear<RequestVoteReply>(3)->vote_granted);
}

TEST(TimeoutNow, leave_to_campaign_is_no_leave_to_win_with_a_shorter_log) {   // 5.4.1
  Lone s = follower();
  s.say(3, RequestVote{Term(3), id(1, 1), false, true});
  s.sync();
  EXPECT_FALSE(s.hear<RequestVoteReply>(3)->vote_granted);
  EXPECT_EQ(s.status().term, Term(3));
}

}  // namespace
}  // namespace parley::raft::test
