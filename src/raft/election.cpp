// Leader election (paper 5.2 and 5.4.1) with pre-vote (dissertation 9.6) and leader stickiness (4.2.3), the latter
// relaxed where the leader's process is known to be gone (R5). No safety rests on stickiness or pre-votes.
#include <algorithm>

#include "base/assert.hpp"
#include "base/mutant.hpp"
#include "raft/state.hpp"

namespace parley::raft {

std::size_t Ballot::count(bool granted) const {
  const auto same = [&](const auto& slot) { return slot.second.granted == granted; };
  const bool twice = granted && PARLEY_MUTANT(counts_own_vote_twice);
  return static_cast<std::size_t>(std::count_if(slots.begin(), slots.end(), same) + (twice ? 1 : 0));
}

Ballot::Slot* Ballot::find(NodeId node) {
  const auto found = slots.lower_bound(ServerId{node, Incarnation(0)});
  return found != slots.end() && found->first.node == node ? &found->second : nullptr;
}

Ballot::Slot* Ballot::find(ServerId server) {
  const auto found = slots.find(server);
  return found != slots.end() ? &found->second : nullptr;
}

Duration Consensus::State::random_up_to(Duration limit) {
  return Duration(random.between(0, static_cast<std::uint64_t>(limit.count())));
}

void Consensus::State::arm_election_timer(Now now, Duration least) {
  election_deadline = now.steady + least + random_up_to(options.election_timeout);
}

bool Consensus::State::disk_writes_since(Duration least) const {
  const auto since = persistence.writing_since();
  return since && *since + least <= clock.steady;
}

bool Consensus::State::disk_stalls() const {
  return disk_writes_since(options.disk_stall_max) && !PARLEY_MUTANT(hanging_disks_pass_unnoticed);
}

// "If a server receives a RequestVote request within the minimum election timeout of hearing from a current leader,
// it does not update its term or grant its vote" (dissertation 4.2.3). A leader hears itself while a majority hears
// it. Who asks for votes does not lead, whatever it was before.
bool Consensus::State::hears_leader(ServerId asking, Now now) const {
  if (std::holds_alternative<Leader>(role)) return quorum_contact(now) + options.election_timeout > now.steady;
  const auto* follower = std::get_if<Follower>(&role);
  return follower != nullptr && follower->leader && *follower->leader != asking && !follower->leader_refused &&
         follower->leader_heard + options.election_timeout > now.steady;
}

// A voter; and one whose log makes a learner of it, while that is not committed. A leader sends such an entry while its
// own disk still writes it, so the one that loses its vote may be the only one that holds it: nobody else could then be
// elected without it. It leads until the entry is committed (dissertation 4.2.2).
bool Consensus::State::may_campaign() const {
  if (is_voter() || (PARLEY_MUTANT(learners_campaign) && log.configuration())) return true;
  if (!log.configuration() || log.configuration_index() <= commit_index()) return false;
  const auto& committed = log.configuration_at(commit_index());
  return committed && committed->is_voter(self);
}

Ballot* Consensus::State::ballot() {
  if (auto* pre_candidate = std::get_if<PreCandidate>(&role)) return &pre_candidate->ballot;
  if (auto* candidate = std::get_if<Candidate>(&role)) return &candidate->ballot;
  return nullptr;
}

void Consensus::State::become_follower(Term term, Now now) {
  PARLEY_ASSERT(term >= current_term(), "terms never go back");
  const bool new_term = term > current_term();
  const bool was_follower = std::holds_alternative<Follower>(role);
  if (was_follower && !new_term) return;
  fail_reads();
  if (std::holds_alternative<Leader>(role)) {
    last_contact = std::max(last_contact, quorum_contact(now));
    remember_acknowledged();
    give_up_own_change();
  }
  role = Follower{};
  if (new_term) {
    hard_state.current_term = term;
    hard_state.voted_for.reset();
    for (auto& [node, known] : peers) known.forget_replies();
  }
  // A follower's timer runs on: who only has a higher term must not keep the others from electing somebody.
  if (!was_follower) arm_election_timer(now);
}

// A learner whose leader is silent: it can do nothing about it but say so.
void Consensus::State::forget_leader() {
  auto* follower = std::get_if<Follower>(&role);
  if (follower == nullptr || !follower->leader) return;
  fail_reads();
  follower->leader.reset();
}

void Consensus::State::election_timeout(Now now) {
  // A disk that hangs can't promise anything to anybody, and a candidate whose own vote is being written waits for it.
  const bool own_vote_waits = std::holds_alternative<Candidate>(role) && !persistence.holds(hard_state);
  if (own_vote_waits || disk_stalls()) return arm_election_timer(now);
  begin_pre_vote(now);
}

namespace {

Ballot blank_ballot(const Configuration& configuration) {
  Ballot blank;
  for (const Member& member : configuration.members) {
    if (member.voter) blank.slots.try_emplace(member.id);
  }
  return blank;
}

}  // namespace

void Consensus::State::begin_pre_vote(Now now) {
  PARLEY_ASSERT(may_campaign(), "only a voter campaigns");
  if (early_rounds > 0) --early_rounds;
  fail_reads();
  PreCandidate campaign{blank_ballot(*log.configuration())};
  if (Ballot::Slot* own = campaign.ballot.find(self)) own->granted = true;
  role = std::move(campaign);
  arm_election_timer(now);
  count_votes(now);
}

void Consensus::State::begin_election(Now now) {
  hard_state.current_term = current_term().next();
  hard_state.voted_for = self;
  for (auto& [node, known] : peers) known.forget_replies();
  role = Candidate{blank_ballot(*log.configuration())};
  ++elections_started;
  arm_election_timer(now);
}

void Consensus::State::count_votes(Now now) {
  if (auto* pre_candidate = std::get_if<PreCandidate>(&role)) {
    if (pre_candidate->ballot.won()) begin_election(now);
    return;
  }
  auto* candidate = std::get_if<Candidate>(&role);
  if (candidate == nullptr || !persistence.holds(hard_state)) return;
  Ballot::Slot* own = candidate->ballot.find(self);
  if (own != nullptr && !own->granted) {
    own->granted = true;   // durable only now, and asked for only now: the timeout begins here
    arm_election_timer(now);
  }
  if (candidate->ballot.won()) become_leader(now);
}

// R5: the link to the leader broke and its port refuses: the process is gone. No need to wait for the timeout.
void Consensus::State::leader_gone(Now now) {
  auto& follower = std::get<Follower>(role);
  if (std::exchange(follower.leader_refused, true) || PARLEY_MUTANT(waits_for_a_leader_that_is_gone)) return;
  early_rounds = early_rounds_max;
  election_deadline = std::min(election_deadline, now.steady + random_up_to(options.early_campaign_jitter));
}

std::optional<Message> Consensus::State::vote_request_for(NodeId node) {
  Ballot::Slot* slot = ballot()->find(node);
  if (slot == nullptr || slot->asked || slot->granted) return std::nullopt;
  slot->asked = true;
  const bool pre_vote = std::holds_alternative<PreCandidate>(role);
  const auto* candidate = std::get_if<Candidate>(&role);
  const bool transfer = candidate != nullptr && candidate->transfer;
  return RequestVote{pre_vote ? current_term().next() : current_term(), log.last_id(), pre_vote, transfer};
}

// R3: without a configuration it belongs to no cluster and votes for nobody. A learner that is asked does vote: the
// candidate's configuration may say that it is a voter before its own does (catalogue 24); only the candidate's
// configuration decides whether the vote counts.
bool Consensus::State::would_vote(ServerId from, const RequestVote& request) const {
  const bool shorter = request.last_log < log.last_id() && !PARLEY_MUTANT(votes_for_a_shorter_log);
  const bool stranger = !log.configuration() && !PARLEY_MUTANT(empty_servers_vote);
  const bool refuses = PARLEY_MUTANT(learners_do_not_vote) && !is_voter();
  if (stranger || refuses || shorter) return false;   // 5.4.1: at least as up-to-date
  if (request.term > current_term()) return true;
  const bool unbound = !hard_state.voted_for || PARLEY_MUTANT(votes_twice_in_a_term);
  return request.term == current_term() && (unbound || *hard_state.voted_for == from);
}

void Consensus::State::on(ServerId from, const RequestVote& request, Now now) {
  Peer* candidate = asking(from);
  if (candidate == nullptr) return;
  if (request.term > term_max) return static_cast<void>(++violations);
  RequestVoteReply reply{current_term(), request.pre_vote, false};
  // Who was told to campaign by the leader has its leave (4.2.3).
  const bool free_to_vote = request.transfer || !hears_leader(from, now);
  const bool belongs = log.configuration() || PARLEY_MUTANT(empty_servers_vote);
  const bool heard = request.term >= current_term() && belongs && free_to_vote;
  if (heard && request.pre_vote) {
    reply.vote_granted = would_vote(from, request);
    if (reply.vote_granted) {
      reply.term = request.term;
      stand_back(from, request, now);
    }
  } else if (heard) {
    if (request.term > current_term()) become_follower(request.term, now);
    reply.term = current_term();
    reply.vote_granted = would_vote(from, request);
    if (reply.vote_granted) {
      become_follower(current_term(), now);   // it may have been asking for pre-votes itself
      hard_state.voted_for = from;
      arm_election_timer(now);
    }
  }
  (request.pre_vote ? candidate->pre_vote_reply : candidate->vote_reply) = reply;
}

// Its own vote says what it was asked for, too, and is on the disk: that outlives this process.
TermAndVote Consensus::State::spoken_by(ServerId server) const {
  if (PARLEY_MUTANT(forgets_what_was_spoken)) return {};
  const TermAndVote said = spoken.by(server);
  const TermAndVote asked{current_term(), server};
  return hard_state.voted_for == server && may_follow(asked, said) ? asked : said;
}

// A pre-vote was granted: let that one try first. When a leader dies all its followers notice within the same few
// milliseconds (R5); of two that ask at once, one gives way, so that the election which follows is not split.
void Consensus::State::stand_back(ServerId from, const RequestVote& request, Now now) {
  if (std::holds_alternative<PreCandidate>(role)) {
    const bool preferred = request.last_log > log.last_id() || (request.last_log == log.last_id() && from < self);
    if (!preferred) return;
    become_follower(current_term(), now);
  }
  if (!std::holds_alternative<Follower>(role)) return;
  const Duration turn = options.heartbeat_interval / 2;
  const TimePoint turn_over = now.steady + turn + random_up_to(turn);
  election_deadline = early_rounds > 0 ? turn_over : std::max(election_deadline, turn_over);
}

void Consensus::State::on(ServerId from, const RequestVoteReply& reply, Now now) {
  if (reply.term > term_max) return static_cast<void>(++violations);
  const bool echo = reply.pre_vote && reply.vote_granted;   // carries the term that was asked for, not the voter's
  const bool higher = reply.term > current_term() && !PARLEY_MUTANT(ignores_the_term_of_refusals);
  if (!echo && higher) return become_follower(reply.term, now);

  const bool campaigns_early = std::holds_alternative<PreCandidate>(role);
  Ballot* votes = ballot();
  if (votes == nullptr || reply.pre_vote != campaigns_early) return;
  const Term expected = echo ? current_term().next() : current_term();
  if (reply.vote_granted && reply.term != expected) return;
  if (!reply.vote_granted && !reply.pre_vote && reply.term < current_term()) return;   // of an earlier election
  Ballot::Slot* slot = PARLEY_MUTANT(counts_votes_by_node) ? votes->find(from.node) : votes->find(from);
  if (slot == nullptr || slot->granted == true) return;
  slot->granted = reply.vote_granted;
  slot->clock = {reply.wall, now.steady};
  if (reply.vote_granted) return count_votes(now);

  // R5: others may notice the leader's death a moment later: ask them again soon, a bounded number of times.
  if (early_rounds > 0 && (campaigns_early || votes->lost())) {
    const Duration soon = milliseconds(1) + random_up_to(options.early_campaign_jitter);
    election_deadline = std::min(election_deadline, now.steady + soon);
  }
}

}  // namespace parley::raft
