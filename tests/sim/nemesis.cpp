#include "sim/nemesis.hpp"

#include <algorithm>

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_interval = 100ms;
constexpr Duration restart_at_most = 5s;   // of a node that ended by itself

}  // namespace

Nemesis::Nemesis(SimCluster& cluster, FaultPlan plan, std::vector<Host> people,
                 std::optional<std::set<std::size_t>> only)
    : cluster_(cluster),
      plan_(std::move(plan)),
      people_(std::move(people)),
      only_(std::move(only)),
      random_(cluster.world().random().fork()),
      calm_(cluster.fabric().options()) {
  for (std::size_t i = 1; i <= cluster_.size(); ++i) cares_[cluster_.node(i).id()];
}

void Nemesis::begin() {
  ++phase_;
  for (const FaultEvent& event : plan_.events) {
    if (only_ && !only_->contains(event.number)) continue;
    schedule(event.at, [this, event] { carry_out(event); });
  }
  schedule(look_interval, [this] { look_after_nodes(); });
  look_after_members();
}

void Nemesis::schedule(Duration after, std::function<void()> action) {
  World& world = cluster_.world();
  world.schedule(world.now() + after, [this, phase = phase_, action = std::move(action)] {
    if (phase == phase_) action();
  });
}

void Nemesis::hold(Duration lasts, std::function<void()> undo) {
  const std::uint64_t number = ++last_undo_;
  undos_[number] = std::move(undo);
  schedule(lasts, [this, number] {
    const auto found = undos_.find(number);
    const auto action = std::move(found->second);
    undos_.erase(found);
    action();
  });
}

void Nemesis::carry_out(const FaultEvent& event) {
  Random random(event.seed);
  if (dispatch(event, random)) ++done_[event.fault];
}

bool Nemesis::dispatch(const FaultEvent& event, Random& random) {
  return network_fault(event, random) || machine_fault(event, random) || disk_fault(event, random) ||
         clock_fault(event, random) || quorum_fault(event, random) || directory_fault(event, random) ||
         member_fault(event, random) || (clients_ && clients_(event));
}

SimNode& Nemesis::any_node(Random& random) { return cluster_.node(1 + random.below(cluster_.size())); }

SimNode* Nemesis::leader_or_any(Random& random) {
  SimNode* leader = cluster_.leader();
  return leader != nullptr ? leader : &any_node(random);
}

// -- care ---------------------------------------------------------------------------------------------------------

// A node that ended by itself is started again, as by systemd; if it had a reason to end.
void Nemesis::look_after_nodes() {
  look_at_who_forgot();
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    Care& cared = care(node);
    look_at_foreign(node);
    if (node.running() || cared.restart_waits || cared.broken) continue;
    const bool told = went_as_told(node);
    if (told && !cared.seen_to) cared.outside = true;
    if (cared.outside) continue;
    if (!node.last_words().empty() && !cared.may_end && !ended_for_space(node) && !cared.damaged && !told &&
        !finding_) {
      finding_ = "node " + std::to_string(i) + " ended by itself, and nothing was done to it: " + node.last_words();
    }
    restart_after(node, Duration(random_.below(static_cast<std::uint64_t>(restart_at_most.count()))));
  }
  schedule(look_interval, [this] { look_after_nodes(); });
}

void Nemesis::restart_after(SimNode& node, Duration downtime) {
  Care& cared = care(node);
  if (cared.restart_waits) return;
  cared.restart_waits = true;
  schedule(downtime, [this, &node] {
    care(node).restart_waits = false;
    if (!node.running()) start(node);
  });
}

void Nemesis::start(SimNode& node) {
  Care& cared = care(node);
  if (cared.broken || cared.outside) return;
  if (cared.holds_of != NodeId(0)) return start_elsewhere(node);
  cared.may_end = false;
  cared.was_full = cared.full;
  cared.seen_to = false;
  if (const auto before = std::exchange(cared.before_start, nullptr)) before(node);
  const auto refused = node.try_start();
  if (!refused) return;
  if (cared.may_end || cared.full) return;   // it is tried again
  if (cared.damaged && is_needed(*refused)) return stays_down(node);
  if (!finding_) {
    finding_ = "node " + std::to_string(node.id().value) + " does not start, though " +
               (cared.damaged ? "the others have what is damaged: " : "nothing harmed its disk: ") + *refused;
  }
}

// The one that nobody can do without does not give up what it has. All other damage is repaired without a hand.
bool Nemesis::is_needed(const std::string& refused) { return refused.find("only voter") != std::string::npos; }

bool Nemesis::ended_for_space(const SimNode& node) {
  const Care& cared = care(node);
  return cared.full || (cared.was_full && node.last_words().find("no space is left") != std::string::npos);
}

void Nemesis::stays_down(SimNode& node) {
  care(node).broken = true;
  say("node " + std::to_string(node.id().value) + " stays down: its data is damaged, and it is the only voter");
}

// -- healing ------------------------------------------------------------------------------------------------------

std::set<NodeId> Nemesis::leave_a_majority() {
  ++phase_;
  for (const auto& [number, undo] : std::exchange(undos_, {})) undo();
  cluster_.world().clear_interrupt();
  cluster_.fabric().heal();
  cluster_.fabric().options() = calm_;
  std::vector<SimNode*> healthy;
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    care(node).restart_waits = false;
    care(node).before_start = nullptr;
    node.forgive();
    if (!care(node).damaged) healthy.push_back(&node);
  }
  for (std::size_t i = healthy.size(); i > 1; --i) std::swap(healthy[i - 1], healthy[random_.below(i)]);
  // As few as are enough (I15): a majority of the voters, which may be fewer than a majority of the nodes, or more.
  note_all_beliefs();
  std::set<NodeId> core;
  std::size_t size = 0;
  while (size < healthy.size() && !enough(core, true)) core.insert(healthy[size++]->id());
  if (!enough(core)) return {};
  if (size < healthy.size() && random_.chance(0.3)) core.insert(healthy[size]->id());
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    node.resume();
    if (core.contains(node.id())) {
      if (!node.running()) start(node);
      continue;
    }
    leave_broken(node);
  }
  schedule(look_interval, [this] { look_after_nodes(); });
  take_all_in();
  return core;
}

bool Nemesis::leads(SimNode& node) {
  return node.running() && node.node().replication().status().role == raft::Role::leader;
}

// Who is not of the majority: without power, stopped, or with cables that carry one way only, or nothing.
void Nemesis::leave_broken(SimNode& node) {
  care(node).restart_waits = true;   // nobody starts it
  const bool people = random_.chance(0.5);
  switch (random_.below(5)) {
    case 0:
      if (node.running()) node.crash();
      say("node " + std::to_string(node.id().value) + " stays down");
      return;
    case 1:
      node.pause();
      say("node " + std::to_string(node.id().value) + " stays stopped");
      return;
    case 2: return leave_cut(node, around(node.host(), true, true, people), "nobody hears it, it hears nobody");
    case 3:
      // A leader that is still heard may have just found another voter silent: then the change that takes that one's
      // vote reaches who is left, can't be committed, and those two wait for this leader (README's table;
      // seed 50869). That is another voter's silence on top of this fault.
      if (leads(node)) return leave_cut(node, around(node.host(), true, true, people), "nobody hears it");
      return leave_cut(node, around(node.host(), true, false, people), "it hears nobody");
    default: return leave_cut(node, around(node.host(), false, true, people), "nobody hears it");
  }
}

void Nemesis::leave_cut(SimNode& node, const Cables& cables, const std::string& how) {
  for (const auto& [from, to] : cables) cluster_.fabric().part(from, to);
  say("node " + std::to_string(node.id().value) + " stays cut off: " + how);
}

void Nemesis::heal_all() {
  ++phase_;
  say("everything is healed");
  cluster_.fabric().heal();
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    care(node).restart_waits = false;
    node.resume();
    if (!node.running()) start(node);
  }
  schedule(look_interval, [this] { look_after_nodes(); });
  take_all_in();
}

}  // namespace parley::sim
