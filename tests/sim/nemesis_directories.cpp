#include <algorithm>
#include <utility>

#include "raft/log.hpp"
#include "sim/lost_write.hpp"
#include "sim/nemesis.hpp"
#include "store/identity.hpp"
#include "store/set_aside.hpp"

// Data directories that are not what they should be: another node's, another cluster's, or without the last vote. None
// of them may take part under the old name (RELIABILITY.md W6, W7).

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration vote_look_interval = 1ms;   // a vote is the last thing in a log for a few of them
constexpr Duration vote_wait_least = 2s;       // an election takes its time
constexpr std::uint64_t votes_most = 3;        // lost at once

std::string words(const SimNode& node) { return "node " + std::to_string(node.id().value); }

bool has_owner(const store::MemoryDisk& disk) {
  const auto copy = disk.clone();   // the power may have failed already, unnoticed by the node
  const auto identity = store::load_identity(*copy);
  if (!identity.ok()) return false;
  if (*identity) return true;
  const auto former = store::identity_set_aside(*copy);   // the node begins its data anew just now
  return former.ok() && *former;
}

}  // namespace

bool Nemesis::directory_fault(const FaultEvent& event, Random& random) {
  switch (event.fault) {
    case Fault::swapped: {
      SimNode& node = any_node(random);
      if (random.chance(0.3)) return make_foreign(node, event.lasts, ClusterId(random.next() | 1));
      SimNode& other = any_node(random);
      return swap_directories(node, other, event.lasts);
    }
    case Fault::vote_lost: watch_votes(any_node(random), event.lasts, random.fork()); return false;
    default: return false;
  }
}

// -- another node's ---------------------------------------------------------------------------------------------------

// Whoever changed the disks finds out, or somebody tells them, and puts them back: nothing may have happened to them.
bool Nemesis::swap_directories(SimNode& one, SimNode& other, Duration lasts) {
  if (one.id() == other.id()) return false;
  for (SimNode* node : {&one, &other}) {
    if (care(*node).elsewhere || care(*node).broken || care(*node).outside || !has_owner(node->disk())) return false;
  }
  say("the disks of " + words(one) + " and " + words(other) + " are exchanged");
  exchange_disks(one, other);
  hold(lasts, [this, &one, &other] {
    say("the disks of " + words(one) + " and " + words(other) + " are put back");
    exchange_disks(one, other);
  });
  for (SimNode* node : {&one, &other}) start(*node);
  return true;
}

void Nemesis::exchange_disks(SimNode& one, SimNode& other) {
  for (const auto& [node, with] : {std::pair{&one, &other}, std::pair{&other, &one}}) {
    if (node->running()) node->kill();
    Care& cared = care(*node);
    cared.elsewhere = !cared.elsewhere;
    cared.holds_of = cared.elsewhere ? with->id() : NodeId(0);
    cared.may_end = true;
  }
  const auto first = one.disk().clone();
  const auto second = other.disk().clone();
  one.disk().go_back_to(*second);
  other.disk().go_back_to(*first);
}

// It must say whose directory that is, and leave it alone.
void Nemesis::start_elsewhere(SimNode& node) {
  Care& cared = care(node);
  const std::uint64_t changes = node.disk().changes();
  const auto refused = node.try_start();
  cared.may_end = true;
  const std::string expected = "is the data directory of node " + std::to_string(cared.holds_of.value) + ", not of " +
                               words(node);
  const bool says_so = refused && refused->find(expected) != std::string::npos;
  if (finding_) return;
  if (!refused) finding_ = words(node) + " runs over another node's data directory";
  else if (!says_so) finding_ = words(node) + " does not say what is wrong: " + *refused;
  else if (node.disk().changes() != changes) finding_ = words(node) + " changed another node's data directory";
}

// -- another cluster's ------------------------------------------------------------------------------------------------

namespace {

// Atomic for whoever looks at the disk; also where that is full.
void belong_to(SimNode& node, store::Identity identity, ClusterId cluster) {
  const auto copy = node.disk().clone();
  identity.cluster = cluster;
  store::save_identity(*copy, identity);
  node.disk().go_back_to(*copy);
}

}  // namespace

// The same content under another cluster's id, so that what it shows is still true. It runs, alone: nobody of that
// cluster is there, and ours do not let it in. A sole voter would lead: that is another cluster at work, not this one.
// And an empty node that asks it first would join that (R3), and would then need a hand.
bool Nemesis::make_foreign(SimNode& node, Duration lasts, ClusterId cluster) {
  Care& cared = care(node);
  if (cared.elsewhere || cared.damaged || cared.broken || cared.outside) return false;
  if (mind_of(node) == nullptr || may_lead_alone(*mind_of(node)) || somebody_is_empty()) return false;
  node.kill();
  const auto identity = store::load_identity(node.disk());
  if (!identity.ok() || !*identity || (*identity)->cluster == ClusterId()) return false;
  say("the data directory of " + words(node) + " is another cluster's");
  belong_to(node, **identity, cluster);
  cared.elsewhere = true;
  cared.promised.reset();
  start(node);
  hold(lasts, [this, &node, own = (*identity)->cluster] { take_foreign_away(node, own); });
  return true;
}

bool Nemesis::somebody_is_empty() {
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    const auto copy = cluster_.node(i).disk().clone();
    const auto identity = store::load_identity(*copy);
    if (!identity.ok() || !*identity || (*identity)->cluster == ClusterId()) return true;
  }
  return false;
}

bool Nemesis::somebody_is_foreign() const {
  return std::ranges::any_of(cares_, [](const auto& entry) {
    return entry.second.elsewhere && entry.second.holds_of == NodeId(0);
  });
}

// What it had promised stays as it is: term, vote and the end of its log are all that anybody could count on.
void Nemesis::look_at_foreign(SimNode& node) {
  Care& cared = care(node);
  if (!cared.elsewhere || mind_of(node) == nullptr) return;
  const raft::Consensus& mind = *mind_of(node);
  const Promised now{raft::term_and_vote(mind.hard_state()), mind.log().last_id()};
  if (cared.promised && now != *cared.promised && !finding_) {
    finding_ = words(node) + " took part in a cluster that its data directory is not of";
  }
  cared.promised = now;
}

void Nemesis::take_foreign_away(SimNode& node, ClusterId own) {
  look_at_foreign(node);
  if (node.running()) node.kill();
  const auto identity = store::load_identity(node.disk());
  care(node).elsewhere = false;
  care(node).may_end = true;
  if (!identity.ok() || !*identity) {
    if (!finding_) finding_ = words(node) + " lost the identity of another cluster's data directory";
    return;
  }
  say("the data directory of " + words(node) + " is its own again");
  belong_to(node, **identity, own);
}

// -- without the last vote --------------------------------------------------------------------------------------------

// The last write of a log is a vote for a few milliseconds only, until the entry comes with which the new leader
// begins. So an election is asked for, and looked at closely.
void Nemesis::watch_votes(SimNode& node, Duration lasts, Random random) {
  if (random.chance(0.7)) hand_over(random);
  look_at_vote(node, cluster_.world().now() + std::max(lasts, vote_wait_least), random);
}

void Nemesis::look_at_vote(SimNode& node, TimePoint until, Random random) {
  if (cluster_.world().now() >= until) return;
  schedule(vote_look_interval, [this, &node, until, random] {
    Random own = random;
    if (!lose_vote(node, own)) look_at_vote(node, until, random);
  });
}

// It is forgotten only where nobody could be misled by that should it go unnoticed: whoever was told may be gone, or
// cut off, and then nobody can find out (decision 0028).
bool Nemesis::lose_vote(SimNode& node, Random& random) {
  const raft::Consensus* mind = mind_of(node);
  Care& cared = care(node);
  if (mind == nullptr || cared.elsewhere || cared.damaged || cared.broken || cared.forgot) return false;
  const auto written = mind->log().term_at(mind->persisted_index());
  if (written == mind->hard_state().current_term) return false;   // entries, after the vote
  if (!mind->hard_state_is_durable() || !misleads_nobody(node) || may_lead_alone(*mind)) return false;
  const auto lost = without_last_votes(node.disk(), random.chance(0.7) ? 1 : votes_most);
  if (!lost || !may_lose(node)) return false;
  cared.forgot = Forgot{node.node().replication().identity().incarnation, raft::term_and_vote(mind->hard_state())};
  cared.wiped = true;
  cared.owed = mind->persisted_index();
  const auto& vote = cared.forgot->spoken.voted_for;
  say("the disk of " + words(node) + " loses its last write, " +
      (vote ? "a vote for node " + std::to_string(vote->node.value) + " in" : std::string("the")) + " term " +
      std::to_string(cared.forgot->spoken.term.value));
  node.kill();
  node.disk().overwrite(lost->path, lost->bytes);
  if (on_harm_) on_harm_(node.id());
  ++done_[Fault::vote_lost];
  restart_after(node, Duration(random.below(static_cast<std::uint64_t>(Duration(50ms).count()))));
  return true;
}

// Each other node is in that term or in a later one, for good. In that term none but the one that was voted for still
// asks for votes, and each has given its own: to another one, so that this node can't have it, or to this node, and
// will notice.
bool Nemesis::misleads_nobody(SimNode& node) {
  const auto spoken = raft::term_and_vote(mind_of(node)->hard_state());
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& other = cluster_.node(i);
    if (other.id() == node.id()) continue;
    const raft::Consensus* mind = mind_of(other);
    if (mind == nullptr || !mind->hard_state_is_durable() || care(other).elsewhere) return false;
    const auto its = raft::term_and_vote(mind->hard_state());
    if (its.term > spoken.term) continue;
    if (its.term < spoken.term || !its.voted_for) return false;
    const bool asks = mind->status().role == raft::Role::candidate;
    if (asks && (!spoken.voted_for || spoken.voted_for->node != other.id())) return false;
  }
  return true;
}

// Nobody hears a server that forgot what it told that very one.
void Nemesis::look_at_who_forgot() {
  for (auto& [id, cared] : cares_) {
    SimNode& node = cluster_.node(id.value);
    if (!cared.forgot || mind_of(node) == nullptr || cared.elsewhere) continue;
    const auto& identity = node.node().replication().identity();
    if (!is_behind(node)) {
      say(words(node) + (identity.incarnation == cared.forgot->as ? " is beyond what it forgot" : " begins anew"));
      cared.forgot.reset();
      continue;
    }
    const ServerId server{id, identity.incarnation};
    const auto now = raft::term_and_vote(mind_of(node)->hard_state());
    for (std::size_t i = 1; i <= cluster_.size(); ++i) {
      SimNode& other = cluster_.node(i);
      if (other.id() == id || mind_of(other) == nullptr || !node.node().replication().connected(other.id())) continue;
      if (raft::may_follow(now, mind_of(other)->spoken(server)) || finding_) continue;
      finding_ = words(other) + " hears " + words(node) + ", which forgot a vote that it had told it of";
    }
  }
}

// As the same incarnation, still at or before the term whose vote it forgot.
bool Nemesis::is_behind(SimNode& node) {
  const auto& forgot = care(node).forgot;
  if (!forgot || mind_of(node) == nullptr) return forgot.has_value();
  if (node.node().replication().identity().incarnation != forgot->as) return false;
  return !raft::may_follow(raft::term_and_vote(mind_of(node)->hard_state()), forgot->spoken);
}

}  // namespace parley::sim
