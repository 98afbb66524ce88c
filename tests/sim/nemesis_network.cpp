#include <algorithm>

#include "sim/nemesis.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

Duration part_of(Duration whole, double share) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * share));
}

}  // namespace

bool Nemesis::network_fault(const FaultEvent& event, Random& random) {
  const Host one = any_node(random).host();
  const Host other = static_cast<Host>(1 + (one + random.below(cluster_.size() - 1)) % cluster_.size());
  const bool people = random.chance(0.5);
  switch (event.fault) {
    case Fault::weather:
    case Fault::loss:
    case Fault::bandwidth:
    case Fault::frames: spell(event, random); return true;
    case Fault::reset:
      say("reset between " + std::to_string(one) + " and " + std::to_string(other));
      cluster_.fabric().break_links(one, other);
      return true;
    case Fault::partition: partition(event, random); return true;
    case Fault::one_way:
      if (random.chance(0.5)) cut({{one, other}}, event.lasts);
      else cut(around(one, random.chance(0.5), false, people), event.lasts);
      return true;
    case Fault::mesh: {
      Cables cables;
      for (Host a = 1; a <= cluster_.size(); ++a) {
        for (Host b = a + 1; b <= cluster_.size(); ++b) {
          if (random.chance(0.4)) cables.insert(cables.end(), {{a, b}, {b, a}});
        }
      }
      cut(std::move(cables), event.lasts);
      return true;
    }
    case Fault::flap: flap(event, random); return true;
    case Fault::swizzle: swizzle(event, random); return true;
    case Fault::leader_cut: cut_leader(event, random); return true;
    case Fault::client_cut: {
      if (people_.empty()) return false;
      const Host person = people_[random.below(people_.size())];
      const bool all = random.chance(0.4);
      Cables cables;
      for (Host node = 1; node <= cluster_.size(); ++node) {
        if (all || node == one) cables.insert(cables.end(), {{person, node}, {node, person}});
      }
      cut(std::move(cables), event.lasts);
      return true;
    }
    default: return false;
  }
}

void Nemesis::cut(Cables cables, Duration lasts) {
  std::string text = "cut";
  for (const auto& [from, to] : cables) {
    cluster_.fabric().part(from, to);
    text += " " + std::to_string(from) + ">" + std::to_string(to);
  }
  say(text + " for " + std::to_string(lasts.count() / 1'000'000) + " ms");
  hold(lasts, [this, cables = std::move(cables)] {
    std::string joined = "join";
    for (const auto& [from, to] : cables) {
      cluster_.fabric().join(from, to);
      joined += " " + std::to_string(from) + ">" + std::to_string(to);
    }
    say(joined);
  });
}

// All cables of a node to other nodes, and to people.
Nemesis::Cables Nemesis::around(Host node, bool in, bool out, bool people) const {
  if (!in && !out) out = true;
  std::vector<Host> others;
  for (Host other = 1; other <= cluster_.size(); ++other) {
    if (other != node) others.push_back(other);
  }
  if (people) others.insert(others.end(), people_.begin(), people_.end());
  Cables cables;
  for (const Host other : others) {
    if (in) cables.emplace_back(other, node);
    if (out) cables.emplace_back(node, other);
  }
  return cables;
}

// Half of the people stand on one side, too; the others reach all nodes.
void Nemesis::split_people(const std::vector<bool>& side, Random& random, Cables& cables) const {
  for (const Host person : people_) {
    if (random.chance(0.5)) continue;
    const bool here = random.chance(0.5);
    for (Host node = 1; node <= cluster_.size(); ++node) {
      if (side[node] != here) cables.insert(cables.end(), {{person, node}, {node, person}});
    }
  }
}

void Nemesis::partition(const FaultEvent& event, Random& random) {
  const std::size_t nodes = cluster_.size();
  std::vector<bool> side(nodes + 1);
  std::uint64_t kind = random.below(4);   // one alone; a drawn part; a ring of overlapping majorities; a bridge
  if (kind == 2 && nodes == 3) kind = 3;  // three in a ring are all neighbours
  const auto first = static_cast<Host>(1 + random.below(nodes));
  std::size_t many = 1;
  if (kind == 1) many = 1 + random.below(nodes - 1);
  for (std::size_t i = 0; i < many; ++i) side[1 + (first - 1 + i) % nodes] = true;
  Cables cables;
  const auto half = [&](Host node) { return (node + nodes - first) % nodes <= (nodes - 1) / 2; };
  for (Host a = 1; a <= nodes; ++a) {
    for (Host b = 1; b <= nodes; ++b) {
      if (a == b) continue;
      const auto distance = (b + nodes - a) % nodes;
      const bool neighbours = distance == 1 || distance == nodes - 1;
      const bool ring = kind == 2 && !neighbours;
      const bool bridge = kind == 3 && a != first && b != first && half(a) != half(b);   // `first` reaches both
      if ((kind < 2 && side[a] != side[b]) || ring || bridge) cables.emplace_back(a, b);
    }
  }
  if (kind < 2) split_people(side, random, cables);
  cut(std::move(cables), event.lasts);
}

void Nemesis::cut_leader(const FaultEvent& event, Random& random) {
  SimNode* const leading = leader_or_any(random);
  const Host leader = leading->host();
  if (talk_) talk_(leading->id());   // so that it holds what nobody else has, and has to give it up afterwards
  switch (random.below(4)) {
    case 0: return cut(around(leader, true, true, false), event.lasts);   // people still reach it
    case 1: return cut(around(leader, true, false, false), event.lasts);
    case 2: return cut(around(leader, false, true, false), event.lasts);
    default: break;   // it keeps one follower
  }
  Cables cables = around(leader, true, true, false);
  const auto kept = static_cast<Host>(1 + (leader + random.below(cluster_.size() - 1)) % cluster_.size());
  std::erase_if(cables, [&](const auto& cable) { return cable.first == kept || cable.second == kept; });
  cut(std::move(cables), event.lasts);
}

void Nemesis::flap(const FaultEvent& event, Random& random) {
  const auto one = static_cast<Host>(1 + random.below(cluster_.size()));
  const auto other = static_cast<Host>(1 + (one + random.below(cluster_.size() - 1)) % cluster_.size());
  const Duration period = 20ms * (std::int64_t{1} << random.below(8));
  for (Duration at{0}; at < event.lasts; at += 2 * period) {
    schedule(at, [this, one, other, period] {
      cut({{one, other}, {other, one}}, period);
    });
  }
}

void Nemesis::swizzle(const FaultEvent& event, Random& random) {
  for (Host node = 1; node <= cluster_.size(); ++node) {
    if (random.chance(0.4)) continue;
    const Duration from = part_of(event.lasts, random.unit() / 2);
    const Duration until = part_of(event.lasts, 0.5 + random.unit() / 2);
    const bool people = random.chance(0.5);
    schedule(from, [this, node, people, lasts = until - from] { cut(around(node, true, true, people), lasts); });
  }
}

// Cables are worse for a while.
void Nemesis::spell(const FaultEvent& event, Random& random) {
  FabricOptions& now = cluster_.fabric().options();
  switch (event.fault) {
    case Fault::weather:
      now.latency_most = now.latency_least + milliseconds(1 + static_cast<std::int64_t>(random.below(40)));
      now.jitter_mean = milliseconds(static_cast<std::int64_t>(random.below(60)));
      break;
    case Fault::loss: now.lost = random.unit() * 0.1; break;
    case Fault::bandwidth: now.bytes_per_second = 20'000 << random.below(6); break;
    default:
      now.frame_lost = random.chance(0.5) ? random.unit() * 0.2 : 0;
      now.frame_doubled = random.chance(0.5) ? random.unit() * 0.2 : 0;
      now.frame_swapped = random.chance(0.5) ? random.unit() * 0.2 : 0;
      now.frame_replayed = random.chance(0.5) ? random.unit() * 0.2 : 0;
  }
  say(std::string(info(event.fault).name) + " begins");
  hold(event.lasts, [this, fault = event.fault] {
    say(std::string(info(fault).name) + " ends");
    cluster_.fabric().options() = calm_;   // other spells end with it
  });
}

}  // namespace parley::sim
