#include "raft/consensus.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {

// -- the face -------------------------------------------------------------------------------------------------------

Consensus::Consensus(ServerId self, Options options, Durable durable, std::uint64_t seed, Now now)
    : state_(std::make_unique<State>(self, options, std::move(durable), seed, now)) {}
Consensus::~Consensus() = default;
Consensus::Consensus(Consensus&&) noexcept = default;
Consensus& Consensus::operator=(Consensus&&) noexcept = default;

void Consensus::tick(Now now) { told().tick(now); }
void Consensus::persisted(std::uint64_t batch_number, Now now) { told().persisted(batch_number, now); }
void Consensus::applied(Index index) { told().applied(index); }
void Consensus::reachable(NodeId peer, Now now) { told().reachable(peer, now); }
void Consensus::unreachable(NodeId peer, Now now) { told().unreachable(peer, now); }
void Consensus::refused(NodeId peer, Now now) { told().refused(peer, now); }
Index Consensus::compact(Index through) { return told().compact(through); }
void Consensus::install(SnapshotMeta meta, Now now) { told().install(std::move(meta), now); }
Result<std::uint64_t, Refusal> Consensus::begin_read(Now now) { return told().begin_read(now); }
TimePoint Consensus::deadline() const { return state_->deadline(); }
Status Consensus::status() const { return state_->status(); }
Standing Consensus::standing() const { return state_->standing(); }
Index Consensus::persisted_index() const { return state_->persistence.stable(); }
Index Consensus::acknowledged(ServerId server) const { return state_->acknowledged_by(server); }
TermAndVote Consensus::spoken(ServerId server) const { return state_->spoken_by(server); }
const Log& Consensus::log() const { return state_->log; }
HardState Consensus::hard_state() const { return state_->hard_state; }
bool Consensus::hard_state_is_durable() const { return state_->persistence.holds(state_->hard_state); }
std::optional<SnapshotOffer> Consensus::wanted_snapshot() const { return state_->wanted_snapshot(); }
std::optional<SnapshotMeta> Consensus::snapshot_meta(Index index) const { return state_->snapshot_meta(index); }

bool Consensus::offer_snapshot(NodeId peer, SnapshotMeta meta) {
  return told().offer_snapshot(peer, std::move(meta));
}

Result<Nothing, Refusal> Consensus::transfer_leadership(NodeId target, Now now) {
  return told().transfer_leadership(target, now);
}

Consensus::State& Consensus::told() {
  ++revision_;
  return *state_;
}

void Consensus::step(ServerId from, Message message, Now now) {
  told().observe(now);
  if (from.node == state_->self.node) return;   // an echo, or another life of this very node (R4)
  state_->spoken.heard(state_->self, from, message, state_->log.configuration());
  std::visit([&](auto&& said) { state_->on(from, std::forward<decltype(said)>(said), now); }, std::move(message));
}

Result<EntryId, Refusal> Consensus::propose(SharedBytes command, Now now) {
  told().observe(now);
  const auto* leader = std::get_if<Leader>(&state_->role);
  if (leader == nullptr) return Refusal::not_leader;
  const bool closes = state_->transfer_closes() && !PARLEY_MUTANT(proposes_while_it_hands_over);
  if (closes) return Refusal::busy;   // it would end with this leadership (catalogue 25)
  if (command.size() > state_->options.command_bytes_max) return Refusal::too_large;
  if (leader->unsettled_bytes + command.size() > state_->options.uncommitted_bytes_max) return Refusal::busy;
  // Whoever proposes, here or forwarded: a state machine that does not follow slows down its writers.
  const std::uint64_t unapplied = state_->log.last_index() - state_->applied_index;
  if (unapplied >= state_->options.unapplied_entries_max) return Refusal::busy;
  if (!state_->may_date(now)) return Refusal::busy;
  return state_->append_own(std::move(command), now);
}

Result<EntryId, Refusal> Consensus::propose_configuration(Configuration configuration, Now now) {
  told().observe(now);
  return state_->propose_configuration(std::move(configuration), now);
}

PersistBatch Consensus::take_persist() {
  State& state = *state_;
  return state.persistence.take(state.hard_state, state.log, state.options.persist_bytes_max, state.clock.steady);
}

std::vector<Entry> Consensus::take_committed(std::size_t bytes_max) {
  State& state = *state_;
  const Index first = state.taken_index.next();
  const Index last = PARLEY_MUTANT(applies_what_is_not_committed) ? state.log.last_index() : state.commit_index();
  auto entries = state.log.copy(first, last, state.options.append_entries_max, bytes_max);
  state.taken_index = state.taken_index + entries.size();
  return entries;
}

std::optional<Message> Consensus::take_message_for(NodeId peer, Now now) {
  return state_->take_message_for(peer, now);
}

std::optional<Message> Consensus::take_message_for(ServerId server, Now now) {
  return state_->take_message_for(server, now);
}

std::vector<ReadOutcome> Consensus::take_reads() { return std::exchange(state_->read_outcomes, {}); }

// -- time, links, the disk ------------------------------------------------------------------------------------------

Consensus::State::State(ServerId self_id, Options chosen, Durable durable, std::uint64_t seed, Now now)
    : self(self_id),
      options(chosen),
      random(seed),
      hard_state(durable.hard_state),
      log(durable),
      persistence(durable.hard_state, log.last_index()),
      clock(now) {
  const bool whole = commit_index() <= log.last_index() || PARLEY_MUTANT(uses_a_log_that_lost_its_end);
  PARLEY_ASSERT(whole, "the log lost committed entries: repair it before use (W5)");
  // The founders' first entry carries term 1, in which nobody was elected (R3): nobody shall be.
  if (current_term() < log.last_id().term) hard_state = {log.last_id().term, std::nullopt, commit_index()};
  hard_state.commit_index = std::max(commit_index(), log.base().index);
  taken_index = applied_index = log.base().index;
  // Requests of an earlier life must not be taken for ours (catalogue 13), even if the seed should be the same.
  next_request_id = random.next() ^ Random(static_cast<std::uint64_t>(now.steady.time_since_epoch().count())).next();
  arm_election_timer(now);
}

void Consensus::State::observe(Now now) {
  clock.steady = std::max(clock.steady, now.steady);
  clock.wall = now.wall;
}

Consensus::State::Peer* Consensus::State::peer(NodeId node) {
  if (const auto found = peers.find(node); found != peers.end()) return &found->second;
  if (peers.size() >= peers_max) {
    const auto is_stranger = [&](const auto& known) {
      return !known.second.linked && (!log.configuration() || log.configuration()->find(known.first) == nullptr);
    };
    const auto stranger = std::find_if(peers.begin(), peers.end(), is_stranger);
    if (stranger == peers.end()) return nullptr;
    peers.erase(stranger);   // what it was owed is lost; it will ask again
  }
  return &peers[node];
}

TimePoint Consensus::State::deadline() const {
  if (const auto* leader = std::get_if<Leader>(&role)) {
    return leader->transfer ? std::min(leader->heartbeat_at, leader->transfer->deadline) : leader->heartbeat_at;
  }
  const auto* silent = std::get_if<Follower>(&role);   // a learner notices, too, that its leader is not heard
  const bool waits = may_campaign() || (silent != nullptr && silent->leader);
  TimePoint due = waits ? election_deadline : never;
  if (const auto* follower = std::get_if<Follower>(&role); follower != nullptr && follower->reads.under_way) {
    due = std::min(due, follower->reads.under_way->begun + 2 * options.election_timeout);
  }
  return due;
}

void Consensus::State::tick(Now now) {
  const TimePoint due = deadline();
  observe(now);
  if (now.steady < due) return;

  // A tick far too late means that this process stood still (a stopped VM, a starved machine). What the others sent
  // meanwhile waits in the sockets: hear it before judging anybody by silence. Once; the next tick judges.
  const bool late = now.steady > due + options.heartbeat_interval;
  const bool forgive = late && !late_forgiven && early_rounds == 0;
  late_forgiven = forgive;

  expire_reads(now);
  if (auto* leader = std::get_if<Leader>(&role)) {
    if (leader->transfer && leader->transfer->deadline <= now.steady) leader->transfer.reset();   // it goes on
    return now.steady < leader->heartbeat_at ? void() : lead(now, forgive);
  }
  if (now.steady < election_deadline) return;
  if (!may_campaign()) return forget_leader();
  if (forgive) election_deadline = now.steady + options.heartbeat_interval;
  else election_timeout(now);
}

// Whoever asks now; what another data directory of that node asked for is void.
Consensus::State::Peer* Consensus::State::asking(ServerId server) {
  Peer* known = peer(server.node);
  if (known == nullptr || known->asker == server) return known;
  known->forget_replies();
  known->read_reply.reset();
  known->asker = server;
  return known;
}

void Consensus::State::reachable(NodeId node, Now now) {
  observe(now);
  if (Peer* known = peer(node)) known->linked = true;
  link_changed(node);
}

void Consensus::State::unreachable(NodeId node, Now now) {
  observe(now);
  if (Peer* known = peer(node)) known->linked = false;
  auto* leader = std::get_if<Leader>(&role);
  if (leader != nullptr && leader->transfer && leader->transfer->target == node) leader->transfer.reset();
  link_changed(node);
}

// Whatever was under way to that node may be lost: all that is still true is said again.
void Consensus::State::link_changed(NodeId node) {
  if (Ballot* votes = ballot()) {
    if (Ballot::Slot* slot = votes->find(node)) slot->asked = false;
  }
  if (auto* leader = std::get_if<Leader>(&role)) {
    const auto found = leader->progress.find(node);
    if (found != leader->progress.end()) {
      found->second.link_changed(log.base().index);
      found->second.silences.interrupted();
    }
    if (leader->transfer && leader->transfer->target == node) leader->transfer->told = false;
  }
  if (auto* follower = std::get_if<Follower>(&role)) {
    if (follower->leader && follower->leader->node == node) {
      leader_silences.interrupted();
      if (follower->reads.under_way) follower->reads.under_way->sent = false;
    }
  }
}

void Consensus::State::refused(NodeId node, Now now) {
  observe(now);
  if (const auto found = peers.find(node); found != peers.end() && found->second.linked) return;   // another link lives
  const auto* follower = std::get_if<Follower>(&role);
  if (follower != nullptr && follower->leader && follower->leader->node == node) leader_gone(now);
}

void Consensus::State::persisted(std::uint64_t batch_number, Now now) {
  observe(now);
  persistence.persisted(batch_number);
  count_votes(now);   // its own counts from now on
  if (std::holds_alternative<Leader>(role)) {
    settle();
    commit_by_counting(now);
  } else if (auto* follower = std::get_if<Follower>(&role)) {
    follower->reply_due |= std::min(follower->matched, persistence.stable()) > follower->match_replied;
  }
}

void Consensus::State::applied(Index index) {
  if (index > taken_index) {
    PARLEY_ASSERT(taken_index == log.base().index, "the state machine can't be ahead of what it was given");
    PARLEY_ASSERT(index <= log.last_index(), "the state machine is ahead of the log: start from it as base (R9)");
    hard_state.commit_index = std::max(commit_index(), index);
    taken_index = index;
  }
  applied_index = std::max(applied_index, index);
}

// -- what to send, what to show -------------------------------------------------------------------------------------

bool Consensus::State::may_speak() const {   // nothing before it is durable
  return persistence.holds(hard_state) || PARLEY_MUTANT(speaks_before_its_vote_is_durable);
}

std::optional<Message> Consensus::State::take_message_for(NodeId node, Now now) {
  observe(now);
  if (node == self.node || !may_speak()) return std::nullopt;
  if (auto reply = take_reply_for(node)) return reply;
  return take_role_message_for(node, now);
}

// What a member that was replaced asked for must not reach the one in its place: a vote would count twice (R4).
std::optional<Message> Consensus::State::take_message_for(ServerId server, Now now) {
  observe(now);
  if (server.node == self.node || !may_speak()) return std::nullopt;
  const auto known = peers.find(server.node);
  if (known != peers.end() && known->second.asker == server) {
    if (auto reply = take_reply_for(server.node)) return reply;
  }
  bool meant = false;
  if (Ballot* votes = ballot()) {
    meant = votes->find(server) != nullptr;
  } else if (const auto* follower = std::get_if<Follower>(&role)) {
    meant = follower->leader == server;
  } else {
    meant = log.configuration()->find(server) != nullptr;
  }
  if (!meant) return std::nullopt;
  return take_role_message_for(server.node, now);
}

std::optional<Message> Consensus::State::take_role_message_for(NodeId node, Now now) {
  if (std::holds_alternative<Leader>(role)) {
    if (auto timeout_now = timeout_now_for(node)) return timeout_now;
    return append_entries_for(node);
  }
  auto* follower = std::get_if<Follower>(&role);
  if (follower == nullptr) return vote_request_for(node);
  if (!follower->leader || follower->leader->node != node) return std::nullopt;
  if (auto reply = append_reply(*follower, now)) return reply;
  return read_request(*follower);
}

std::optional<Message> Consensus::State::take_reply_for(NodeId node) {
  const auto found = peers.find(node);
  if (found == peers.end()) return std::nullopt;
  Peer& known = found->second;
  const auto take = [](auto& slot) -> Message { return *std::exchange(slot, std::nullopt); };
  for (auto* vote : {&known.vote_reply, &known.pre_vote_reply}) {
    if (!*vote) continue;
    (*vote)->wall = clock.wall;
    return take(*vote);
  }
  if (known.read_reply) return take(known.read_reply);
  if (std::exchange(known.stale_leader, false)) {
    AppendEntriesReply reply;
    reply.term = current_term();
    return reply;
  }
  return std::nullopt;
}

Standing Consensus::State::standing() const {
  Standing now{static_cast<Role>(role.index()), current_term(), std::nullopt, log.configuration()};
  if (now.role == Role::leader) now.leader = self.node;
  const auto* follower = std::get_if<Follower>(&role);
  if (follower != nullptr && follower->leader) now.leader = follower->leader->node;
  return now;
}

Status Consensus::State::status() const {
  const Standing now = standing();
  Status shown;
  shown.role = now.role;
  shown.term = now.term;
  shown.leader = now.leader;
  shown.configuration = now.configuration;
  shown.base_index = log.base().index;
  shown.last_index = log.last_index();
  shown.persisted_index = persistence.stable();
  shown.commit_index = commit_index();
  shown.applied_index = applied_index;
  shown.elections_started = elections_started;
  shown.leaderships = leaderships;
  shown.violations = violations;
  if (const auto wanted = wanted_snapshot()) shown.wanted_snapshot = wanted->meta.id;
  shown.leader_heard = last_contact;
  if (const auto* leader = std::get_if<Leader>(&role)) {
    shown.leader_heard = quorum_contact(clock);
    shown.returnable = returnable();
    shown.quorum_heard = shown.leader_heard + options.election_timeout > clock.steady;
    shown.clock_median = wall_median(clock).has_value();
    if (leader->transfer) shown.transfer_target = leader->transfer->target;
    shown.transfer_closes = leader->transfer && leader->transfer->closing;
    shown.peers.reserve(leader->progress.size());
    for (const auto& [node, progress] : leader->progress) {
      const bool heard = heard_of_late(progress, clock);
      shown.peers.push_back({progress.id(), progress.match_index(), progress.next_index(),
                             progress.mode() == Progress::Mode::replicate, heard,
                             progress.mode() == Progress::Mode::snapshot, progress.offered(),
                             progress.heard_at, clock_ahead(progress.clock, clock)});
    }
  }
  return shown;
}

}  // namespace parley::raft
