// The follower that installs a snapshot: paper section 7, Figure 13; RELIABILITY.md W16 and W17, catalogue 21, 26 to 28
// and 35.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

void apply_all(Lone& s) {
  for (const Entry& entry : s.raft.take_committed(1 << 20)) s.raft.applied(entry.id.index);
}

Durable log_of(Terms terms) { return log_of_terms(configuration_of(3), terms); }

SnapshotMeta meta_of(EntryId last, ConfigurationPtr configuration = configuration_of(3)) {
  return {last, LogTime{5}, std::move(configuration), Index(1)};
}
InstallSnapshot offer_of(std::uint64_t term, EntryId last) { return {Term(term), meta_of(last)}; }

TEST(FollowerSnapshots, an_offer_is_shown_to_the_shell_and_counts_as_hearing_the_leader) {
  Lone s(log_of({1}));
  s.pass(milliseconds(299));
  s.say(2, offer_of(3, id(2, 9)));
  const auto offer = s.raft.wanted_snapshot();
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->from, server(2));
  EXPECT_EQ(offer->meta, meta_of(id(2, 9)));
  EXPECT_EQ(s.status().leader, NodeId(2));
  EXPECT_EQ(s.status().wanted_snapshot, id(2, 9));
  s.say(2, offer_of(3, id(2, 9)));   // said again, since it may be lost
  s.pass(milliseconds(299));
  EXPECT_EQ(s.status().role, Role::follower);
}

TEST(FollowerSnapshots, the_snapshot_takes_the_place_of_the_log_and_is_acknowledged_once_that_is_durable) {
  Lone s(log_of({1, 1, 1}));
  s.say(2, append(3, id(1, 3), {}, 2));
  s.sync();
  (void)s.hear_all(2);
  s.say(2, offer_of(3, id(2, 9)));
  s.raft.install(meta_of(id(2, 9)), s.now);
  EXPECT_EQ(s.raft.log().base(), id(2, 9));
  EXPECT_EQ(s.last(), id(2, 9));
  EXPECT_EQ(s.status().commit_index, Index(9));
  EXPECT_EQ(s.status().applied_index, Index(9));
  EXPECT_EQ(s.status().wanted_snapshot, std::nullopt);
  for (const Message& said : s.hear_all(2)) {
    if (const auto* reply = std::get_if<AppendEntriesReply>(&said)) {
      EXPECT_LE(reply->match_index, Index(3));
    }
  }
  const auto batch = s.begin_write();
  EXPECT_EQ(batch.reset, meta_of(id(2, 9)));
  EXPECT_EQ(batch.truncate_from, std::nullopt);
  s.end_write(batch);
  EXPECT_EQ(s.status().persisted_index, Index(9));
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->match_index, Index(9));
  s.say(2, append(3, id(2, 9), {3}, 10));
  EXPECT_EQ(s.raft.take_committed(1 << 20).at(0).id, id(3, 10));
}

TEST(FollowerSnapshots, term_and_vote_survive) {
  Lone s(log_of({1}));
  s.say(3, RequestVote{Term(4), id(1, 1), false});
  s.say(2, offer_of(4, id(2, 9)));
  s.raft.install(meta_of(id(2, 9)), s.now);
  s.sync();
  EXPECT_EQ(s.disk.hard_state.current_term, Term(4));
  EXPECT_EQ(s.disk.hard_state.voted_for, server(3));
  Lone again(s.disk);
  EXPECT_EQ(again.raft.log().base(), id(2, 9));
  EXPECT_EQ(again.status().commit_index, Index(9));
}

TEST(FollowerSnapshots, an_old_offer_changes_nothing_and_is_answered_with_what_is_committed) {   // catalogue 26
  Lone s(log_of({1, 1, 1, 1}));
  s.say(2, append(3, id(1, 4), {}, 4));
  s.sync();
  (void)s.hear_all(2);
  s.say(2, offer_of(3, id(1, 2)));
  EXPECT_FALSE(s.raft.wanted_snapshot());
  EXPECT_EQ(s.terms(), (Terms{1, 1, 1, 1}));
  const auto reply = s.hear<AppendEntriesReply>(2);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->success);
  EXPECT_EQ(reply->match_index, Index(4));
}

TEST(FollowerSnapshots, who_is_ahead_of_the_snapshot_keeps_its_log_and_needs_none) {   // catalogue 27
  Lone s(log_of({1, 2, 2, 2}));
  s.say(2, offer_of(3, id(2, 3)));
  EXPECT_FALSE(s.raft.wanted_snapshot());
  EXPECT_EQ(s.terms(), (Terms{1, 2, 2, 2}));
  EXPECT_EQ(s.status().commit_index, Index(3)) << "what a snapshot holds is committed";
  s.sync();
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->match_index, Index(3)) << "of the fourth it is not known";
}

TEST(FollowerSnapshots, a_suffix_of_another_history_goes_with_the_log) {   // Figure 13, catalogue 27
  Lone s(log_of({1, 2, 2, 2, 2}));
  s.say(2, offer_of(4, id(3, 3)));
  s.raft.install(meta_of(id(3, 3)), s.now);
  EXPECT_EQ(s.last(), id(3, 3));
  s.sync();
  EXPECT_EQ(s.disk.base, id(3, 3));
  EXPECT_TRUE(s.disk.entries.empty());
}

TEST(FollowerSnapshots, a_configuration_in_the_suffix_that_goes_holds_no_more) {   // catalogue 21
  Durable durable = log_of({1, 2});
  durable.entries.push_back(entry_of(Term(2), Index(3), configuration_of(4)));
  Lone s(durable);
  ASSERT_EQ(s.status().configuration->voters(), 4u);
  s.say(2, offer_of(4, id(3, 3)));
  s.raft.install(meta_of(id(3, 3), configuration_of(2)), s.now);
  EXPECT_EQ(s.status().configuration->voters(), 2u);
}

TEST(FollowerSnapshots, if_the_log_came_first_it_stays_and_only_the_state_machine_goes_on) {   // catalogue 27
  Lone s(log_of({1}));
  s.say(2, offer_of(3, id(2, 3)));
  ASSERT_TRUE(s.raft.wanted_snapshot());
  s.say(3, append(4, id(1, 1), {2, 2, 4, 4}, 5));   // a leader whose log is longer
  EXPECT_EQ(s.status().wanted_snapshot, std::nullopt) << "no need to fetch any more";
  ASSERT_EQ(s.raft.take_committed(1 << 20).size(), 5u) << "taken, not applied";
  s.raft.install(meta_of(id(2, 3)), s.now);
  EXPECT_EQ(s.terms(), (Terms{1, 2, 2, 4, 4}));
  EXPECT_EQ(s.status().applied_index, Index(3));
  EXPECT_EQ(s.raft.take_committed(1 << 20).at(0).id, id(4, 4)) << "what was taken and not applied comes again";
  const auto batch = s.begin_write();
  EXPECT_EQ(batch.reset, std::nullopt);
  EXPECT_EQ(batch.entries.size(), 4u);
  EXPECT_EQ(s.raft.compact(Index(3)), Index(1)) << "it is not on this disk yet";
  s.end_write(batch);
  EXPECT_EQ(s.raft.compact(Index(3)), Index(3));
}

TEST(FollowerSnapshots, a_newer_offer_replaces_an_older_one_and_a_new_leaders_replaces_any) {
  Lone s(log_of({1}));
  s.say(2, offer_of(3, id(2, 9)));
  s.say(2, offer_of(3, id(2, 12)));
  s.say(2, offer_of(3, id(2, 9)));   // late
  EXPECT_EQ(s.raft.wanted_snapshot()->meta.id, id(2, 12));
  s.say(3, offer_of(4, id(2, 7)));   // the old one may be gone for good
  const auto offer = s.raft.wanted_snapshot();
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->from, server(3));
  EXPECT_EQ(offer->meta.id, id(2, 7));
}

TEST(FollowerSnapshots, an_offer_of_an_earlier_term_is_told_the_term) {   // "Reply immediately if term < currentTerm"
  Lone s(log_of({1}));
  s.say(3, append(4, id(1, 1)));
  s.sync();
  s.say(2, offer_of(3, id(2, 9)));
  EXPECT_FALSE(s.raft.wanted_snapshot());
  EXPECT_EQ(s.hear<AppendEntriesReply>(2)->term, Term(4));
  EXPECT_EQ(s.status().leader, NodeId(3));
}

TEST(FollowerSnapshots, what_no_leader_offers_is_dropped) {
  Lone s(log_of({1, 2}));
  s.say(2, append(3, id(2, 2), {}, 2));
  const Status before = s.status();
  InstallSnapshot nobody = offer_of(3, id(2, 9));
  nobody.meta.configuration = nullptr;
  InstallSnapshot later = offer_of(3, id(4, 9));
  InstallSnapshot beyond = offer_of(3, id(2, 9));
  beyond.meta.configuration_index = Index(10);
  for (const InstallSnapshot& wrong : {nobody, later, beyond, offer_of(3, id(0, 9)), offer_of(3, id(3, 0)),
                                       offer_of(3, id(1, 2))}) {   // the last contradicts what is committed
    s.say(2, wrong);
    EXPECT_FALSE(s.raft.wanted_snapshot());
  }
  EXPECT_EQ(s.status().violations, before.violations + 6);
  EXPECT_EQ(s.terms(), (Terms{1, 2}));
}

TEST(FollowerSnapshots, a_write_under_way_says_nothing_about_the_log_that_begins_anew) {   // catalogue 35
  Lone s(log_of({1}));
  s.say(2, append(2, id(1, 1), {2, 2, 2, 2}));
  const auto first = s.begin_write();
  s.say(3, offer_of(4, id(3, 3)));
  s.raft.install(meta_of(id(3, 3)), s.now);
  s.end_write(first);
  EXPECT_LE(s.status().persisted_index, Index(1));
  EXPECT_FALSE(s.hear<AppendEntriesReply>(3)) << "term 4 is not on disk either";
  s.say(3, append(4, id(3, 3), {4}));
  const auto second = s.begin_write();
  EXPECT_EQ(second.reset->id, id(3, 3));
  EXPECT_EQ(second.entries.size(), 1u);
  s.end_write(second);
  EXPECT_EQ(s.hear<AppendEntriesReply>(3)->match_index, Index(4));
  EXPECT_EQ(s.disk.base, id(3, 3));
  EXPECT_EQ(s.disk.entries.size(), 1u);
}

TEST(FollowerSnapshots, two_in_a_row_leave_the_second) {   // catalogue 28
  Lone s(log_of({1}));
  s.say(2, offer_of(3, id(2, 9)));
  s.raft.install(meta_of(id(2, 9)), s.now);
  const auto first = s.begin_write();
  s.say(2, append(3, id(2, 9), {2, 2}));
  s.say(3, offer_of(4, id(3, 12)));
  s.raft.install(meta_of(id(3, 12)), s.now);
  s.end_write(first);
  EXPECT_EQ(s.status().persisted_index, Index(9)) << "committed, and on disk by the first";
  const auto second = s.begin_write();
  EXPECT_EQ(second.reset->id, id(3, 12));
  s.end_write(second);
  EXPECT_EQ(s.status().persisted_index, Index(12));
  EXPECT_EQ(s.hear<AppendEntriesReply>(3)->match_index, Index(12));
}

TEST(FollowerSnapshots, a_campaign_ends_since_it_named_another_log) {
  Lone s(log_of({1, 2, 2, 2}));
  s.say(2, offer_of(4, id(3, 3)));
  s.time_out();
  ASSERT_EQ(s.status().role, Role::pre_candidate);
  s.raft.install(meta_of(id(3, 3)), s.now);
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.status().term, Term(4));
}

TEST(FollowerSnapshots, a_refusal_that_the_snapshot_made_untrue_is_not_sent) {
  Lone s(log_of({1}));
  s.sync();
  s.say(2, append(1, id(1, 9)));
  s.say(2, offer_of(1, id(1, 9)));
  s.raft.install(meta_of(id(1, 9)), s.now);
  s.sync();
  for (const Message& said : s.hear_all(2)) {
    EXPECT_TRUE(std::get<AppendEntriesReply>(said).success);
  }
}

TEST(FollowerSnapshotsDeathTest, a_snapshot_never_takes_the_state_machine_back) {   // W16
  Lone s(log_of({1, 1, 1}));
  s.say(2, append(1, id(1, 3), {}, 3));
  apply_all(s);
  EXPECT_DEATH(s.raft.install(meta_of(id(1, 2)), s.now), "never takes the state machine back");
}

TEST(FollowerSnapshotsDeathTest, a_snapshot_of_another_history_than_the_committed_one_stops_the_server) {
  Lone s(log_of({1, 1, 1}));
  s.say(2, append(1, id(1, 3), {}, 3));
  EXPECT_DEATH(s.raft.install(meta_of(id(2, 2)), s.now), "contradicts what is committed");
}

}  // namespace
}  // namespace parley::raft::test
