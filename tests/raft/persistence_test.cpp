// What goes to the disk and when it counts; DESIGN.md "hands out no promise that is not yet durable".
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable log_of(Terms terms) { return log_of_terms(configuration_of(3), terms); }

TEST(Persist, nothing_to_write_gives_an_empty_batch) {
  Lone s(log_of({1}));
  EXPECT_TRUE(s.begin_write().empty());
}

TEST(Persist, one_batch_is_under_way_at_a_time_and_the_next_gathers_meanwhile) {
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1), {1}));
  const auto first = s.begin_write();
  EXPECT_EQ(first.entries.size(), 1u);
  s.say(2, append(1, id(1, 2), {1}));
  s.say(2, append(1, id(1, 3), {1}));
  EXPECT_TRUE(s.begin_write().empty());
  s.end_write(first);
  const auto second = s.begin_write();
  EXPECT_EQ(second.entries.size(), 2u);
  EXPECT_EQ(second.number, first.number + 1);
}

TEST(Persist, a_batch_is_bounded_in_bytes_but_takes_one_large_entry) {
  Options options;
  options.persist_bytes_max = 1000;
  Lone s(log_of({1}), 1, options);
  AppendEntries message = append(1, id(1, 1), {1, 1, 1, 1});
  message.entries[0].content = command(std::string(5000, 'x'));
  s.say(2, message);
  const auto first = s.begin_write();
  EXPECT_EQ(first.entries.size(), 1u);
  s.end_write(first);
  EXPECT_EQ(s.begin_write().entries.size(), 3u);
}

TEST(Persist, an_advanced_commit_index_alone_is_no_reason_to_write_but_goes_with_the_next_batch) {
  Lone s(log_of({1}));
  s.say(2, append(1, id(1, 1), {1}));
  s.sync();
  s.say(2, append(1, id(1, 2), {}, 2));
  ASSERT_EQ(s.status().commit_index, Index(2));
  EXPECT_TRUE(s.begin_write().empty());
  s.say(2, append(1, id(1, 2), {1}));
  EXPECT_EQ(s.begin_write().hard_state->commit_index, Index(2));
}

TEST(Persist, the_commit_index_on_disk_is_never_beyond_the_log_on_disk) {   // catalogue 6
  Options options;
  options.persist_bytes_max = 1;
  Lone s(log_of({1}), 1, options);
  s.say(2, append(1, id(1, 1), {1, 1, 1}, 4));
  ASSERT_EQ(s.status().commit_index, Index(4));
  const auto batch = s.begin_write();
  ASSERT_EQ(batch.entries.size(), 1u);
  EXPECT_LE(batch.hard_state->commit_index, Index(2));
}

TEST(Persist, a_truncation_reaches_the_disk_before_the_entries_that_replace_it) {   // catalogue 38
  Lone s(log_of({1, 2, 2, 2}));
  s.say(2, append(3, id(2, 2), {3}));
  const auto batch = s.begin_write();
  EXPECT_EQ(batch.truncate_from, Index(3));
  ASSERT_EQ(batch.entries.size(), 1u);
  EXPECT_EQ(batch.entries[0].id, id(3, 3));
  EXPECT_EQ(batch.hard_state->current_term, Term(3));
}

// The ABA of asynchronous log writes: etcd-io/raft testdata/async_storage_writes_append_aba_race.txt. The entry under
// way is overwritten, and overwritten again by one with the same index and term as the first.
TEST(Persist, a_write_that_was_overtaken_says_nothing_about_what_stands_there_now) {   // catalogue 35
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1), {2, 2}));
  const auto first = s.begin_write();                 // 2.2 and 2.3 are under way
  s.say(3, append(3, id(1, 1), {3}));                 // overwritten in memory
  s.say(2, append(4, id(1, 1), {2, 2, 4}));           // and there they are again
  ASSERT_EQ(s.terms(), (Terms{1, 2, 2, 4}));
  s.end_write(first);
  EXPECT_EQ(s.status().persisted_index, Index(1));
  EXPECT_TRUE(s.hear_all(2).empty());
  const auto second = s.begin_write();
  EXPECT_EQ(second.truncate_from, Index(2));
  s.end_write(second);
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->match_index, Index(4));
  EXPECT_EQ(Lone(s.disk).terms(), (Terms{1, 2, 2, 4}));
}

TEST(Persist, a_truncation_of_part_of_the_batch_under_way_leaves_the_rest_of_it_durable) {
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1), {2, 2, 2}));
  const auto first = s.begin_write();
  s.say(3, append(3, id(2, 2), {3}));
  s.end_write(first);
  EXPECT_EQ(s.status().persisted_index, Index(2));
  const auto second = s.begin_write();
  EXPECT_EQ(second.truncate_from, Index(3));
  EXPECT_EQ(second.entries.size(), 1u);
}

TEST(Persist, a_log_cut_shorter_than_the_disk_is_cut_there_too) {
  Lone s(log_of({1, 2, 2, 2}));
  s.say(2, append(3, id(1, 1), {3}));
  s.sync();
  EXPECT_EQ(Lone(s.disk).terms(), (Terms{1, 3}));
}

TEST(Persist, a_new_term_while_the_old_one_is_being_written_is_silent_until_it_is_durable_itself) {
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1)));
  const auto first = s.begin_write();
  s.say(3, append(3, id(1, 1)));
  s.end_write(first);
  EXPECT_TRUE(s.hear_all(3).empty());
  s.sync();
  EXPECT_TRUE(s.hear<AppendEntriesReply>(3)->success);
}

TEST(Persist, a_sole_voter_commits_what_its_disk_has_and_nothing_else) {   // catalogue 3 (etcd#14370)
  Lone s(log_of_terms(configuration_of(1), {1}));
  s.lead({});
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  EXPECT_EQ(s.status().commit_index, Index(2));
  const auto batch = s.begin_write();
  EXPECT_EQ(s.status().commit_index, Index(2));
  s.end_write(batch);
  EXPECT_EQ(s.status().commit_index, Index(3));
}

TEST(Persist, everything_said_holds_after_a_restart) {   // catalogue 2
  Lone s(log_of({1}));
  s.say(2, append(4, id(1, 1), {4, 4}, 2));
  s.sync();
  Lone again(s.disk);
  EXPECT_EQ(again.status().term, Term(4));
  EXPECT_EQ(again.terms(), (Terms{1, 4, 4}));
  EXPECT_EQ(again.status().persisted_index, Index(3));
  EXPECT_EQ(again.status().commit_index, Index(2));
}

TEST(Persist, the_first_configuration_is_committed_from_the_start_if_the_hard_state_says_so) {   // R3
  Lone s(log_of({1}));
  EXPECT_EQ(s.status().commit_index, Index(1));
  EXPECT_EQ(s.raft.take_committed(1 << 20).size(), 1u);
  Durable unsaid = log_of({1});
  unsaid.hard_state = HardState{};
  Lone t(unsaid);
  EXPECT_EQ(t.status().commit_index, Index(0));
  EXPECT_EQ(t.status().term, Term(1)) << "nobody is ever elected in the founders' term";
}

TEST(PersistDeathTest, a_log_that_ends_below_its_commit_index_is_not_used) {   // W5, catalogue 37
  Durable lost = log_of({1});
  lost.hard_state.commit_index = Index(5);
  EXPECT_DEATH(Lone{lost}, "lost committed entries");
}

TEST(PersistDeathTest, only_the_batch_under_way_can_become_durable) {
  Lone s(log_of({1}));
  EXPECT_DEATH(s.raft.persisted(1, s.now), "under way");
}

TEST(Backlog, a_state_machine_that_does_not_follow_slows_its_writers_down) {   // I18
  Options options;
  options.unapplied_entries_max = 10;
  Lone s(log_of({1}), 1, options);
  s.lead({2});
  int taken = 0;
  while (taken < 1000 && s.raft.propose(command("x"), s.now).ok()) {
    ++taken;
    s.sync();
    s.acknowledge(2, s.last().index);
  }
  EXPECT_EQ(taken, 8) << "ten in all, with the one before and the no-op";
  EXPECT_EQ(s.status().commit_index, s.last().index);
  EXPECT_EQ(s.raft.propose(command("x"), s.now).error(), Refusal::busy);
  s.raft.applied(s.last().index);
  EXPECT_TRUE(s.raft.propose(command("x"), s.now).ok());
}

}  // namespace
}  // namespace parley::raft::test
