// What a server remembers of what others have told it of their terms and votes: DESIGN.md R4, decision 0028.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

Durable newborn(std::uint32_t voters = 3) { return born_with(configuration_of(voters)); }

TermAndVote in_term(std::uint64_t term) { return {Term(term), std::nullopt}; }
TermAndVote voted(std::uint64_t term, std::uint32_t node) { return {Term(term), server(node)}; }

TEST(TermsAndVotes, terms_never_fall_and_in_each_there_is_one_vote) {
  EXPECT_TRUE(may_follow(in_term(3), in_term(3)));
  EXPECT_TRUE(may_follow(voted(3, 1), in_term(3)));
  EXPECT_TRUE(may_follow(in_term(4), voted(3, 1)));
  EXPECT_FALSE(may_follow(in_term(3), voted(3, 1)));
  EXPECT_FALSE(may_follow(voted(3, 2), voted(3, 1)));
  EXPECT_FALSE(may_follow(voted(3, 1), in_term(4)));
}

TEST(WhatWasSpoken, an_answer_tells_its_senders_term) {
  Lone s(newborn());
  EXPECT_EQ(s.raft.spoken(server(2)), TermAndVote{});
  s.say(2, AppendEntriesReply{Term(5), false, 0, {}, {}, {}, {}, {}});
  EXPECT_EQ(s.raft.spoken(server(2)), in_term(5));
  s.say(2, RequestVoteReply{Term(4), false, false, {}});   // an old one
  EXPECT_EQ(s.raft.spoken(server(2)), in_term(5));
  EXPECT_EQ(s.raft.spoken(server(3)), TermAndVote{});
}

TEST(WhatWasSpoken, a_vote_that_was_granted_here_is_known_and_a_pre_vote_is_none) {
  Lone s(newborn());
  s.say(2, RequestVoteReply{Term(5), true, true, {}});   // the term that was asked for, not its own
  EXPECT_EQ(s.raft.spoken(server(2)), TermAndVote{});
  s.say(2, RequestVoteReply{Term(5), false, true, {}});
  EXPECT_EQ(s.raft.spoken(server(2)), voted(5, 1));
  s.say(2, AppendEntriesReply{Term(5), false, 0, {}, {}, {}, {}, {}});   // says less, and takes nothing back
  EXPECT_EQ(s.raft.spoken(server(2)), voted(5, 1));
}

TEST(WhatWasSpoken, who_asks_for_votes_or_leads_has_voted_for_itself) {
  Lone s(newborn());
  s.say(2, RequestVote{Term(7), id(1, 1), true});   // in which it would campaign
  EXPECT_EQ(s.raft.spoken(server(2)), in_term(6));
  s.say(2, RequestVote{Term(7), id(1, 1), false});
  EXPECT_EQ(s.raft.spoken(server(2)), voted(7, 2));
  s.say(3, append(8, id(1, 1)));
  EXPECT_EQ(s.raft.spoken(server(3)), voted(8, 3));
}

TEST(WhatWasSpoken, a_vote_given_here_tells_what_it_was_asked_for_after_a_restart_too) {
  Lone s(newborn());
  s.say(2, RequestVote{Term(7), id(1, 1), false});
  s.sync();
  ASSERT_EQ(s.raft.hard_state().voted_for, server(2));
  Lone again(s.disk);
  EXPECT_EQ(again.raft.spoken(server(2)), voted(7, 2));
  EXPECT_EQ(again.raft.spoken(server(3)), TermAndVote{});
  again.say(3, append(8, id(1, 1)));   // another term: its vote of then is not known any more
  EXPECT_EQ(again.raft.spoken(server(2)), TermAndVote{});
}

TEST(WhatWasSpoken, only_members_are_remembered_and_no_absurd_terms) {
  Lone s(newborn());
  s.say(9, append(5, id(1, 1)));
  EXPECT_EQ(s.raft.spoken(server(9)), TermAndVote{});
  s.say(2, append(~std::uint64_t{0}, id(1, 1)));
  EXPECT_EQ(s.raft.spoken(server(2)), TermAndVote{});
  s.raft.step(ServerId{NodeId(2), Incarnation(77)}, append(5, id(1, 1)), s.now);   // another data directory of it
  EXPECT_EQ(s.raft.spoken(server(2)), TermAndVote{});
}

}  // namespace
}  // namespace parley::raft::test
