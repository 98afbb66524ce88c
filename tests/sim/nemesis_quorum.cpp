#include <algorithm>

#include "raft/log.hpp"
#include "sim/nemesis.hpp"

// The voting set changes by itself (dynamic quorum), so which nodes are enough to go on, and whose disks may be harmed
// without loss of what was acknowledged, is looked up in what the nodes believe. And the faults that are about it.

namespace parley::sim {

// -- who is enough ------------------------------------------------------------------------------------------------

const raft::Consensus* Nemesis::mind_of(SimNode& node) {
  if (!node.running() || node.node().between_lives()) return nullptr;
  return node.node().replication().consensus();
}

// All that are not committed: the latest may be one that takes back the one before it (decision 0022).
void Nemesis::note_beliefs(SimNode& node) {
  const auto* consensus = mind_of(node);
  if (consensus == nullptr) return;
  const raft::Log& log = consensus->log();
  if (!log.configuration()) return;
  auto& known = beliefs_[node.id()];
  known.clear();
  const Index commit = consensus->hard_state().commit_index;
  const auto configuration_in = [&log](Index index) {
    const auto* found = std::get_if<raft::ConfigurationPtr>(&log.at(index).content);
    return found == nullptr ? nullptr : *found;
  };
  if (log.configuration_index() <= commit) {
    known.push_back({log.configuration_index(), log.configuration(), true});
    return;
  }
  for (Index index = log.configuration_index(); index > commit; index = index - 1) {
    if (auto found = configuration_in(index)) known.push_back({index, std::move(found), false});
  }
  Index committed = commit;
  while (committed > log.base().index && !configuration_in(committed)) committed = committed - 1;
  if (const auto before = log.configuration_at(commit)) known.push_back({committed, before, true});
}

// Who is a voter by its new data directory is whole again, be it that the disk was lost or that it was damaged.
void Nemesis::note_all_beliefs() {
  for (std::size_t i = 1; i <= cluster_.size(); ++i) note_beliefs(cluster_.node(i));
  for (const auto& belief : relevant()) {
    for (auto& [id, cared] : cares_) {
      SimNode& machine = cluster_.node(id.value);
      if (!belief.committed || !machine.running() || machine.node().between_lives()) continue;
      const ServerId now{id, machine.node().replication().identity().incarnation};
      if (now.incarnation != cared.damaged_as && belief.configuration->is_voter(now)) cared.damaged = false;
      if (!cared.wiped || is_behind(machine)) continue;
      const bool filled = machine.node().replication().status().persisted_index >= cared.owed;
      if (filled && belief.configuration->is_voter(now)) cared.wiped = false;
    }
  }
}

Nemesis::Belief Nemesis::latest_committed() const {
  Belief latest;
  for (const auto& [id, known] : beliefs_) {
    for (const auto& belief : known) {
      if (belief.committed && (!latest.configuration || belief.index > latest.index)) latest = belief;
    }
  }
  return latest;
}

// The latest configuration that is committed, and those in some log that may yet follow it.
std::vector<Nemesis::Belief> Nemesis::relevant() const {
  const Belief latest = latest_committed();
  std::vector<Belief> found;
  if (latest.configuration) found.push_back(latest);
  for (const auto& [id, known] : beliefs_) {
    // Nobody counts on it; but while it runs it may lead, and what it has just appended is on its way.
    if (cares_.at(id).damaged && mind_of(cluster_.node(id.value)) == nullptr) continue;
    for (const auto& belief : known) {
      if (!belief.committed && belief.index > latest.index) found.push_back(belief);
    }
  }
  return found;
}

// A learner that is well may be made a voter just when it is taken away, and nothing is committed without it: it counts
// as one. And who an operator wants to have removed may be so any moment.
std::vector<Nemesis::Belief> Nemesis::about_to_be() {
  std::vector<Belief> found;
  SimNode* leader = cluster_.leader();
  if (leader == nullptr) return found;
  const auto configuration = leader->node().replication().status().configuration;
  for (const auto& member : configuration->members) {
    if (member.voter || !cluster_.node(member.id.node.value).running()) continue;
    auto larger = *configuration;
    for (auto& one : larger.members) one.voter = one.voter || one.id == member.id;
    found.push_back({Index(0), std::make_shared<const raft::Configuration>(std::move(larger)), false});
  }
  auto all = found;
  all.push_back({Index(0), configuration, false});
  for (const NodeId removed : may_be_removed()) {
    for (const Belief& belief : all) {
      auto smaller = *belief.configuration;
      std::erase_if(smaller.members, [removed](const auto& member) { return member.id.node == removed; });
      if (smaller.voters() == 0) continue;
      found.push_back({Index(0), std::make_shared<const raft::Configuration>(std::move(smaller)), false});
    }
  }
  return found;
}

bool Nemesis::enough(const std::set<NodeId>& nodes, bool promoted) {
  auto beliefs = relevant();
  if (beliefs.empty()) return nodes.size() > cluster_.size() / 2;   // nobody is born yet
  if (promoted) std::ranges::move(about_to_be(), std::back_inserter(beliefs));
  return std::ranges::all_of(beliefs, [&](const Belief& belief) {
    const auto& members = belief.configuration->members;
    const auto good = std::ranges::count_if(members, [&](const raft::Member& member) {
      return member.voter && nodes.contains(member.id.node) && !cares_.at(member.id.node).wiped;
    });
    return static_cast<std::size_t>(good) >= belief.configuration->quorum();
  });
}

std::set<NodeId> Nemesis::intact() const {
  std::set<NodeId> nodes;
  for (const auto& [id, cared] : cares_) {
    if (!cared.damaged && !cared.wiped) nodes.insert(id);
  }
  return nodes;
}

// Acknowledged means: on a majority of the voters. So without this disk there must be one left that is intact; and as
// the voting set may come to be the damaged ones alone, no more than a minority of all nodes is ever touched at once.
bool Nemesis::may_lose(const SimNode& node) {
  if (care(node).elsewhere) return false;   // what is there is not its own
  note_all_beliefs();
  auto left = intact();
  const auto born = [this](NodeId id) { return beliefs_.contains(id); };
  if (!std::ranges::all_of(left, born)) return false;
  left.erase(node.id());
  return enough(left) && left.size() > cluster_.size() / 2;
}

// -- faults -------------------------------------------------------------------------------------------------------

bool Nemesis::quorum_fault(const FaultEvent& event, Random& random) {
  switch (event.fault) {
    case Fault::wiped: {
      SimNode& node = any_node(random);
      if (!may_lose(node) || care(node).broken || somebody_is_foreign()) return false;
      wipe(node, event.lasts);
      return true;
    }
    case Fault::rolled_back: return roll_back(any_node(random), event.lasts);
    case Fault::transfer: return hand_over(random);
    default: return false;
  }
}

void Nemesis::wipe(SimNode& node, Duration downtime) {
  if (node.running()) node.kill();
  lose_directory(node);
  restart_after(node, downtime);
}

void Nemesis::lose_directory(SimNode& node) {
  node.disk().lose_everything();
  care(node).wiped = true;
  care(node).damaged = false;
  care(node).owed = Index(0);
  beliefs_.erase(node.id());
  say("node " + std::to_string(node.id().value) + " loses its data directory");
  if (on_harm_) on_harm_(node.id());
}

// By some configuration that its disk may end with: as it is now, it would start and ask nobody.
bool Nemesis::may_lead_alone(const raft::Consensus& mind) {
  const raft::Log& log = mind.log();
  for (const Index index : {mind.hard_state().commit_index, mind.persisted_index(), log.last_index()}) {
    const auto& configuration = log.configuration_at(index);
    if (!configuration || configuration->voters() < 2) return true;
  }
  return false;
}

// A copy of the data directory is made, and comes back later, as a machine's snapshot does. Only within one term, and
// only while the others hold whatever this node promised: a vote that was forgotten, or an entry that only this node
// and one that is cut off had, is beyond what anybody can find out (decision 0020).
bool Nemesis::roll_back(SimNode& node, Duration lasts) {
  if (mind_of(node) == nullptr || may_lead_alone(*mind_of(node)) || care(node).damaged) return false;
  if (care(node).elsewhere) return false;
  const std::shared_ptr<store::MemoryDisk> earlier = node.disk().clone();
  const auto then = node.node().replication().status();
  const Incarnation as = node.node().replication().identity().incarnation;
  schedule(lasts, [this, &node, earlier, then, as] {
    if (mind_of(node) == nullptr || care(node).broken || care(node).damaged) return;
    if (node.node().replication().identity().incarnation != as) return;
    const auto now = node.node().replication().status();
    if (now.term != then.term || now.persisted_index <= then.persisted_index) return;
    if (!may_lose(node) || !others_hold_all_of(node)) return;
    node.kill();
    node.disk().go_back_to(*earlier);
    care(node).wiped = true;
    care(node).owed = now.persisted_index;
    say("the disk of node " + std::to_string(node.id().value) + " goes back from index " +
        std::to_string(now.persisted_index.value) + " to " + std::to_string(then.persisted_index.value));
    if (on_harm_) on_harm_(node.id());
    restart_after(node, Duration(1));
  });
  return true;
}

bool Nemesis::others_hold_all_of(SimNode& node) {
  const auto mine = node.node().replication().status();
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& other = cluster_.node(i);
    if (other.id() == node.id()) continue;
    if (mind_of(other) == nullptr) return false;
    const auto theirs = other.node().replication().status();
    if (theirs.term != mine.term || theirs.persisted_index < mine.last_index) return false;
  }
  return true;
}

// An operator asks some node that some node lead.
bool Nemesis::hand_over(Random& random) {
  wire::MemberRequest request;
  request.action = wire::MemberAction::transfer;
  request.node = any_node(random).id();
  return ask(request) != nullptr;
}

}  // namespace parley::sim
