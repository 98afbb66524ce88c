// Linearizable reads without the log: ReadIndex (dissertation 6.4). No leases: nothing here rests on a clock
// (catalogue 14, 15, 16).
//
// The leader notes its commit index once an entry of its own term is committed (catalogue 12), begins a contact round
// after that, and answers when a majority of the voters echoed that round. Rounds are numbered within the term and
// each batch of reads gets a new one, so no late echo can confirm a newer read (catalogue 13). Reads that begin while
// a round is under way wait for the next one: the round under way is the batching window.
#include <algorithm>

#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {

Result<std::uint64_t, Refusal> Consensus::State::begin_read(Now now) {
  observe(now);
  if (auto* leader = std::get_if<Leader>(&role)) {
    if (leader->reads.size() >= options.pending_reads_max) return Refusal::busy;
    leader->reads.push_back({std::nullopt, next_read_id, 0, Index(0), now.steady});
    begin_read_round();
    confirm_reads(now);
    return next_read_id++;
  }
  auto* follower = std::get_if<Follower>(&role);
  if (follower == nullptr || !follower->leader) return Refusal::not_leader;
  RemoteReads& reads = follower->reads;
  const std::size_t pending = reads.waiting.size() + (reads.under_way ? reads.under_way->reads.size() : 0);
  if (pending >= options.pending_reads_max) return Refusal::busy;
  reads.waiting.push_back(next_read_id);
  ask_leader(reads, now);
  return next_read_id++;
}

// -- the leader -----------------------------------------------------------------------------------------------------

void Consensus::State::begin_read_round() {
  auto& leader = std::get<Leader>(role);
  if (leader.reads.empty() || leader.reads.front().round != 0 || commit_index() < leader.term_start) return;
  leader.round += PARLEY_MUTANT(reads_reuse_a_round) ? 0 : 1;
  join_read_round();
}

// The round that was just begun is new to every read that waits.
void Consensus::State::join_read_round() {
  auto& leader = std::get<Leader>(role);
  if (commit_index() < leader.term_start && !PARLEY_MUTANT(reads_before_own_term_commits)) return;
  for (auto read = leader.reads.rbegin(); read != leader.reads.rend() && read->round == 0; ++read) {
    read->round = leader.round;
    read->index = commit_index();
  }
}

void Consensus::State::confirm_reads(Now) {
  auto* leader = std::get_if<Leader>(&role);
  if (leader == nullptr || leader->reads.empty()) return;
  const auto echoed = reached_by_majority<std::uint64_t>(
      *log.configuration(), [](const Progress& progress) { return progress.round_echoed; },
      [&] { return leader->round; });
  while (!leader->reads.empty()) {
    const PendingRead& read = leader->reads.front();
    if (read.round == 0 || (read.round > echoed.value_or(0) && !PARLEY_MUTANT(reads_without_a_quorum))) break;
    answer(read, true);
    leader->reads.pop_front();
  }
  begin_read_round();   // for those that waited for this one to end
}

void Consensus::State::answer(const PendingRead& read, bool confirmed) {
  if (!read.follower) {
    read_outcomes.push_back({read.id, confirmed, read.index});
  } else if (Peer* follower = peer(*read.follower)) {
    follower->read_reply = ReadIndexReply{read.id, confirmed, read.index};
  }
}

void Consensus::State::on(ServerId from, const ReadIndexRequest& request, Now now) {
  Peer* follower = asking(from);
  if (follower == nullptr) return;
  auto* leader = std::get_if<Leader>(&role);
  const auto ours = [&](const PendingRead& read) { return read.follower == from.node; };
  if (leader != nullptr) {
    // A follower has one request under way; a newer one means that it gave the older up.
    const auto older = std::find_if(leader->reads.begin(), leader->reads.end(), ours);
    if (older != leader->reads.end()) {
      if (older->id == request.id) return;   // doubled on the way
      leader->reads.erase(older);
    }
  }
  if (leader == nullptr || leader->reads.size() >= options.pending_reads_max) {
    follower->read_reply = ReadIndexReply{request.id, false, Index(0)};
    return;
  }
  leader->reads.push_back({from.node, request.id, 0, Index(0), now.steady});
  begin_read_round();
  confirm_reads(now);
}

// -- the follower ---------------------------------------------------------------------------------------------------

void Consensus::State::ask_leader(RemoteReads& reads, Now now) {
  if (reads.under_way || reads.waiting.empty()) return;
  reads.under_way = RemoteReads::UnderWay{next_request_id++, std::exchange(reads.waiting, {}), now.steady, false};
}

std::optional<Message> Consensus::State::read_request(Follower& follower) {
  auto& under_way = follower.reads.under_way;
  if (!under_way || std::exchange(under_way->sent, true)) return std::nullopt;
  return ReadIndexRequest{under_way->request_id};
}

void Consensus::State::on(ServerId from, const ReadIndexReply& reply, Now now) {
  auto* follower = std::get_if<Follower>(&role);
  if (follower == nullptr || follower->leader != from) return;
  RemoteReads& reads = follower->reads;
  if (!reads.under_way || reads.under_way->request_id != reply.id) return;
  for (const std::uint64_t read : reads.under_way->reads) {
    read_outcomes.push_back({read, reply.confirmed, reply.read_index});
  }
  reads.under_way.reset();
  ask_leader(reads, now);
}

// -- the end of reads that can't be confirmed -------------------------------------------------------------------------

void Consensus::State::expire_reads(Now now) {
  const TimePoint begun_by = now.steady - 2 * options.election_timeout;
  if (auto* leader = std::get_if<Leader>(&role)) {
    while (!leader->reads.empty() && leader->reads.front().begun <= begun_by) {
      answer(leader->reads.front(), false);
      leader->reads.pop_front();
    }
  } else if (auto* follower = std::get_if<Follower>(&role)) {
    auto& under_way = follower->reads.under_way;
    if (!under_way || under_way->begun > begun_by) return;
    for (const std::uint64_t read : under_way->reads) read_outcomes.push_back({read, false, Index(0)});
    under_way.reset();
    ask_leader(follower->reads, now);
  }
}

void Consensus::State::fail_reads() {
  if (auto* leader = std::get_if<Leader>(&role)) {
    for (const PendingRead& read : leader->reads) answer(read, false);
    leader->reads.clear();
  } else if (auto* follower = std::get_if<Follower>(&role)) {
    RemoteReads reads = std::exchange(follower->reads, {});
    if (reads.under_way) {
      for (const std::uint64_t read : reads.under_way->reads) read_outcomes.push_back({read, false, Index(0)});
    }
    for (const std::uint64_t read : reads.waiting) read_outcomes.push_back({read, false, Index(0)});
  }
}

}  // namespace parley::raft
