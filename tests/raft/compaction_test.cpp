// Compaction, and the leader that offers snapshots: paper section 7, dissertation chapter 5; RELIABILITY.md W15,
// catalogue 21, 22 and 28.
#include <gtest/gtest.h>

#include "raft/lone.hpp"

namespace parley::raft::test {
namespace {

void apply_all(Lone& s) {
  for (const Entry& entry : s.raft.take_committed(1 << 20)) s.raft.applied(entry.id.index);
}

// Server 1 leads term 2 of three. The log is 1.1, 2.2 and `commands` more; server 2 has all of it, server 3 is silent.
Lone leader_with(int commands) {
  Lone s(log_of_terms(configuration_of(3), {1}));
  s.lead({2, 3});
  for (int i = 0; i < commands; ++i) EXPECT_TRUE(s.raft.propose(command(std::to_string(i)), s.now).ok());
  s.sync();
  s.acknowledge(2, s.last().index);
  s.acknowledge(2, s.last().index);
  apply_all(s);
  EXPECT_EQ(s.status().applied_index, s.last().index);
  return s;
}

PeerStatus peer_of(const Lone& s, std::uint32_t node) {
  for (const PeerStatus& peer : s.status().peers) {
    if (peer.id.node == NodeId(node)) return peer;
  }
  return {};
}

// Server `node`, whose log ends at `last`, refuses what stands on `rejected`.
void refuse(Lone& s, std::uint32_t node, Index rejected, Index last) {
  AppendEntriesReply reply;
  reply.term = s.status().term;
  reply.rejected_prev = rejected;
  reply.conflict_index = last.next();
  s.say(node, reply);
}

// The same leader, its log compacted up to its last entry, and server 3 in need of a snapshot.
Lone leader_whose_peer_lacks_the_base(int commands) {
  Lone s = leader_with(commands);
  EXPECT_EQ(s.raft.compact(s.last().index), s.last().index);
  (void)s.hear_all(3);
  refuse(s, 3, s.last().index, Index(1));
  EXPECT_TRUE(peer_of(s, 3).needs_snapshot);
  return s;
}

// -- compaction -----------------------------------------------------------------------------------------------------

TEST(Compaction, what_is_applied_goes_and_the_base_stands_for_it) {   // paper 7, Figure 12
  Lone s = leader_with(3);
  const LogTime time = s.raft.log().at(Index(4)).time;
  EXPECT_EQ(s.raft.compact(Index(4)), Index(4));
  EXPECT_EQ(s.raft.log().base(), id(2, 4));
  EXPECT_EQ(s.raft.log().base_time(), time);
  EXPECT_EQ(s.last(), id(2, 5));
  EXPECT_EQ(s.status().base_index, Index(4));
  EXPECT_EQ(s.status().configuration->voters(), 3u) << "the configuration was among what went";
  EXPECT_EQ(s.raft.log().configuration_index(), Index(1));
  EXPECT_TRUE(s.raft.propose(command("on"), s.now).ok());
}

TEST(Compaction, nothing_goes_that_is_not_applied) {   // catalogue 28
  Lone s = leader_with(1);
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.sync();
  s.acknowledge(2, s.last().index);
  ASSERT_EQ(s.status().commit_index, Index(4));
  EXPECT_EQ(s.raft.compact(Index(100)), Index(3));
  EXPECT_EQ(s.raft.take_committed(1 << 20).at(0).id, id(2, 4));
}

TEST(Compaction, nothing_goes_that_is_not_on_this_disk) {
  Lone s(log_of_terms(configuration_of(3), {1}));
  s.say(2, append(2, id(1, 1), {2, 2}, 3));
  apply_all(s);
  ASSERT_EQ(s.status().applied_index, Index(3)) << "committed by the disks of the others";
  EXPECT_EQ(s.raft.compact(Index(3)), Index(1));
  s.sync();
  EXPECT_EQ(s.raft.compact(Index(3)), Index(3));
}

TEST(Compaction, the_base_never_goes_back) {
  Lone s = leader_with(3);
  EXPECT_EQ(s.raft.compact(Index(4)), Index(4));
  EXPECT_EQ(s.raft.compact(Index(2)), Index(4));
}

TEST(Compaction, an_uncommitted_configuration_is_in_no_snapshot) {   // catalogue 22
  Lone s = leader_with(0);
  ASSERT_TRUE(s.raft.propose_configuration(*configuration_of(4), s.now).ok());
  ASSERT_EQ(s.status().configuration->voters(), 4u);
  const auto meta = s.raft.snapshot_meta(s.status().applied_index);
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->configuration->voters(), 3u);
  EXPECT_EQ(meta->configuration_index, Index(1));
  EXPECT_EQ(s.raft.snapshot_meta(s.last().index), std::nullopt) << "it is not committed";
}

TEST(Compaction, a_truncation_falls_back_to_the_configuration_of_the_base) {   // catalogue 21
  Lone s = leader_with(1);
  ASSERT_EQ(s.raft.compact(Index(3)), Index(3));
  ASSERT_TRUE(s.raft.propose_configuration(*configuration_of(4), s.now).ok());
  s.sync();
  s.say(2, append(3, id(2, 3), {3}));
  EXPECT_EQ(s.status().configuration->voters(), 3u);
}

TEST(Compaction, entries_under_way_to_a_peer_go_on_if_they_arrive) {
  Lone s = leader_with(0);
  s.acknowledge(3, Index(2));
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.sync();
  s.acknowledge(2, Index(3));
  ASSERT_EQ(s.hear<AppendEntries>(3)->entries.size(), 1u);
  apply_all(s);
  ASSERT_EQ(s.raft.compact(Index(3)), Index(3));
  s.acknowledge(3, Index(3));
  EXPECT_TRUE(peer_of(s, 3).replicating);
  EXPECT_FALSE(peer_of(s, 3).needs_snapshot);
}

// -- the leader -----------------------------------------------------------------------------------------------------

TEST(LeaderSnapshots, a_peer_below_the_base_gets_heartbeats_on_the_base_and_no_entries) {   // dissertation 5.1
  Lone s = leader_whose_peer_lacks_the_base(3);
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  EXPECT_TRUE(s.hear_all(3).empty());
  s.time_out();
  const auto heartbeat = s.hear<AppendEntries>(3);
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->prev_log, id(2, 5));
  EXPECT_TRUE(heartbeat->entries.empty());
  EXPECT_EQ(peer_of(s, 3).snapshot_offered, Index(0));
}

TEST(LeaderSnapshots, a_new_server_without_a_log_needs_one) {
  Lone s = leader_with(3);
  s.raft.compact(Index(5));
  ASSERT_TRUE(s.raft.propose_configuration(*configuration_of(3, 1), s.now).ok());
  EXPECT_EQ(s.hear<AppendEntries>(4)->prev_log.index, Index(6));
  refuse(s, 4, Index(6), Index(0));
  EXPECT_TRUE(peer_of(s, 4).needs_snapshot);
}

TEST(LeaderSnapshots, the_copy_is_offered_once_it_is_there_and_again_whenever_a_heartbeat_is_refused) {
  Lone s = leader_whose_peer_lacks_the_base(3);
  const SnapshotMeta meta = *s.raft.snapshot_meta(Index(5));
  ASSERT_TRUE(s.raft.offer_snapshot(NodeId(3), meta));
  const auto offered = s.hear<InstallSnapshot>(3);
  ASSERT_TRUE(offered);
  EXPECT_EQ(offered->meta, meta);
  EXPECT_EQ(offered->term, Term(2));
  EXPECT_FALSE(s.hear<InstallSnapshot>(3)) << "once is enough, if it arrives";
  s.time_out();
  ASSERT_TRUE(s.hear<AppendEntries>(3));
  refuse(s, 3, Index(5), Index(1));
  EXPECT_TRUE(s.hear<InstallSnapshot>(3)) << "it still lacks the base: the offer may be lost";
  s.raft.unreachable(NodeId(3), s.now);
  s.raft.reachable(NodeId(3), s.now);
  EXPECT_TRUE(s.hear<InstallSnapshot>(3));
}

TEST(LeaderSnapshots, who_has_installed_it_goes_on_with_the_entries_above) {
  Lone s = leader_whose_peer_lacks_the_base(3);
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  ASSERT_TRUE(s.raft.offer_snapshot(NodeId(3), *s.raft.snapshot_meta(Index(5))));
  s.acknowledge(3, Index(5));
  EXPECT_TRUE(peer_of(s, 3).replicating);
  EXPECT_EQ(peer_of(s, 3).snapshot_offered, Index(0));
  const auto next = s.hear<AppendEntries>(3);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->prev_log, id(2, 5));
  EXPECT_EQ(next->entries.size(), 1u);
}

TEST(LeaderSnapshots, who_has_the_base_from_elsewhere_needs_none) {
  Lone s = leader_whose_peer_lacks_the_base(3);
  s.time_out();
  s.acknowledge(3, Index(5));   // it accepted the heartbeat
  EXPECT_FALSE(peer_of(s, 3).needs_snapshot);
  EXPECT_FALSE(s.raft.offer_snapshot(NodeId(3), *s.raft.snapshot_meta(Index(5))));
}

TEST(LeaderSnapshots, an_offer_ends_when_the_log_no_longer_goes_on_from_it) {
  Lone s = leader_whose_peer_lacks_the_base(3);
  const SnapshotMeta old = *s.raft.snapshot_meta(Index(5));
  ASSERT_TRUE(s.raft.offer_snapshot(NodeId(3), old));
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.sync();
  s.acknowledge(2, Index(6));
  apply_all(s);
  ASSERT_EQ(s.raft.compact(Index(6)), Index(6));
  EXPECT_EQ(peer_of(s, 3).snapshot_offered, Index(0));
  EXPECT_FALSE(s.hear<InstallSnapshot>(3));
  EXPECT_FALSE(s.raft.offer_snapshot(NodeId(3), old));
  EXPECT_TRUE(s.raft.offer_snapshot(NodeId(3), *s.raft.snapshot_meta(Index(6))));
}

TEST(LeaderSnapshots, who_installed_one_that_the_log_has_left_behind_needs_another) {   // catalogue 28, two in a row
  Lone s = leader_whose_peer_lacks_the_base(3);
  ASSERT_TRUE(s.raft.offer_snapshot(NodeId(3), *s.raft.snapshot_meta(Index(5))));
  ASSERT_TRUE(s.raft.propose(command("x"), s.now).ok());
  s.sync();
  s.acknowledge(2, Index(6));
  apply_all(s);
  ASSERT_EQ(s.raft.compact(Index(6)), Index(6));
  s.acknowledge(3, Index(5));
  EXPECT_EQ(peer_of(s, 3).match_index, Index(5));
  EXPECT_TRUE(peer_of(s, 3).needs_snapshot);
}

TEST(LeaderSnapshots, only_a_leader_offers_and_only_what_is_applied_and_needed) {
  Lone s = leader_whose_peer_lacks_the_base(3);
  SnapshotMeta future = *s.raft.snapshot_meta(Index(5));
  future.id.index = Index(6);
  EXPECT_FALSE(s.raft.offer_snapshot(NodeId(3), future));
  EXPECT_FALSE(s.raft.offer_snapshot(NodeId(2), *s.raft.snapshot_meta(Index(5)))) << "it has everything";
  EXPECT_FALSE(s.raft.offer_snapshot(NodeId(9), *s.raft.snapshot_meta(Index(5)))) << "no member";
  s.say(2, append(3, id(2, 5)));
  EXPECT_FALSE(s.raft.offer_snapshot(NodeId(3), *s.raft.snapshot_meta(Index(5))));
}

}  // namespace
}  // namespace parley::raft::test
