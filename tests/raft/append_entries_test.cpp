// The follower's half of log replication: paper 5.3 and Figure 2, "AppendEntries RPC"; what it may say, and when.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable log_of(Terms terms) { return log_of_terms(configuration_of(3), terms); }

// Paper 5.3, Figure 2 -------------------------------------------------------------------------------------------------

TEST(AppendEntriesRpc, if_the_follower_does_not_find_an_entry_with_that_index_and_term_it_refuses_5_3) {
  struct Case {
    EntryId prev;
    bool success;
  };
  for (const Case& c : {Case{id(1, 1), true}, Case{id(2, 2), true}, Case{id(1, 2), false}, Case{id(2, 3), false}}) {
    Lone s(log_of({1, 2}));
    s.say(2, append(3, c.prev));
    s.sync();
    EXPECT_EQ(s.hear<AppendEntriesReply>(2)->success, c.success);
  }
}

TEST(AppendEntriesRpc, an_existing_entry_that_conflicts_is_deleted_with_all_that_follow_it_5_3) {
  struct Case {
    EntryId prev;
    Terms sent;
    Terms expected;
  };
  for (const Case& c : {Case{id(2, 3), {3}, {1, 2, 2, 3}},       // follows on
                        Case{id(2, 2), {3, 4}, {1, 2, 3, 4}},    // one goes, two come
                        Case{id(1, 1), {3}, {1, 3}},             // two go, one comes
                        Case{id(2, 2), {}, {1, 2, 2}},           // nothing conflicts
                        Case{id(1, 1), {2}, {1, 2, 2}}}) {       // short, but equal: nothing goes
    Lone s(log_of({1, 2, 2}));
    s.say(2, append(5, c.prev, c.sent));
    EXPECT_EQ(s.terms(), c.expected);
    s.sync();
    EXPECT_EQ(Lone(s.disk).terms(), c.expected) << "and so it is on disk";
  }
}

TEST(AppendEntriesRpc, a_doubled_short_or_late_message_that_agrees_truncates_nothing_5_3) {   // catalogue 9
  Lone s(log_of({1}));
  const auto first = append(2, id(1, 1), {2});
  s.say(2, first);
  s.say(2, append(2, id(2, 2), {2, 2}));
  s.say(2, first);
  s.say(2, append(2, id(1, 1)));
  EXPECT_EQ(s.terms(), (Terms{1, 2, 2, 2}));
}

TEST(AppendEntriesRpc, commit_index_is_the_lesser_of_leader_commit_and_the_index_of_the_last_new_entry_5_3) {
  struct Case {
    std::uint64_t leader_commit;
    Terms sent;
    std::uint64_t expected;
  };
  for (const Case& c : {Case{3, {}, 1}, Case{2, {2}, 2}, Case{9, {2, 2}, 3}, Case{0, {2}, 1}}) {
    Lone s(log_of({1}));
    s.say(2, append(2, id(1, 1), c.sent, c.leader_commit));
    EXPECT_EQ(s.status().commit_index, Index(c.expected));
  }
}

// Catalogue 5.
TEST(AppendEntriesRpc, a_heartbeat_does_not_commit_a_suffix_that_was_not_compared_with_the_leaders_log) {
  Lone s(log_of({1, 2, 2, 2}));
  s.say(2, append(3, id(2, 2), {}, 4));
  EXPECT_EQ(s.status().commit_index, Index(2));
}

TEST(AppendEntriesRpc, commit_index_never_goes_back) {
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1), {2, 2}, 3));
  s.say(2, append(2, id(1, 1), {2}, 2));
  s.say(2, append(2, id(2, 3), {}, 0));
  EXPECT_EQ(s.status().commit_index, Index(3));
}

// The hints of the refusal (paper 5.3, last paragraphs) ---------------------------------------------------------------

TEST(AppendEntriesRpc, a_refusal_names_the_term_of_the_conflicting_entry_and_its_first_index_5_3) {
  Lone s(log_of({1, 1, 4, 4, 4}));
  s.say(2, append(6, id(5, 4)));
  s.sync();
  const auto reply = s.hear<AppendEntriesReply>(2);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->rejected_prev, Index(4));
  EXPECT_EQ(reply->conflict_term, Term(4));
  EXPECT_EQ(reply->conflict_index, Index(3));
}

TEST(AppendEntriesRpc, a_refusal_for_a_short_log_names_the_index_after_its_end_5_3) {
  Lone s(log_of({1, 1}));
  s.say(2, append(6, id(5, 9)));
  s.sync();
  const auto reply = s.hear<AppendEntriesReply>(2);
  EXPECT_EQ(reply->conflict_term, Term(0));
  EXPECT_EQ(reply->conflict_index, Index(3));
  EXPECT_EQ(reply->rejected_prev, Index(9));
}

// Nothing is said that is not durable ---------------------------------------------------------------------------------

TEST(AppendEntriesRpc, an_acknowledgement_reaches_only_as_far_as_the_disk) {   // catalogue 3, W2
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1), {}, 0, 1));
  (void)s.hear_all(2);
  s.say(2, append(1, id(1, 1), {1}, 0, 1));
  const auto batch = s.begin_write();
  EXPECT_FALSE(s.hear<AppendEntriesReply>(2)) << "nothing new to say before the write ends";
  s.say(2, append(1, id(1, 2), {1}, 0, 1));
  s.end_write(batch);
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->match_index, Index(2));
  s.sync();
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->match_index, Index(3));
}

TEST(AppendEntriesRpc, nothing_is_said_in_a_term_that_is_not_durable) {
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1)));
  EXPECT_TRUE(s.hear_all(2).empty());
  s.sync();
  EXPECT_TRUE(s.hear<AppendEntriesReply>(2)->success);
}

TEST(AppendEntriesRpc, a_heartbeat_is_answered_at_once_whatever_the_disk_does) {
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1), {1, 1}));
  (void)s.begin_write();
  s.say(2, append(1, id(1, 3), {}, 0, 9));
  const auto reply = s.hear<AppendEntriesReply>(2);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->round, 9u);
  EXPECT_EQ(reply->match_index, Index(1));
}

TEST(AppendEntriesRpc, a_success_is_not_lost_behind_a_refusal_and_the_latest_match_wins) {
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1), {1}));
  s.sync();
  s.say(2, append(1, id(1, 2), {1}));
  s.sync();
  s.say(2, append(1, id(1, 9), {1}));   // something between was lost
  const auto heard = s.hear_all(2);
  ASSERT_EQ(heard.size(), 2u) << "one of each kind";
  EXPECT_EQ(std::get<AppendEntriesReply>(heard[0]).match_index, Index(3));
  EXPECT_TRUE(std::get<AppendEntriesReply>(heard[0]).success);
  EXPECT_FALSE(std::get<AppendEntriesReply>(heard[1]).success);
}

TEST(AppendEntriesRpc, a_refusal_that_was_overtaken_by_a_success_is_not_sent) {
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 3), {1}));
  s.say(2, append(1, id(1, 1), {1, 1, 1}));
  s.sync();
  const auto heard = s.hear_all(2);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(std::get<AppendEntriesReply>(heard[0]).match_index, Index(4));
}

TEST(AppendEntriesRpc, a_reply_that_is_due_is_forgotten_with_its_term) {
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1)));
  s.say(3, append(2, id(1, 1)));
  s.sync();
  EXPECT_TRUE(s.hear_all(2).empty());
  EXPECT_EQ(s.hear<AppendEntriesReply>(3)->term, Term(2));
}

TEST(AppendEntriesRpc, a_repeated_message_is_acknowledged_again_for_the_first_reply_may_be_lost) {
  Lone s(log_of({1}));
  for (int i = 0; i < 2; ++i) {
    s.say(2, append(1, id(1, 1), {1}));
    s.sync();
    EXPECT_EQ(s.hear<AppendEntriesReply>(2)->match_index, Index(2));
  }
}

TEST(AppendEntriesRpc, the_followers_wall_clock_travels_with_its_replies) {   // R14
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1)));
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->wall, s.now.wall);
}

// From a broken or foreign leader -------------------------------------------------------------------------------------

TEST(ForeignLeader, a_message_that_contradicts_a_committed_entry_is_dropped_and_does_not_count_as_a_leader) {
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1), {2, 2}, 3));
  ASSERT_EQ(s.status().commit_index, Index(3));
  s.say(3, append(5, id(1, 1), {5, 5, 5}));
  s.say(3, append(5, id(4, 3)));
  EXPECT_EQ(s.terms(), (Terms{1, 2, 2}));
  EXPECT_EQ(s.status().violations, 2u);
  EXPECT_FALSE(s.status().leader);
  s.sync();
  EXPECT_FALSE(s.hear<AppendEntriesReply>(3));
}

TEST(ForeignLeader, one_that_contradicts_what_it_sent_itself_in_this_term_is_not_obeyed) {
  Lone s(log_of({1}));
  s.say(2, append(4, id(1, 1), {4, 4}));
  s.say(2, append(4, id(1, 1), {3}));
  EXPECT_EQ(s.terms(), (Terms{1, 4, 4}));
  EXPECT_EQ(s.status().violations, 1u);
}

TEST(ForeignLeader, a_second_leader_of_one_term_is_not_obeyed_whoever_hears_it) {
  Lone follower(log_of({1}));
  follower.say(2, append(2, id(1, 1), {2}));
  follower.say(3, append(2, id(1, 1), {2, 2}));
  EXPECT_EQ(follower.terms(), (Terms{1, 2}));
  Lone leader(log_of({1}));
  leader.lead({2});
  leader.say(3, append(2, id(1, 1), {2, 2, 2}));
  EXPECT_EQ(leader.status().role, Role::leader);
  EXPECT_EQ(leader.terms(), (Terms{1, 2}));
}

TEST(ForeignLeader, malformed_messages_change_nothing) {
  std::vector<AppendEntries> malformed;
  malformed.push_back(append(2, id(3, 1)));                        // an entry before it of a later term than its own
  malformed.push_back(append(2, id(1, 1), {3}));                   // an entry of a later term than its own
  malformed.push_back(append(9, id(1, 1), {3, 2}));                // terms that fall
  malformed.push_back(append(2, id(1, 0)));                        // an entry at index 0
  malformed.push_back(append(2, id(1, ~std::uint64_t{0}), {2}));   // indexes that overflow
  malformed.push_back(append(2, id(1, 1), {2, 2}));
  malformed.back().entries[1].id.index = Index(7);                 // a gap
  malformed.push_back(append(2, id(1, 1), {2}));
  malformed.back().entries[0].content = ConfigurationPtr();        // a configuration that isn't there
  malformed.push_back(append(2, id(1, 1), {2}));
  malformed.back().entries[0].content = configuration_of({voter(2), voter(1)});   // not sorted
  for (const AppendEntries& message : malformed) {
    Lone s(log_of({1}));
    s.say(2, message);
    EXPECT_EQ(s.terms(), (Terms{1}));
    EXPECT_EQ(s.status().term, Term(1));
    EXPECT_EQ(s.status().violations, 1u);
  }
}

TEST(ForeignLeader, absurd_commit_and_round_numbers_are_harmless) {
  Lone s(log_of({1}));
  AppendEntries message = append(1, id(1, 1), {1}, ~std::uint64_t{0}, ~std::uint64_t{0});
  s.say(2, message);
  EXPECT_EQ(s.status().commit_index, Index(2));
}

TEST(ForeignLeader, a_message_from_this_very_node_is_ignored) {   // another life of it, or an echo
  Lone s(log_of({1}));
  s.raft.step(server(1, 99), append(7, id(1, 1)), s.now);
  EXPECT_EQ(s.status().term, Term(1));
}

TEST(ForeignLeader, answers_are_kept_for_so_many_strangers_and_members_always_have_room) {   // I18
  Lone s(log_of({1}));
  for (std::uint32_t node = 100; node < 1100; ++node) s.say(node, RequestVote{Term(1), id(0, 0), false});
  int answered = 0;
  for (std::uint32_t node = 100; node < 1100; ++node) answered += s.hear<RequestVoteReply>(node).has_value();
  EXPECT_EQ(answered, 128);
  s.say(3, RequestVote{Term(1), id(0, 0), false});
  EXPECT_TRUE(s.hear<RequestVoteReply>(3));
}

// A log whose beginning was compacted away ----------------------------------------------------------------------------

Durable compacted() {
  Durable durable;
  durable.hard_state = {Term(3), std::nullopt, Index(12)};
  durable.base = id(2, 10);
  durable.base_configuration = configuration_of(3);
  durable.entries = {entry_of(Term(3), Index(11)), entry_of(Term(3), Index(12)), entry_of(Term(3), Index(13))};
  return durable;
}

TEST(CompactedLog, a_message_from_before_the_base_is_no_conflict_and_deletes_nothing) {   // catalogue 7
  Lone s(compacted());
  s.say(2, append(4, id(1, 4), {1, 1, 2}));
  s.say(2, append(4, id(2, 8), {2, 2, 3, 3, 3, 4}));
  EXPECT_EQ(s.last(), id(4, 14));
  EXPECT_EQ(s.status().violations, 0u);
  EXPECT_EQ(s.raft.log().term_at(Index(13)), Term(3));
}

TEST(CompactedLog, one_that_contradicts_the_base_is_dropped) {
  Lone s(compacted());
  s.say(2, append(4, id(1, 9), {4, 4, 4, 4, 4}));
  EXPECT_EQ(s.last(), id(3, 13));
  EXPECT_EQ(s.status().violations, 1u);
}

TEST(CompactedLog, what_is_applied_goes_on_above_the_base) {
  Lone s(compacted());
  const auto entries = s.raft.take_committed(1 << 20);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].id, id(3, 11));
}

TEST(CompactedLog, the_configuration_at_the_base_holds_where_the_log_has_none) {
  Lone s(compacted());
  EXPECT_EQ(s.status().configuration->voters(), 3u);
  s.time_out();
  EXPECT_EQ(s.status().role, Role::pre_candidate);
}

}  // namespace
}  // namespace parley::raft::test
