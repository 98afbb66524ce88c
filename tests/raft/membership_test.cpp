// Changes of the configuration, one server at a time: dissertation chapter 4.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Configuration of(std::vector<Member> members) { return Configuration{std::move(members)}; }

Lone leader_of(Durable durable, const std::vector<std::uint32_t>& voters) {
  Lone s(std::move(durable));
  s.lead(voters);
  for (const std::uint32_t node : voters) s.acknowledge(node, s.last().index);
  return s;
}

TEST(OneVoterApart, any_two_majorities_share_a_server_4_1) {
  const auto apart = [](std::vector<Member> one, std::vector<Member> other) {
    return one_voter_apart(of(std::move(one)), of(std::move(other)));
  };
  EXPECT_TRUE(apart({voter(1)}, {voter(1)}));
  EXPECT_TRUE(apart({voter(1)}, {voter(1), voter(2)}));
  EXPECT_TRUE(apart({voter(1), voter(2)}, {voter(2)}));
  EXPECT_TRUE(apart({voter(1), voter(2)}, {voter(1), learner(2), learner(3)}));
  EXPECT_FALSE(apart({voter(1)}, {voter(2)}));
  EXPECT_FALSE(apart({voter(1)}, {voter(1), voter(2), voter(3)}));
  EXPECT_FALSE(apart({voter(1), voter(2)}, {voter(1), {server(2, 9), true, {}, {}}}));   // R4: one leaves, one joins
}

TEST(Membership, a_change_holds_as_soon_as_it_is_in_the_log_4_1) {
  Lone s = leader_of(born_with(configuration_of(2, 1)), {2});
  const auto entry = s.raft.propose_configuration(of({voter(1), voter(2), voter(3)}), s.now);
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(s.status().configuration->voters(), 3u);
  s.sync();
  s.acknowledge(3, entry->index);   // a majority of the new one
  EXPECT_EQ(s.status().commit_index, entry->index);
}

TEST(Membership, a_new_member_receives_the_log_at_once) {
  Lone s = leader_of(born_with(configuration_of(2)), {2});
  EXPECT_TRUE(s.hear_all(3).empty());
  ASSERT_TRUE(s.raft.propose_configuration(of({learner(3), voter(2), voter(1)}), s.now).ok()) << "sorted by itself";
  EXPECT_TRUE(s.hear<AppendEntries>(3));
}

TEST(Membership, a_removed_member_receives_nothing_more) {
  Lone s = leader_of(born_with(configuration_of(3)), {2});
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2)}), s.now).ok());
  EXPECT_TRUE(s.hear_all(3).empty());
  EXPECT_EQ(s.status().peers.size(), 1u);
}

TEST(Membership, only_one_change_at_a_time_4_1) {
  Lone s = leader_of(born_with(configuration_of(3)), {2});
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), voter(3), voter(4)}), s.now).ok());
  EXPECT_EQ(s.raft.propose_configuration(of({voter(1), voter(2), voter(4)}), s.now).error(), Refusal::busy);
  s.sync();
  s.acknowledge(2, s.last().index), s.acknowledge(3, s.last().index);
  EXPECT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), voter(3)}), s.now).ok());
}

// docs/decisions/0022.
TEST(Membership, what_is_not_committed_may_be_taken_back_and_nothing_else_may_follow_it) {
  Lone s = leader_of(born_with(configuration_of(3)), {2});
  const Configuration before = *s.status().configuration;
  EXPECT_FALSE(s.status().returnable);
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), learner(3)}), s.now).ok());
  ASSERT_TRUE(s.status().returnable);
  EXPECT_EQ(*s.status().returnable, before);
  EXPECT_EQ(s.raft.propose_configuration(of({voter(1), learner(2), learner(3)}), s.now).error(), Refusal::busy);
  const auto back = s.raft.propose_configuration(before, s.now);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(s.status().configuration->voters(), 3u);
  EXPECT_FALSE(s.status().returnable) << "taken back once, and not again";
  EXPECT_EQ(s.raft.propose_configuration(of({voter(1), voter(2), learner(3)}), s.now).error(), Refusal::busy);

  s.sync();
  s.acknowledge(3, back->index);   // a majority of the three, to whom its vote belongs again
  EXPECT_EQ(s.status().commit_index, back->index);
  EXPECT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), learner(3)}), s.now).ok());
}

TEST(Membership, a_leader_that_ends_gives_up_its_own_change_and_what_follows_it) {
  Lone s = leader_of(born_with(configuration_of(3)), {2});
  const EntryId before = s.raft.log().last_id();
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), learner(3)}), s.now).ok());
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.sync();
  RequestVote request;
  request.term = Term(9);
  request.last_log = before;
  s.now.steady += 10 * s.options.election_timeout;
  s.raft.step(server(3), request, s.now);
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.last(), before);
  EXPECT_EQ(s.status().configuration->voters(), 3u);
  s.sync();
  const auto reply = s.hear<RequestVoteReply>(3);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->vote_granted) << "its log is as good as this one's again";
}

TEST(Membership, a_leader_that_ends_keeps_what_it_took_back_and_what_is_not_its_own) {
  Lone s = leader_of(born_with(configuration_of(3)), {2});
  const Configuration before = *s.status().configuration;
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), learner(3)}), s.now).ok());
  const auto back = s.raft.propose_configuration(before, s.now);
  ASSERT_TRUE(back.ok());
  s.sync();
  AppendEntriesReply later;
  later.term = Term(9);
  s.raft.step(server(2), later, s.now);
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.last(), *back);
}

// Of a change that another leader began, a later one may be under way elsewhere: two voters from the one before both.
TEST(Membership, a_change_of_another_leader_is_not_taken_back) {
  Durable durable = born_with(configuration_of(3));
  durable.entries.push_back(entry_of(Term(2), Index(2), configuration_of({voter(1), voter(2), learner(3)})));
  durable.hard_state = {Term(2), std::nullopt, Index(1)};
  Lone s(std::move(durable));
  s.lead({2});
  EXPECT_FALSE(s.status().returnable);
  EXPECT_EQ(s.raft.propose_configuration(*configuration_of(3), s.now).error(), Refusal::busy);
}

TEST(Membership, until_a_change_is_committed_it_is_kept_from_the_server_whose_vote_it_takes) {
  Lone s = leader_of(born_with(configuration_of(3)), {2, 3});
  const Index before = s.last().index;
  s.hear_all(2), s.hear_all(3);
  const auto change = s.raft.propose_configuration(of({voter(1), voter(2), learner(3)}), s.now);
  ASSERT_TRUE(change.ok());
  s.sync();
  const auto told = s.hear<AppendEntries>(2);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->entries.back().id, *change);
  for (const auto& message : s.hear_all(3)) {
    const auto* append = std::get_if<AppendEntries>(&message);
    ASSERT_NE(append, nullptr);
    EXPECT_TRUE(append->entries.empty());
    EXPECT_LE(append->prev_log.index, before);
  }
  s.acknowledge(2, change->index);
  ASSERT_EQ(s.status().commit_index, change->index);
  const auto later = s.hear<AppendEntries>(3);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->entries.back().id, *change) << "a learner like any other";
  EXPECT_EQ(later->leader_commit, change->index);
}

TEST(Membership, that_a_vote_is_taken_back_is_kept_from_whom_it_was_given_to_until_that_is_committed) {
  Lone s = leader_of(born_with(configuration_of(2, 1)), {2});
  const Configuration before = *s.status().configuration;
  const auto given = s.raft.propose_configuration(of({voter(1), voter(2), voter(3)}), s.now);
  ASSERT_TRUE(given.ok());
  const auto back = s.raft.propose_configuration(before, s.now);
  ASSERT_TRUE(back.ok());
  s.sync();
  const auto told = s.hear<AppendEntries>(2);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->entries.back().id, *back);
  const auto kept = s.hear<AppendEntries>(3);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->entries.back().id, *given);
  s.acknowledge(3, given->index);
  const auto more = s.hear<AppendEntries>(3);
  EXPECT_TRUE(!more || more->entries.empty());
  s.acknowledge(2, back->index);
  ASSERT_EQ(s.status().commit_index, back->index);
  const auto later = s.hear<AppendEntries>(3);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->entries.back().id, *back);
}

TEST(Membership, a_new_leader_changes_nothing_before_an_entry_of_its_term_is_committed) {   // catalogue 20
  Lone s(born_with(configuration_of(3)));
  s.lead({2});
  EXPECT_EQ(s.raft.propose_configuration(of({voter(1), voter(2)}), s.now).error(), Refusal::busy);
  s.acknowledge(2, s.last().index);
  EXPECT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2)}), s.now).ok());
}

TEST(Membership, what_is_no_single_change_or_no_configuration_is_refused) {
  Lone s = leader_of(born_with(configuration_of(3)), {2});
  const auto refused = [&](std::vector<Member> members) {
    const auto result = s.raft.propose_configuration(of(std::move(members)), s.now);
    return !result.ok() && result.error() == Refusal::invalid;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({learner(1), learner(2), learner(3)}));
  EXPECT_TRUE(refused({voter(1)}));
  EXPECT_TRUE(refused({voter(1), voter(2), voter(3), voter(3)}));
  std::vector<Member> many{voter(1), voter(2), voter(3)};
  for (std::uint32_t node = 4; node <= members_max + 1; ++node) many.push_back(learner(node));
  EXPECT_TRUE(refused(many));
  Lone follower(born_with(configuration_of(3)));
  EXPECT_EQ(follower.raft.propose_configuration(of({voter(1)}), follower.now).error(), Refusal::not_leader);
}

TEST(Membership, a_smaller_majority_may_hold_the_change_already_and_commits_what_waits) {
  Lone s = leader_of(born_with(configuration_of(2)), {2});   // 2 died
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.sync();
  EXPECT_EQ(s.status().commit_index, Index(2));
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), learner(2)}), s.now).ok());
  EXPECT_EQ(s.status().commit_index, Index(3)) << "the command, by the new configuration";
  s.sync();
  EXPECT_EQ(s.status().commit_index, Index(4));
}

TEST(Membership, a_configuration_is_rolled_back_when_its_entry_is_truncated_4_1) {   // catalogue 21
  Lone s(born_with(configuration_of(3)));
  AppendEntries message = append(2, id(1, 1), {2, 2});
  message.entries[1].content = configuration_of(4);
  s.say(2, message);
  EXPECT_EQ(s.status().configuration->voters(), 4u);
  s.sync();
  s.say(3, append(3, id(2, 2), {3}));
  EXPECT_EQ(s.status().configuration->voters(), 3u);
  s.sync();
  EXPECT_EQ(Lone(s.disk).status().configuration->voters(), 3u);
}

TEST(Membership, a_leader_that_removed_itself_leads_without_counting_itself_until_that_is_committed_4_2_2) {
  Lone s = leader_of(born_with(configuration_of(3)), {2, 3});
  const auto entry = s.raft.propose_configuration(of({voter(2), voter(3)}), s.now);
  ASSERT_TRUE(entry.ok());
  s.sync();
  s.acknowledge(2, entry->index);
  EXPECT_EQ(s.status().role, Role::leader);
  EXPECT_LT(s.status().commit_index, entry->index) << "one of two is no majority";
  s.acknowledge(3, entry->index);
  EXPECT_EQ(s.status().commit_index, entry->index);
  EXPECT_EQ(s.status().role, Role::follower);
  EXPECT_EQ(s.raft.deadline(), never) << "and never campaigns again";
}

TEST(Membership, another_incarnation_of_a_node_begins_with_nothing_acknowledged) {   // R4, catalogue 36
  Lone s = leader_of(born_with(configuration_of(2, 1)), {2});
  s.acknowledge(3, Index(2));
  const Member reborn{server(3, 99), false, {}, {}};
  ASSERT_TRUE(s.raft.propose_configuration(of({voter(1), voter(2), reborn}), s.now).ok());
  for (const PeerStatus& peer : s.status().peers) {
    EXPECT_EQ(peer.match_index, peer.id == reborn.id ? Index(0) : Index(2));
  }
}

TEST(Membership, a_change_of_addresses_alone_is_a_change_like_any_other) {   // R6
  Lone s = leader_of(born_with(configuration_of(2)), {2});
  Configuration moved = *s.status().configuration;
  moved.members[1].peer_address = "elsewhere:7000";
  const auto entry = s.raft.propose_configuration(moved, s.now);
  ASSERT_TRUE(entry.ok());
  s.sync();
  s.acknowledge(2, entry->index);
  EXPECT_EQ(s.status().peers[0].match_index, entry->index) << "its Progress goes on";
}

TEST(Membership, configurations_in_a_log_found_at_start_hold) {
  Durable disk = born_with(configuration_of(1));
  disk.entries.push_back(entry_of(Term(1), Index(2), configuration_of(2)));
  disk.entries.push_back(entry_of(Term(1), Index(3), command("x")));
  Lone s(disk);
  EXPECT_EQ(s.status().configuration->voters(), 2u);
  EXPECT_EQ(s.raft.log().configuration_index(), Index(2));
  EXPECT_EQ(s.raft.log().configuration_at(Index(1))->voters(), 1u);
}

}  // namespace
}  // namespace parley::raft::test
