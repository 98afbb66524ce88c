// The leader's half of log replication: paper 5.3, 5.4.2, section 8; dissertation 10.2.1; DESIGN.md R4.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable log_of(Terms terms, std::uint32_t voters = 3) { return log_of_terms(configuration_of(voters), terms); }

Result<EntryId, Refusal> propose(Lone& s, std::string text = "x") { return s.raft.propose(command(text), s.now); }

AppendEntriesReply refusal(Lone& s, Index rejected, Index conflict, Term term, std::uint64_t round = 1) {
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.round = round;
  reply.rejected_prev = rejected;
  reply.conflict_index = conflict;
  reply.conflict_term = term;
  return reply;
}

// Paper 5.3, section 8 ------------------------------------------------------------------------------------------------

TEST(Leading, a_leader_begins_its_term_by_sending_a_no_op_to_all_section_8) {
  Lone s(log_of({1, 1}));
  s.lead({2});
  EXPECT_EQ(s.last(), id(2, 3));
  for (const std::uint32_t node : {2u, 3u}) {
    const auto message = s.hear<AppendEntries>(node);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->prev_log, id(1, 2));
    ASSERT_EQ(message->entries.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<Noop>(message->entries[0].content));
  }
}

TEST(Leading, a_leader_sends_heartbeats_to_all_members_to_maintain_its_authority_5_2) {
  Lone s(born_with(configuration_of(2, 1)));
  s.lead({2});
  (void)s.hear_all(2), (void)s.hear_all(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(s.raft.deadline(), s.now.steady + s.options.heartbeat_interval);
    s.time_out();
    for (const std::uint32_t node : {2u, 3u}) EXPECT_TRUE(s.hear<AppendEntries>(node)) << "learners too";
    EXPECT_TRUE(s.hear_all(2).empty()) << "one is enough";
  }
}

TEST(Leading, a_leader_appends_the_command_and_sends_it_to_all_others_in_parallel_5_3) {
  Lone s(log_of({1}));
  s.lead({2});
  s.acknowledge(2, Index(2)), s.acknowledge(3, Index(2));
  const auto entry = propose(s, "hello");
  EXPECT_EQ(*entry, id(2, 3));
  for (const std::uint32_t node : {2u, 3u}) {
    const auto message = s.hear<AppendEntries>(node);
    EXPECT_EQ(message->prev_log, id(2, 2));
    ASSERT_EQ(message->entries.size(), 1u);
    EXPECT_EQ(std::get<SharedBytes>(message->entries[0].content).view(), "hello");
  }
}

TEST(Leading, payloads_are_shared_between_log_disk_and_followers_not_copied) {
  Lone s(log_of({1}));
  s.lead({2});
  s.acknowledge(2, Index(2)), s.acknowledge(3, Index(2));
  const SharedBytes payload = command(std::string(10'000, 'x'));
  ASSERT_TRUE(s.raft.propose(payload, s.now).ok());
  const auto same = [&](const Entry& entry) {
    return std::get<SharedBytes>(entry.content).view().data() == payload.view().data();
  };
  EXPECT_TRUE(same(s.hear<AppendEntries>(2)->entries.at(0)));
  EXPECT_TRUE(same(s.begin_write().entries.at(0)));
}

TEST(Leading, an_entry_is_committed_once_it_is_durable_on_a_majority_5_3) {
  Lone s(log_of({1}, 5));
  s.lead({2, 3});
  ASSERT_TRUE(propose(s).ok());
  s.sync();
  s.acknowledge(2, Index(3));
  EXPECT_EQ(s.status().commit_index, Index(1));
  s.acknowledge(2, Index(3));   // the same again
  EXPECT_EQ(s.status().commit_index, Index(1));
  s.acknowledge(3, Index(3));
  EXPECT_EQ(s.status().commit_index, Index(3));
}

TEST(Leading, the_leaders_own_copy_counts_only_once_it_is_durable_10_2_1) {   // catalogue 3
  Lone s(log_of({1}));
  s.lead({2});
  s.acknowledge(2, Index(2));
  ASSERT_TRUE(propose(s).ok());
  EXPECT_EQ(s.hear<AppendEntries>(2)->entries.size(), 1u) << "it is sent while the own disk writes";
  const auto batch = s.begin_write();
  s.acknowledge(2, Index(3));
  EXPECT_EQ(s.status().commit_index, Index(2));
  s.end_write(batch);
  EXPECT_EQ(s.status().commit_index, Index(3));
}

TEST(Leading, a_majority_of_the_others_commits_before_the_leaders_own_write_ends_10_2_1) {
  Lone s(log_of({1}));
  s.lead({2});
  ASSERT_TRUE(propose(s).ok());
  s.acknowledge(2, Index(3));
  s.acknowledge(3, Index(3));
  EXPECT_EQ(s.status().commit_index, Index(3));
  EXPECT_EQ(s.status().persisted_index, Index(2));
}

TEST(Leading, committed_entries_are_handed_out_in_order_once_each_5_3) {
  Lone s(log_of({1}));
  s.lead({2});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(propose(s, std::to_string(i)).ok());
  s.sync();
  EXPECT_EQ(s.raft.take_committed(200).size(), 1u) << "the founders' entry";
  EXPECT_TRUE(s.raft.take_committed(200).empty()) << "of the others only its own copy is known";
  s.acknowledge(2, Index(12));
  Index next(2);
  for (auto entries = s.raft.take_committed(200); !entries.empty(); entries = s.raft.take_committed(200)) {
    EXPECT_LE(entries.size(), 4u) << "within the bytes asked for";
    for (const Entry& entry : entries) {
      EXPECT_EQ(entry.id.index, next);
      next = next.next();
    }
    s.raft.applied(entries.back().id.index);
  }
  EXPECT_EQ(next, Index(13));
  EXPECT_EQ(s.status().applied_index, Index(12));
}

TEST(Leading, a_state_machine_that_stands_at_an_index_already_is_given_what_comes_after) {
  Lone s(log_of({1, 1, 1, 1}));
  s.raft.applied(Index(3));
  EXPECT_EQ(s.status().commit_index, Index(3));
  s.lead({2});
  s.acknowledge(2, Index(5));
  EXPECT_EQ(s.raft.take_committed(1 << 20).at(0).id, id(1, 4));
}

TEST(Leading, an_advanced_commit_index_is_told_to_the_followers_at_once) {
  Lone s(log_of({1}));
  s.lead({2});
  for (const std::uint32_t node : {2u, 3u}) s.acknowledge(node, Index(2)), (void)s.hear_all(node);
  ASSERT_TRUE(propose(s).ok());
  s.sync();
  (void)s.hear_all(2), (void)s.hear_all(3);
  s.acknowledge(2, Index(3));
  for (const std::uint32_t node : {2u, 3u}) {
    const auto message = s.hear<AppendEntries>(node);
    ASSERT_TRUE(message) << "no waiting for the heartbeat";
    EXPECT_EQ(message->leader_commit, Index(3));
    EXPECT_TRUE(s.hear_all(node).empty());
  }
}

// Paper 5.3: finding where the logs agree -----------------------------------------------------------------------------

TEST(Leading, after_a_refusal_it_goes_back_by_whole_terms_5_3) {
  struct Case {
    std::string what;
    Terms leaders;
    Index conflict;
    Term term;
    Index next_prev;   // what it asks next
  };
  for (const Case& c : {
           Case{"the follower's log is short", {1, 4, 4, 4, 5, 5}, Index(3), Term(0), Index(2)},
           Case{"a term that the leader never saw", {1, 4, 4, 4, 5, 5}, Index(3), Term(2), Index(1)},
           Case{"a term of which the leader has less", {1, 2, 2, 4, 5, 5}, Index(2), Term(2), Index(3)},
           Case{"a term that begins later at the follower", {1, 3, 3, 3, 3, 5}, Index(4), Term(3), Index(5)},
           Case{"nonsense", {1, 4, 4, 4, 5, 5}, Index(1000), Term(0), Index(5)},
           Case{"more nonsense", {1, 4, 4, 4, 5, 5}, Index(0), Term(0), Index(0)},
       }) {
    Lone s(log_of(c.leaders));
    s.lead({2});
    ASSERT_EQ(s.hear<AppendEntries>(2)->prev_log.index, Index(6));
    s.say(2, refusal(s, Index(6), c.conflict, c.term));
    EXPECT_EQ(s.hear<AppendEntries>(2)->prev_log.index, c.next_prev) << c.what;
  }
}

TEST(Leading, whatever_the_logs_are_the_follower_becomes_equal_to_the_leader_5_3) {
  // The logs of Figure 7, and none.
  const std::vector<Terms> logs = {
      {1},
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6},        // the leader's
      {1, 1, 1, 4, 4, 5, 5, 6, 6},           // a
      {1, 1, 1, 4},                          // b
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},     // c
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},  // d
      {1, 1, 1, 4, 4, 4, 4},                 // e
      {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},     // f
  };
  for (const Terms& leaders : logs) {
    for (const Terms& followers : logs) {
      Cluster cluster;
      const auto configuration = configuration_of(1, 1);   // a learner has no say in who leads
      for (const std::uint32_t node : {1u, 2u}) {
        Durable disk = log_of_terms(configuration, node == 1 ? leaders : followers);
        disk.hard_state.current_term = Term(7);
        cluster.add(node, disk);
      }
      cluster.tick(milliseconds(1000));
      EXPECT_EQ(cluster[1].log().last_id(), cluster[2].log().last_id());
      EXPECT_EQ(cluster[2].status().commit_index, Index(leaders.size() + 1));
      EXPECT_EQ(cluster.broken, "");
    }
  }
}

TEST(Leading, an_old_or_repeated_refusal_is_not_obeyed) {   // catalogue 11
  Lone s(log_of({1, 1, 1, 1}));
  s.lead({2});
  (void)s.hear<AppendEntries>(2);
  const auto old = refusal(s, Index(4), Index(2), Term(0));
  s.say(2, old);
  ASSERT_EQ(s.hear<AppendEntries>(2)->prev_log.index, Index(1));
  s.say(2, old);
  EXPECT_FALSE(s.hear<AppendEntries>(2)) << "the probe at 1 is still under way";
  s.acknowledge(2, Index(5));
  s.say(2, old);
  s.say(2, refusal(s, Index(1000), Index(2), Term(0)));
  EXPECT_EQ(s.status().peers[0].match_index, Index(5));
  EXPECT_EQ(s.status().peers[0].next_index, Index(6));
  EXPECT_TRUE(s.status().peers[0].replicating);
}

TEST(Leading, match_index_never_goes_back_within_a_term) {   // catalogue 10
  Lone s(log_of({1, 1, 1}));
  s.lead({2});
  s.acknowledge(2, Index(4));
  s.acknowledge(2, Index(2));
  EXPECT_EQ(s.status().peers[0].match_index, Index(4));
  EXPECT_EQ(s.status().peers[0].next_index, Index(5));
}

TEST(Leading, acknowledgements_of_what_was_never_sent_are_dropped) {
  Lone s(log_of({1}));
  s.lead({2});
  (void)s.hear_all(2);
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.success = true;
  reply.match_index = Index(77);
  s.say(2, reply);
  reply.match_index = Index(2);
  reply.round = 1'000'000;
  s.say(2, reply);
  EXPECT_EQ(s.status().commit_index, Index(1));
  EXPECT_EQ(s.status().violations, 2u);
}

TEST(Leading, a_probe_that_was_lost_is_repeated_with_the_heartbeat_and_without_its_entries) {
  Lone s(log_of({1}));
  s.lead({2});
  ASSERT_EQ(s.hear<AppendEntries>(3)->entries.size(), 1u);
  EXPECT_FALSE(s.hear<AppendEntries>(3)) << "one probe at a time";
  s.time_out();
  const auto again = s.hear<AppendEntries>(3);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->prev_log, id(1, 1));
  EXPECT_TRUE(again->entries.empty());
}

TEST(Leading, after_a_broken_link_it_probes_again_from_what_is_known_to_match) {
  Lone s(log_of({1}));
  s.lead({2});
  s.acknowledge(2, Index(2));
  ASSERT_TRUE(propose(s).ok());
  ASSERT_EQ(s.hear<AppendEntries>(2)->entries.size(), 1u);
  s.raft.unreachable(NodeId(2), s.now);
  s.raft.reachable(NodeId(2), s.now);
  const auto message = s.hear<AppendEntries>(2);
  EXPECT_EQ(message->prev_log, id(2, 2));
  EXPECT_EQ(message->entries.size(), 1u);
}

// Pipelining and its limits -------------------------------------------------------------------------------------------

TEST(Leading, messages_follow_each_other_without_waiting_up_to_the_window) {
  Options options;
  options.append_entries_max = 2;
  options.inflight_appends_max = 3;
  Lone s(log_of({1}), 1, options);
  s.lead({2});
  s.acknowledge(2, Index(2));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(propose(s).ok());
  const auto sent = s.hear_all(2);
  ASSERT_EQ(sent.size(), 3u);
  for (const Message& message : sent) EXPECT_EQ(std::get<AppendEntries>(message).entries.size(), 2u);
  EXPECT_EQ(std::get<AppendEntries>(sent[2]).prev_log.index, Index(6));
  s.acknowledge(2, Index(4));   // the first of them; acknowledge() hears the one that is sent for it
  EXPECT_EQ(s.status().peers[0].next_index, Index(9));
  s.time_out();
  const auto heartbeat = s.hear<AppendEntries>(2);
  ASSERT_TRUE(heartbeat) << "a full window does not hold up heartbeats";
}

TEST(Leading, a_window_is_bounded_in_bytes_too_but_lets_one_large_entry_through) {
  Options options;
  options.append_bytes_max = 1000;
  options.inflight_bytes_max = 2500;
  Lone s(log_of({1}), 1, options);
  s.lead({2});
  s.acknowledge(2, Index(2));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(propose(s, std::string(1500, 'x')).ok());
  EXPECT_EQ(s.hear_all(2).size(), 2u);
}

TEST(Leading, proposals_beyond_the_limits_are_refused_and_change_nothing) {
  Options options;
  options.command_bytes_max = 100;
  options.uncommitted_bytes_max = 1000;
  Lone s(log_of({1}), 1, options);
  EXPECT_EQ(propose(s).error(), Refusal::not_leader);
  s.lead({2});
  EXPECT_EQ(propose(s, std::string(101, 'x')).error(), Refusal::too_large);
  int taken = 0;
  while (propose(s, std::string(100, 'x')).ok()) ++taken;
  EXPECT_EQ(taken, 6);
  EXPECT_EQ(propose(s, std::string(100, 'x')).error(), Refusal::busy);
  EXPECT_EQ(s.status().last_index, Index(2 + 6));
  s.sync();
  s.acknowledge(2, Index(8));
  EXPECT_TRUE(propose(s, std::string(100, 'x')).ok());
}

TEST(Leading, what_is_committed_but_not_on_the_own_disk_counts_against_the_limit_too) {   // catalogue 40, I18
  Options options;
  options.uncommitted_bytes_max = 1000;
  Lone s(log_of({1}), 1, options);
  s.lead({2});
  int taken = 0;
  while (taken < 1000 && propose(s, std::string(100, 'x')).ok()) {
    ++taken;
    s.acknowledge(2, s.last().index), s.acknowledge(3, s.last().index);
  }
  EXPECT_LT(taken, 10);
}

// Paper 5.4.2 ---------------------------------------------------------------------------------------------------------

TEST(Leading, only_entries_of_the_leaders_current_term_are_committed_by_counting_5_4_2) {   // catalogue 1
  Lone s(log_of({1, 1, 2}));
  s.lead({2});
  ASSERT_EQ(s.last(), id(3, 4));
  s.acknowledge(2, Index(3));
  s.acknowledge(3, Index(3));
  EXPECT_EQ(s.status().commit_index, Index(1)) << "on every disk, and still not committed";
  s.acknowledge(2, Index(4));
  EXPECT_EQ(s.status().commit_index, Index(4)) << "all before it are committed with it";
}

TEST(Leading, entries_of_earlier_terms_keep_their_term_when_a_new_leader_sends_them_5_4_2) {   // catalogue 8
  Lone s(log_of({1, 1, 2}));
  s.lead({2});
  (void)s.hear<AppendEntries>(3);
  s.say(3, refusal(s, Index(3), Index(2), Term(0)));
  const auto message = s.hear<AppendEntries>(3);
  ASSERT_EQ(message->entries.size(), 3u);
  EXPECT_EQ(message->entries[1].id, id(2, 3));
}

// Who counts ----------------------------------------------------------------------------------------------------------

TEST(Leading, a_learners_copy_does_not_count) {
  Lone s(born_with(configuration_of(3, 1)));
  s.lead({2});
  s.acknowledge(4, Index(2));
  EXPECT_EQ(s.status().commit_index, Index(1));
  s.acknowledge(2, Index(2));
  EXPECT_EQ(s.status().commit_index, Index(2));
}

TEST(Leading, an_acknowledgement_of_another_incarnation_or_a_stranger_does_not_count) {   // R4, catalogue 36
  Lone s(log_of({1}));
  s.lead({2});
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.success = true;
  reply.match_index = Index(2);
  s.raft.step(server(2, 77), reply, s.now);
  s.say(9, reply);
  EXPECT_EQ(s.status().commit_index, Index(1));
  s.say(2, reply);
  EXPECT_EQ(s.status().commit_index, Index(2));
}

// -- what members are known to hold (R4) ------------------------------------------------------------------------------

TEST(Acknowledged, is_what_a_follower_said_is_durable_as_far_as_it_is_committed) {
  Lone s(born_with(configuration_of(3)));
  s.lead({2});
  const Index first = s.last().index;
  EXPECT_EQ(s.raft.acknowledged(server(2)), Index(0));
  s.acknowledge(2, first);
  EXPECT_EQ(s.raft.acknowledged(server(2)), first);
  EXPECT_EQ(s.raft.acknowledged(server(3)), Index(0));
  ASSERT_TRUE(s.raft.propose(command("not committed: this disk has not written it"), s.now).ok());
  s.acknowledge(2, first.next());
  EXPECT_EQ(s.raft.acknowledged(server(2)), first) << "a later leader may rightly cut it off";
  s.sync();
  EXPECT_EQ(s.raft.acknowledged(server(2)), first.next());
}

TEST(Acknowledged, outlives_the_leadership_but_not_the_incarnation) {
  Lone s(born_with(configuration_of(3)));
  s.lead({2});
  const Index first = s.last().index;
  s.acknowledge(2, first);
  s.say(3, append(s.status().term.value + 1, s.last()));
  ASSERT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.raft.acknowledged(server(2)), first);
  EXPECT_EQ(s.raft.acknowledged(server(2, 9)), Index(0));
  s.lead({3});
  EXPECT_EQ(s.raft.acknowledged(server(2)), first) << "though it has said nothing to this leader yet";
}

}  // namespace
}  // namespace parley::raft::test
