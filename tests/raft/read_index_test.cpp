// Linearizable reads by ReadIndex: dissertation 6.4.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable newborn(std::uint32_t voters = 3) { return born_with(configuration_of(voters)); }

// The echo of exactly that contact round.
void echo(Lone& s, std::uint32_t node, std::uint64_t round) {
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.success = true;
  reply.round = round;
  s.say(node, reply);
}

// A leader whose no-op is committed, with nothing left to send.
Lone leader_at_rest(std::uint32_t voters = 3) {
  Lone s(newborn(voters));
  s.lead(voters == 5 ? std::vector<std::uint32_t>{2, 3} : std::vector<std::uint32_t>{2});
  for (std::uint32_t node = 2; node <= voters; ++node) s.acknowledge(node, Index(2));
  for (std::uint32_t node = 2; node <= voters; ++node) (void)s.hear_all(node);
  (void)s.raft.take_reads();
  return s;
}

TEST(ReadIndex, the_leader_answers_after_a_round_of_heartbeats_was_echoed_by_a_majority_6_4) {
  Lone s = leader_at_rest(5);
  const auto read = s.raft.begin_read(s.now);
  ASSERT_TRUE(read.ok());
  const auto heartbeat = s.hear<AppendEntries>(2);
  ASSERT_TRUE(heartbeat) << "at once";
  echo(s, 2, heartbeat->round);
  EXPECT_TRUE(s.raft.take_reads().empty());
  ASSERT_TRUE(s.hear<AppendEntries>(3));
  echo(s, 3, heartbeat->round);
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].id, *read);
  EXPECT_TRUE(outcomes[0].confirmed);
  EXPECT_EQ(outcomes[0].index, Index(2));
}

TEST(ReadIndex, a_new_leader_waits_until_an_entry_of_its_term_is_committed_6_4) {   // catalogue 12
  Lone s(newborn());
  s.lead({2});
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto message = s.hear<AppendEntries>(2);
  echo(s, 2, message->round);   // contact, but nothing acknowledged
  s.time_out();
  echo(s, 2, s.hear<AppendEntries>(2)->round);
  EXPECT_TRUE(s.raft.take_reads().empty());
  s.acknowledge(2, Index(2));
  s.acknowledge(2, Index(2));   // the round that begins after the commit
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(outcomes[0].confirmed);
  EXPECT_EQ(outcomes[0].index, Index(2));
}

TEST(ReadIndex, an_echo_of_an_earlier_round_does_not_confirm_a_newer_read) {   // catalogue 13
  Lone s = leader_at_rest();
  s.time_out();
  const auto earlier = s.hear<AppendEntries>(2);
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto later = s.hear<AppendEntries>(2);
  ASSERT_GT(later->round, earlier->round);
  echo(s, 2, earlier->round);
  EXPECT_TRUE(s.raft.take_reads().empty());
  echo(s, 2, later->round);
  EXPECT_EQ(s.raft.take_reads().size(), 1u);
}

TEST(ReadIndex, reads_that_begin_during_a_round_share_the_next_one) {
  Lone s = leader_at_rest();
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto first = s.hear<AppendEntries>(2);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  EXPECT_FALSE(s.hear<AppendEntries>(2)) << "the round under way is the batching window";
  echo(s, 2, first->round);
  EXPECT_EQ(s.raft.take_reads().size(), 1u);
  const auto second = s.hear<AppendEntries>(2);
  ASSERT_TRUE(second);
  echo(s, 2, second->round);
  EXPECT_EQ(s.raft.take_reads().size(), 10u);
}

TEST(ReadIndex, a_round_whose_echo_was_lost_is_renewed_with_the_heartbeat) {
  Lone s = leader_at_rest();
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  (void)s.hear_all(2);
  s.time_out();
  echo(s, 2, s.hear<AppendEntries>(2)->round);
  EXPECT_EQ(s.raft.take_reads().size(), 1u);
}

TEST(ReadIndex, learners_and_other_incarnations_confirm_nothing) {
  Lone s(born_with(configuration_of(3, 1)));
  s.lead({2});
  s.acknowledge(2, Index(2));
  s.acknowledge(4, Index(2));
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  s.acknowledge(4, Index(2));
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.success = true;
  reply.round = s.hear<AppendEntries>(2)->round;
  s.raft.step(server(2, 99), reply, s.now);
  EXPECT_TRUE(s.raft.take_reads().empty());
}

TEST(ReadIndex, a_sole_voter_needs_nobody) {
  Lone s(newborn(1));
  s.lead({});
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  EXPECT_EQ(s.raft.take_reads().size(), 1u);
}

TEST(ReadIndex, reads_fail_when_leadership_ends) {   // catalogue 14
  Lone s = leader_at_rest();
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  s.say(3, ReadIndexRequest{42});
  s.say(2, append(9, id(2, 2)));
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_FALSE(outcomes[0].confirmed);
  s.sync();
  EXPECT_EQ(*s.hear<ReadIndexReply>(3), (ReadIndexReply{42, false, Index(0)}));
}

TEST(ReadIndex, reads_that_cannot_be_confirmed_fail_after_a_while_and_make_room) {   // I18
  Options options;
  options.pending_reads_max = 5;
  Lone s(newborn(), 1, options);
  s.lead({2});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  EXPECT_EQ(s.raft.begin_read(s.now).error(), Refusal::busy);
  for (int i = 0; i < 20; ++i) {
    s.time_out();
    s.acknowledge(2, Index(1));
  }
  EXPECT_EQ(s.raft.take_reads().size(), 5u);
  EXPECT_TRUE(s.raft.begin_read(s.now).ok());
}

// A follower's reads --------------------------------------------------------------------------------------------------

TEST(FollowersRead, a_follower_asks_the_leader_for_the_read_index_6_4) {
  Lone s(newborn());
  EXPECT_EQ(s.raft.begin_read(s.now).error(), Refusal::not_leader);
  s.say(2, append(1, id(1, 1)));
  const auto read = s.raft.begin_read(s.now);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(s.hear<ReadIndexRequest>(3));
  const auto request = s.hear<ReadIndexRequest>(2);
  ASSERT_TRUE(request);
  s.say(2, ReadIndexReply{request->id, true, Index(7)});
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].id, *read);
  EXPECT_EQ(outcomes[0].index, Index(7));
}

TEST(FollowersRead, reads_that_begin_while_a_request_is_under_way_go_with_the_next) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto first = s.hear<ReadIndexRequest>(2);
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  EXPECT_FALSE(s.hear<ReadIndexRequest>(2));
  s.say(2, ReadIndexReply{first->id, true, Index(1)});
  EXPECT_EQ(s.raft.take_reads().size(), 1u);
  const auto second = s.hear<ReadIndexRequest>(2);
  ASSERT_NE(second->id, first->id);
  s.say(2, ReadIndexReply{first->id, true, Index(1)});   // the first answer, doubled on the way
  EXPECT_TRUE(s.raft.take_reads().empty());
  s.say(2, ReadIndexReply{second->id, true, Index(1)});
  EXPECT_EQ(s.raft.take_reads().size(), 2u);
}

TEST(FollowersRead, an_answer_to_a_request_of_an_earlier_life_is_not_taken_for_ours) {   // catalogue 13
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto old = s.hear<ReadIndexRequest>(2);
  Now later = s.now;
  later.steady += milliseconds(1);
  Consensus again(server(1), s.options, s.disk, 7, later);   // even with the same seed
  again.step(server(2), append(1, id(1, 1)), later);
  ASSERT_TRUE(again.begin_read(later).ok());
  again.step(server(2), ReadIndexReply{old->id, true, Index(1)}, later);
  EXPECT_TRUE(again.take_reads().empty());
}

TEST(FollowersRead, an_answer_from_anybody_but_the_leader_is_not_believed) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto request = s.hear<ReadIndexRequest>(2);
  s.say(3, ReadIndexReply{request->id, true, Index(1)});
  EXPECT_TRUE(s.raft.take_reads().empty());
}

TEST(FollowersRead, a_request_is_asked_again_over_a_new_link_and_fails_after_a_while) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  const auto request = s.hear<ReadIndexRequest>(2);
  s.raft.unreachable(NodeId(2), s.now);
  s.raft.reachable(NodeId(2), s.now);
  EXPECT_EQ(s.hear<ReadIndexRequest>(2)->id, request->id);
  for (int i = 0; i < 10; ++i) {
    s.say(2, append(1, id(1, 1)));
    s.pass(milliseconds(100));
  }
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_FALSE(outcomes[0].confirmed);
}

TEST(FollowersRead, fails_when_the_leader_is_given_up) {
  Lone s(newborn());
  s.say(2, append(1, id(1, 1)));
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  ASSERT_TRUE(s.raft.begin_read(s.now).ok());
  s.raft.refused(NodeId(2), s.now);
  s.time_out();
  const auto outcomes = s.raft.take_reads();
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_FALSE(outcomes[0].confirmed);
}

TEST(FollowersRead, the_leader_answers_each_request_once_and_drops_what_was_given_up) {
  Lone s = leader_at_rest();
  s.say(3, ReadIndexRequest{1});
  s.say(3, ReadIndexRequest{1});   // doubled on the way
  s.say(3, ReadIndexRequest{2});   // the follower gave 1 up
  s.acknowledge(2, Index(2));
  s.acknowledge(2, Index(2));
  EXPECT_EQ(*s.hear<ReadIndexReply>(3), (ReadIndexReply{2, true, Index(2)}));
  EXPECT_FALSE(s.hear<ReadIndexReply>(3));
}

TEST(FollowersRead, who_does_not_lead_says_so) {
  Lone s(newborn());
  s.say(3, ReadIndexRequest{5});
  EXPECT_EQ(*s.hear<ReadIndexReply>(3), (ReadIndexReply{5, false, Index(0)}));
}

}  // namespace
}  // namespace parley::raft::test
