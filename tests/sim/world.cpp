#include "sim/world.hpp"

#include <boost/asio/post.hpp>

#include "base/assert.hpp"

namespace parley::sim {

World::World(std::uint64_t seed) : now_(std::chrono::hours(1)), random_(seed) {}

World::~World() {
  while (!lives_.empty()) end_life(lives_.begin()->first);
}

Life World::begin_life(std::string name) {
  const Life life = ++last_life_;
  lives_[life] = LifeState{std::move(name), std::make_unique<boost::asio::io_context>(1)};
  return life;
}

boost::asio::io_context& World::context(Life life) { return *lives_.at(life).context; }

const std::string& World::name(Life life) const { return lives_.at(life).name; }

void World::end_life(Life life) {
  const auto found = lives_.find(life);
  if (found == lives_.end()) return;
  std::vector<Event> dying;   // frames may end alarms of their own while they die: not inside the map
  for (auto event = timeline_.begin(); event != timeline_.end();) {
    if (event->second.life != life) {
      ++event;
      continue;
    }
    parked_.erase(event->first.second);
    dying.push_back(std::move(event->second));
    event = timeline_.erase(event);
  }
  auto context = std::move(found->second.context);
  lives_.erase(found);
  dying.clear();
  context.reset();
}

void World::schedule(TimePoint at, std::function<void()> action) {
  timeline_.emplace(Key(at, ++sequence_), Event{0, nullptr, std::move(action)});
}

std::uint64_t World::park(Life life, TimePoint deadline, Handler handler) {
  PARLEY_ASSERT(lives_.contains(life), "only the living wait");
  const std::uint64_t id = ++sequence_;
  timeline_.emplace(Key(std::max(deadline, now_), id), Event{life, std::move(handler), nullptr});
  parked_[id] = std::max(deadline, now_);
  return id;
}

void World::wake(std::uint64_t parked) {
  const auto place = parked_.find(parked);
  if (place == parked_.end()) return;
  const auto event = timeline_.find(Key(place->second, parked));
  const Life life = event->second.life;
  Handler handler = std::move(event->second.handler);
  timeline_.erase(event);
  parked_.erase(place);
  boost::asio::post(*lives_.at(life).context, std::move(handler));
}

bool World::poll_all() {
  std::size_t ran = 0;
  for (auto& [life, state] : lives_) {
    state.context->restart();
    ran += state.context->poll();
  }
  return ran > 0;
}

bool World::step(TimePoint until) {
  if (timeline_.empty()) return false;
  const TimePoint first = timeline_.begin()->first.first;
  if (first > until || first == never) return false;
  auto node = timeline_.extract(timeline_.begin());
  now_ = node.key().first;
  ++events_;
  if (Event& event = node.mapped(); event.life != 0) {
    parked_.erase(node.key().second);
    boost::asio::post(*lives_.at(event.life).context, std::move(event.handler));
  } else {
    event.action();
  }
  return true;
}

void World::run_until(TimePoint until) {
  for (;;) {
    while (poll_all()) {
    }
    if (!step(until)) break;
  }
  now_ = std::max(now_, until);
}

bool World::run_until(const std::function<bool()>& condition, Duration at_most) {
  const TimePoint until = now_ + at_most;
  for (;;) {
    while (poll_all()) {
    }
    if (condition()) return true;
    if (!step(until)) break;
  }
  now_ = until;
  return false;
}

void World::trace(std::string_view line) {
  std::string full = std::to_string((now_.time_since_epoch()).count()) + " ";
  full += line;
  Hasher hasher;
  hasher.add(trace_digest_.view());
  hasher.add(full);
  trace_digest_ = hasher.finish();
  if (keep_trace_) trace_lines_.push_back(std::move(full));
}

}  // namespace parley::sim
