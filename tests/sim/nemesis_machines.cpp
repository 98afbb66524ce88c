#include <algorithm>

#include "sim/nemesis.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t await_most = 2000;        // handlers till a crash at one
constexpr Duration stop_patience = 20s;           // then SIGKILL, as systemd would
constexpr std::int64_t drift_most_ppm = 50'000;   // C3: 5 %
constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

}  // namespace

void Nemesis::end_life(SimNode& node, bool power, Duration downtime) {
  if (node.running()) {
    if (power) node.crash();
    else node.kill();
  }
  restart_after(node, downtime);
}

bool Nemesis::machine_fault(const FaultEvent& event, Random& random) {
  SimNode& any = any_node(random);
  SimNode& leader = *leader_or_any(random);
  switch (event.fault) {
    case Fault::kill: end_life(any, false, event.lasts); return true;
    case Fault::leader_kill: end_life(leader, false, event.lasts); return true;
    case Fault::power_cut: end_life(any, true, event.lasts); return true;
    case Fault::leader_power_cut: end_life(leader, true, event.lasts); return true;
    case Fault::all_power_cut:
      for (std::size_t i = 1; i <= cluster_.size(); ++i) {
        const Duration apart = Duration(random.below(static_cast<std::uint64_t>(event.lasts.count()) + 1));
        end_life(cluster_.node(i), true, event.lasts + apart);
      }
      return true;
    case Fault::crash_at_await: {
      const bool power = random.chance(0.5);
      SimNode& node = random.chance(0.5) ? leader : any;
      cluster_.world().interrupt_after(1 + random.below(await_most), [this, &node, power, lasts = event.lasts] {
        end_life(node, power, lasts);
      });
      return true;
    }
    case Fault::crash_at_write: {
      SimNode& node = random.chance(0.5) ? leader : any;
      if (!node.running()) return false;
      care(node).may_end = true;
      node.lose_power_after(random.below(std::uint64_t{1} << random.below(9)), random.below(8) * store::sector_size);
      return true;
    }
    case Fault::crash_loop: crash_loop(any, cluster_.world().now() + event.lasts, random.fork()); return true;
    case Fault::overload: return overload(event.lasts, random);
    case Fault::stop: stop(any, event.lasts); return true;
    case Fault::leader_stop: stop(leader, event.lasts); return true;
    case Fault::rolling_restart: rolling_restart(event.lasts); return true;
    case Fault::pause:
    case Fault::leader_pause: {
      SimNode& node = event.fault == Fault::pause ? any : leader;
      if (!node.running()) return false;
      say("node " + std::to_string(node.id().value) + " is paused for " +
          std::to_string(event.lasts.count() / 1'000'000) + " ms");
      if (talk_) talk_(node.id());   // what it finds waiting it takes up as if it still led
      node.pause();
      hold(event.lasts, [this, &node] {
        say("node " + std::to_string(node.id().value) + " goes on");
        node.resume();
      });
      return true;
    }
    default: return false;
  }
}

// Crashes, starts, crashes while it starts or soon after.
void Nemesis::crash_loop(SimNode& node, TimePoint until, Random random) {
  if (cluster_.world().now() >= until) return;
  if (node.running()) {
    if (random.chance(0.5)) node.crash();
    else node.kill();
  }
  const std::uint64_t changes = random.below(std::uint64_t{1} << random.below(8));
  const std::uint64_t bytes = random.below(8) * store::sector_size;
  if (random.chance(0.7)) {
    care(node).before_start = [this, changes, bytes](SimNode& starting) {
      care(starting).may_end = true;
      starting.lose_power_after(changes, bytes);
    };
  }
  restart_after(node, milliseconds(1 + static_cast<std::int64_t>(random.below(200))));
  const Duration next = milliseconds(50 + static_cast<std::int64_t>(random.below(1000)));
  schedule(next, [this, &node, until, random] { crash_loop(node, until, random); });
}

void Nemesis::stop(SimNode& node, Duration downtime) {
  if (!node.running() || node.paused()) return;
  Care& cared = care(node);
  cared.may_end = true;
  node.ask_to_stop();
  schedule(stop_patience, [this, &node] {
    if (node.running() && care(node).may_end) node.kill();
  });
  restart_after(node, downtime);   // if it is still stopping by then, look_after_nodes starts it later
}

void Nemesis::rolling_restart(Duration pause) {
  for (std::size_t i = 1; i <= cluster_.size(); ++i) {
    schedule(static_cast<std::int64_t>(i) * (pause + 1s), [this, i, pause] { stop(cluster_.node(i), pause); });
  }
}

// Everybody does as much as they can.
bool Nemesis::overload(Duration lasts, Random& random) {
  if (!hurry_) return false;
  const auto factor = static_cast<double>(5 + random.below(40));
  say("people hurry for " + std::to_string(lasts.count() / 1'000'000) + " ms");
  hurry_(factor);
  hold(lasts, [this] { hurry_(1); });
  return true;
}

bool Nemesis::clock_fault(const FaultEvent& event, Random& random) {
  SimNode& node = any_node(random);
  switch (event.fault) {
    case Fault::wall_jump: {
      const auto by = milliseconds(static_cast<std::int64_t>(random.below(2 * day_ms)) - day_ms);
      say("the wall clock of node " + std::to_string(node.id().value) + " jumps by " + std::to_string(by.count()) +
          " ms");
      node.clock().set_wall_offset(node.clock().wall_offset() + by);
      return true;
    }
    case Fault::wall_strobe:
      for (Duration at{0}; at < event.lasts; at += 100ms) {
        const auto offset = milliseconds(static_cast<std::int64_t>(random.below(20'000)) - 10'000);
        schedule(at, [&node, offset] { node.clock().set_wall_offset(offset); });
      }
      return true;
    case Fault::ten_years:
      say("the wall clock of node " + std::to_string(node.id().value) + " is ten years ahead");
      node.clock().set_wall_offset(milliseconds(3652 * day_ms));
      return true;
    case Fault::drift:
      for (std::size_t i = 1; i <= cluster_.size(); ++i) {
        const auto ppm = static_cast<std::int64_t>(random.below(2 * drift_most_ppm)) - drift_most_ppm;
        cluster_.node(i).clock().set_drift(ppm);
      }
      say("steady clocks drift");
      return true;
    default: return false;
  }
}

}  // namespace parley::sim
