#include "sim/fault_plan.hpp"

#include <algorithm>
#include <cmath>

namespace parley::sim {
namespace {

using namespace std::chrono_literals;

constexpr double fault_chance = 0.5;     // of each, to be in a run
constexpr double rate_spread = 3;        // the mean between two is up to so many times shorter or longer than usual
constexpr double quiet_run_chance = 0.05;
constexpr std::uint64_t plan_salt = 0x706c616e;   // the plan's draws are not the world's

// Each order of magnitude as likely as another.
double log_uniform(Random& random, double low, double high) {
  if (low >= high) return low;
  return std::exp(std::log(low) + random.unit() * (std::log(high) - std::log(low)));
}

Duration draw(Random& random, Duration shortest, Duration longest) {
  const auto low = static_cast<double>(shortest.count());
  return Duration(static_cast<Duration::rep>(log_uniform(random, low, static_cast<double>(longest.count()))));
}

ClusterOptions draw_cluster(Random& random, std::size_t nodes) {
  ClusterOptions options;
  options.nodes = nodes;
  options.log_segment_bytes = std::uint64_t{64 * 1024} << random.below(3);
  const std::uint64_t hasty = random.below(4);
  options.election_timeout = milliseconds(hasty == 0 ? 150 : 300 * static_cast<std::int64_t>(1 + random.below(2)));
  options.heartbeat_interval = options.election_timeout / 6;
  options.fabric.latency_least = draw(random, 20us, 1ms);
  options.fabric.latency_most = options.fabric.latency_least + draw(random, 50us, 5ms);
  return options;
}

void add_events(FaultPlan& plan, Random random, const FaultInfo& row, Duration phase) {
  const double mean = row.mean_seconds * log_uniform(random, 1 / rate_spread, rate_spread);
  Duration at{0};
  for (;;) {
    FaultEvent event;
    event.fault = row.fault;
    if (row.mean_seconds > 0) {
      const double gap = -std::log(1 - random.unit()) * mean;
      at += Duration(static_cast<Duration::rep>(gap * 1e9));
      if (at >= phase) return;
      event.lasts = draw(random, row.shortest, row.longest);
    } else {
      event.lasts = phase;
    }
    event.at = at;
    event.seed = random.next();
    plan.events.push_back(event);
    if (row.mean_seconds == 0) return;
  }
}

}  // namespace

std::string describe(const FaultEvent& event) {
  const auto ms = [](Duration duration) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count()) + " ms";
  };
  return "#" + std::to_string(event.number) + " at " + ms(event.at) + ": " + std::string(info(event.fault).name) +
         " for " + ms(event.lasts);
}

FaultPlan make_plan(std::uint64_t seed, std::size_t nodes, const FaultSet& allowed, Duration faulty_phase) {
  Random random(seed ^ plan_salt);
  FaultPlan plan;
  plan.cluster = draw_cluster(random, nodes);
  plan.from_birth = random.chance(0.2);
  const bool quiet = random.chance(quiet_run_chance);
  const double chance = allowed.size() <= 3 ? 1.0 : fault_chance;   // who names a few wants to see them
  for (const FaultInfo& row : fault_table()) {
    Random own = random.fork();
    const bool in_this_run = own.chance(quiet ? chance / 5 : chance);
    if (!in_this_run || !allowed.contains(row.fault)) continue;
    plan.chosen.insert(row.fault);
    add_events(plan, own, row, faulty_phase);
  }
  if (plan.chosen.contains(Fault::snapshots)) {
    plan.cluster.log_keep_entries = static_cast<std::uint64_t>(log_uniform(random, 5, 200));
    plan.cluster.checkpoint_interval = milliseconds(static_cast<std::int64_t>(log_uniform(random, 500, 10'000)));
  }
  std::stable_sort(plan.events.begin(), plan.events.end(),
                   [](const FaultEvent& a, const FaultEvent& b) { return a.at < b.at; });
  for (std::size_t i = 0; i < plan.events.size(); ++i) plan.events[i].number = i;
  return plan;
}

}  // namespace parley::sim
