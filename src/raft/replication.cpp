// The leader's half of log replication (paper 5.3, 5.4.2), and when it stops to lead.
#include <algorithm>

#include "base/assert.hpp"
#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {

void Consensus::State::become_leader(Now now) {
  const Ballot votes = std::get<Candidate>(role).ballot;
  Leader leader;
  leader.clock = LogClock(PARLEY_MUTANT(log_time_starts_anew) ? LogTime{} : log.last_time(), now.steady);
  leader.heartbeat_at = now.steady + options.heartbeat_interval;
  leader.settled = std::min(commit_index(), persistence.stable());
  for (Index i = leader.settled.next(); i <= log.last_index(); ++i) leader.unsettled_bytes += weight(log.at(i));
  role = std::move(leader);
  ++leaderships;
  early_rounds = 0;
  configuration_changed(now);
  for (auto& [node, progress] : std::get<Leader>(role).progress) {
    const auto vote = votes.slots.find(progress.id());
    if (vote != votes.slots.end()) progress.clock = vote->second.clock;
  }
  // Entries of earlier terms are committed with the first one of this term (5.4.2): so there is one at once.
  std::get<Leader>(role).term_start = append_own(Noop{}, now).index;
}

EntryId Consensus::State::append_own(Content content, Now now) {
  auto& leader = std::get<Leader>(role);
  const auto median = wall_median(now);
  leader.dated |= median.has_value();
  const LogTime time = leader.clock.stamp(now, median, options.clock_slack);
  Entry entry{{current_term(), log.last_index().next()}, time, std::move(content)};
  leader.unsettled_bytes += weight(entry);
  const bool configuration = std::holds_alternative<ConfigurationPtr>(entry.content);
  const EntryId id = entry.id;
  log.append(std::move(entry));
  if (configuration) configuration_changed(now);
  return id;
}

void Consensus::State::on(ServerId from, const AppendEntriesReply& reply, Now now) {
  if (reply.term > term_max) return static_cast<void>(++violations);
  if (reply.term > current_term()) return become_follower(reply.term, now);
  auto* leader = std::get_if<Leader>(&role);
  if (leader == nullptr || reply.term < current_term()) return;
  const auto found = leader->progress.find(from.node);
  if (found == leader->progress.end()) return;
  if (found->second.id() != from && !PARLEY_MUTANT(counts_acknowledgements_by_node)) return;   // R4: of another life
  Progress& progress = found->second;
  if (reply.round > progress.round_sent || reply.match_index > log.last_index()) {
    return static_cast<void>(++violations);   // acknowledges what was never sent
  }
  progress.silences.heard(progress.heard_at, now.steady);
  progress.heard_at = now.steady;
  progress.replied = true;
  progress.clock = {reply.wall, now.steady};
  progress.round_echoed = std::max(progress.round_echoed, reply.round);
  if (!reply.success) {
    progress.refused(reply, log);
  } else if (progress.succeeded(reply.match_index)) {
    commit_by_counting(now);
  }
  confirm_reads(now);
}

std::optional<Message> Consensus::State::append_entries_for(NodeId node) {
  auto& leader = std::get<Leader>(role);
  const auto found = leader.progress.find(node);
  if (found == leader.progress.end()) return std::nullopt;
  Progress& progress = found->second;
  if (auto meta = progress.take_offer()) return InstallSnapshot{current_term(), std::move(*meta)};
  const bool contact_due = progress.round_sent < leader.round;
  const Index last = last_index_for(progress.id());
  if (!contact_due && !progress.wants_to_send(last, commit_index(), options)) return std::nullopt;

  AppendEntries message;
  message.term = current_term();
  message.prev_log.index = progress.next_index().previous();
  message.prev_log.term = *log.term_at(message.prev_log.index);
  message.leader_commit = commit_index();
  message.round = leader.round;
  std::size_t bytes = 0;
  if (progress.may_send_entries(last, options)) {
    message.entries = log.copy(progress.next_index(), last, options.append_entries_max, options.append_bytes_max);
    for (const Entry& entry : message.entries) bytes += weight(entry);
  }
  progress.sent(message, bytes);
  transfer_closes();
  return message;
}

// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term == currentTerm:
// set commitIndex = N" (Figure 2). Its own copy counts as far as it is durable, like any other (10.2.1).
void Consensus::State::commit_by_counting(Now now) {
  const auto& voters = PARLEY_MUTANT(counts_by_the_committed_configuration) ? log.configuration_at(commit_index())
                                                                           : log.configuration();
  const auto reached = reached_by_majority<Index>(
      *voters, [](const Progress& progress) { return progress.match_index(); }, [&] { return persistence.stable(); });
  if (reached && *reached > commit_index() &&
      (log.term_at(*reached) == current_term() || PARLEY_MUTANT(commits_older_terms_by_counting))) {
    advance_commit_index(*reached, now);
  }
}

void Consensus::State::advance_commit_index(Index to, Now now) {
  if (to <= commit_index()) return;
  PARLEY_ASSERT(to <= log.last_index(), "only entries that are here can be committed");
  hard_state.commit_index = to;
  if (!std::holds_alternative<Leader>(role)) return;
  settle();
  // A leader that is no voter any more leads until the configuration that says so is committed (dissertation 4.2.2).
  if (!is_voter() && log.configuration_index() <= to) return become_follower(current_term(), now);
  begin_read_round();
  confirm_reads(now);
}

// Only what is committed counts: what is not may rightly be cut from a log again.
Index Consensus::State::acknowledged_by(ServerId server) const {
  if (PARLEY_MUTANT(forgets_what_was_acknowledged)) return Index(0);
  const auto before = acknowledged.find(server);
  Index index = before == acknowledged.end() ? Index(0) : before->second;
  if (const auto* leader = std::get_if<Leader>(&role)) {
    const auto found = leader->progress.find(server.node);
    if (found != leader->progress.end() && found->second.id() == server) {
      index = std::max(index, std::min(found->second.match_index(), commit_index()));
    }
  }
  return index;
}

void Consensus::State::remember_acknowledged() {
  for (const auto& [node, progress] : std::get<Leader>(role).progress) {
    acknowledged[progress.id()] = acknowledged_by(progress.id());
  }
  std::erase_if(acknowledged, [this](const auto& entry) {
    return log.configuration() == nullptr || log.configuration()->find(entry.first) == nullptr;
  });
}

void Consensus::State::settle() {
  auto& leader = std::get<Leader>(role);
  const Index settled = std::min(commit_index(), persistence.stable());
  while (leader.settled < settled) leader.unsettled_bytes -= weight(log.at(++leader.settled));
}

bool Consensus::State::heard_of_late(const Progress& progress, Now now) const {
  return progress.replied && progress.heard_at + options.election_timeout > now.steady;
}

std::size_t Consensus::State::voters_alive(Now now) const {
  const auto& leader = std::get<Leader>(role);
  const auto alive = [&](const Progress& progress) {
    return progress.heard_at + progress.silences.patience(now.steady) > now.steady;
  };
  std::size_t count = 0;
  for (const Member& member : log.configuration()->members) {
    if (!member.voter) continue;
    count += member.id == self || alive(leader.progress.at(member.id.node));
  }
  return count;
}

TimePoint Consensus::State::quorum_contact(Now now) const {
  const auto reached = reached_by_majority<TimePoint>(
      *log.configuration(), [](const Progress& progress) { return progress.heard_at; }, [&] { return now.steady; });
  return reached.value_or(long_ago);
}

// A sole voter's clock alone is no median where others belong to the cluster (dynamic quorum took their votes): a wrong
// one would end everything that can expire. So learners are asked then too, and two clocks are needed, of which the
// lower counts; while there is but one, log time only advances. Before it has begun there is nothing to end.
std::optional<WallRange> Consensus::State::wall_median(Now now) const {
  const auto& leader = std::get<Leader>(role);
  const Configuration& configuration = *log.configuration();
  const bool begun = log.last_time() != LogTime{};
  const bool sole = begun && configuration.voters() < 2 && configuration.members.size() > 1;
  std::vector<ClockSample> samples;
  samples.reserve(configuration.members.size());
  for (const Member& member : configuration.members) {
    if (!member.voter && !sole) continue;
    samples.push_back(member.id == self ? ClockSample{now.wall, now.steady}
                                        : leader.progress.at(member.id.node).clock);
  }
  return median_wall(std::move(samples), sole ? 2 : configuration.quorum(), now.steady);
}

// Log time stands still while nobody leads, for weeks where all were switched off. What is dated by it before the
// clocks are known is that much older with the first median, and ends as idle a moment after it was made. The votes
// bring that median (decision 0027); where they came too long ago, the first round trip does, and nothing is committed
// without one. A sole voter may never hear another clock: where log time has begun it goes on by the time that passes.
bool Consensus::State::may_date(Now now) const {
  if (std::get<Leader>(role).dated || wall_median(now) || PARLEY_MUTANT(dates_before_it_knows_the_clocks)) return true;
  return log.last_time() != LogTime{} && log.configuration()->voters() < 2;
}

void Consensus::State::lead(Now now, bool forgive) {
  auto& leader = std::get<Leader>(role);
  leader.heartbeat_at = now.steady + options.heartbeat_interval;
  ++leader.round;   // makes an AppendEntries due for every other member
  if (leader.transfer) leader.transfer->told = false;   // it may be lost: say it again
  join_read_round();
  if (forgive) return;

  // R2: fewer than half of the voters, itself included. With exactly half it stays, commits nothing, confirms no
  // read; it may still shrink the configuration.
  const std::size_t voters = log.configuration()->voters();
  const std::size_t wanted = PARLEY_MUTANT(half_of_the_voters_is_too_few) ? voters + 1 : voters;
  if (2 * voters_alive(now) < wanted) return become_follower(current_term(), now);
  hand_over_from_slow_disk(now);
  // A leader that can't write takes in what it can't keep (catalogue 40): another one can. Alone there is no other.
  if (voters > 1 && disk_stalls()) become_follower(current_term(), now);
}

}  // namespace parley::raft
