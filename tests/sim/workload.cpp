#include "sim/workload.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sim/person.hpp"

namespace parley::sim {
namespace {

constexpr std::array<std::string_view, 12> names = {"anna", "ben",  "clara", "dan",  "eva",  "frank",
                                                    "gina", "hugo", "ida",   "jan",  "kira", "leo"};

std::string name_of(std::size_t number) {
  std::string name(names.at(number % names.size()));
  if (number >= names.size()) name += std::to_string(number / names.size());
  return name;
}

}  // namespace

// Chooses who acts next and when: the rate is that of all together, whoever is away or busy.
struct Workload::Schedule {
  SimCluster& cluster;
  const History& history;
  Random random;
  Habits habits;
  double operations_per_second;
  std::vector<std::unique_ptr<Person>> people;
  bool stopped = false;
  double hurry = 1;

  Duration pause() {
    const double mean = 1e9 / (operations_per_second * hurry);
    return Duration(static_cast<Duration::rep>(random.unit() * 2 * mean) + 1);
  }

  static void go_on(const std::shared_ptr<Schedule>& schedule) {
    const std::weak_ptr<Schedule> weak = schedule;
    World& world = schedule->cluster.world();
    world.schedule(world.now() + schedule->pause(), [weak] {
      const auto alive = weak.lock();
      if (!alive || alive->stopped) return;
      alive->somebody_acts();
      go_on(alive);
    });
  }

  // Until something is asked of the cluster: hanging up is no request.
  void somebody_acts() {
    const std::size_t before = history.operations().size();
    const std::size_t first = random.below(people.size());
    for (std::size_t i = 0; i < people.size() && history.operations().size() == before; ++i) {
      Person& person = *people[(first + i) % people.size()];
      if (person.available()) person.act();
    }
  }
};

Workload::Workload(SimCluster& cluster, std::uint64_t seed, WorkloadOptions options, History& history)
    : history_(history) {
  Random random(seed);
  const Habits habits = Habits::draw(random);
  schedule_ = std::make_shared<Schedule>(
      Schedule{cluster, history, random.fork(), habits, options.operations_per_second, {}, false});
  for (std::size_t i = 0; i < options.people; ++i) {
    std::vector<std::string> others;
    for (std::size_t j = 0; j < options.people; ++j) {
      if (j != i) others.push_back(name_of(j));
    }
    others.insert(others.end(), options.strangers.begin(), options.strangers.end());
    schedule_->people.push_back(std::make_unique<Person>(cluster, person_hosts_begin + static_cast<Host>(i), name_of(i),
                                                         std::move(others), schedule_->habits, random.next(), history));
  }
}

Workload::~Workload() = default;

void Workload::begin() {
  for (const auto& person : schedule_->people) person->arrive();
  Schedule::go_on(schedule_);
}

void Workload::hurry(double factor) { schedule_->hurry = factor; }

void Workload::talk_to(NodeId node) {
  for (const auto& person : schedule_->people) {
    if (!schedule_->stopped && person->uses(node)) person->talk();
  }
}

void Workload::stop() {
  schedule_->stopped = true;
  for (const auto& person : schedule_->people) person->finish();
}

bool Workload::settled() const {
  return std::all_of(schedule_->people.begin(), schedule_->people.end(),
                     [](const auto& person) { return person->settled(); });
}

std::uint64_t Workload::operations() const { return history_.operations().size(); }

std::string Workload::outstanding() const {
  std::string text;
  for (const auto& person : schedule_->people) {
    const std::string theirs = person->outstanding();
    if (!theirs.empty()) text += theirs + "\n";
  }
  return text;
}

}  // namespace parley::sim
