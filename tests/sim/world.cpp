#include "sim/world.hpp"

#include <xxhash.h>

#include <boost/asio/post.hpp>

#include "base/assert.hpp"

namespace parley::sim {

std::uint64_t fingerprint(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

World::World(std::uint64_t seed) : now_(std::chrono::hours(1)), random_(seed) {}

World::~World() {
  while (!lives_.empty()) end_life(lives_.begin()->first);
}

Life World::begin_life(std::string name) {
  const Life life = ++last_life_;
  auto context = std::make_unique<boost::asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);  // one thread: no locks
  lives_[life] = LifeState{std::move(name), std::move(context), nullptr};
  return life;
}

boost::asio::io_context& World::context(Life life) {
  ready_.insert(life);
  return *lives_.at(life).context;
}

const std::string& World::name(Life life) const { return lives_.at(life).name; }

void World::on_failure(Life life, std::function<void(std::exception_ptr)> callee) {
  lives_.at(life).failed = std::move(callee);
}

void World::end_life(Life life) {
  const auto found = lives_.find(life);
  if (found == lives_.end()) return;
  std::vector<Event> dying;   // frames may end alarms of their own while they die: not inside the map
  for (auto event = timeline_.begin(); event != timeline_.end();) {
    if (event->second.life != life) {
      ++event;
      continue;
    }
    dying.push_back(std::move(event->second));
    event = timeline_.erase(event);
  }
  auto context = std::move(found->second.context);
  lives_.erase(found);
  paused_.erase(life);
  dying.clear();
  context.reset();
  ready_.erase(life);
}

void World::schedule(TimePoint at, std::function<void()> action) {
  timeline_.emplace(Key(std::max(at, now_), ++sequence_), Event{0, nullptr, std::move(action)});
}

void World::interrupt_after(std::uint64_t handlers, std::function<void()> action) {
  PARLEY_ASSERT(handlers > 0, "handlers are counted from 1");
  interrupt_in_ = handlers;
  interrupt_ = std::move(action);
}

World::Key World::park(Life life, TimePoint deadline, Handler handler) {
  PARLEY_ASSERT(lives_.contains(life), "only the living wait");
  const Key key(std::max(deadline, now_), ++sequence_);
  timeline_.emplace(key, Event{life, std::move(handler), nullptr});
  return key;
}

void World::wake(Key parked) {
  const auto event = parked.second == 0 ? timeline_.end() : timeline_.find(parked);
  if (event == timeline_.end()) return;
  const Life life = event->second.life;
  Handler handler = std::move(event->second.handler);
  timeline_.erase(event);
  post(life, std::move(handler));
}

// Every handler of a life is resumed in the life's own context, so what an executor would say is known already.
void World::post(Life life, Handler handler) {
  boost::asio::post(context(life), [handler = std::move(handler)]() mutable { std::move(handler)(); });
}

// Runs what is ready of one life: all of it, or, while an interrupt waits, one handler.
std::size_t World::poll(Life life, LifeState& state) {
  state.context->restart();
  std::exception_ptr failure;
  std::size_t ran = 0;
  const bool one = interrupt_in_ > 0;
  try {
    ran = one ? state.context->poll_one() : state.context->poll();
  } catch (...) {
    failure = std::current_exception();
    ran = 1;
  }
  if (!failure) {
    if (one && ran > 0) ready_.insert(life);
    if (one) count_to_interrupt(ran);
    return ran;
  }
  auto failed = state.failed;
  if (!failed) std::rethrow_exception(failure);
  failed(failure);   // ends the life, and `state` with it
  PARLEY_ASSERT(!lives_.contains(life), "a process that failed has ended");
  return ran;
}

bool World::poll_all() {
  std::size_t ran = 0;
  for (auto next = ready_.begin(); next != ready_.end() && !stopped_;) {
    const Life life = *next;
    const auto found = lives_.find(life);
    if (!paused_.contains(life)) {
      ready_.erase(next);   // whoever posts something there puts it back
      if (found != lives_.end()) ran += poll(life, found->second);
    }
    next = ready_.upper_bound(life);
  }
  return ran > 0;
}

void World::count_to_interrupt(std::size_t handlers) {
  if (interrupt_in_ == 0 || handlers == 0) return;
  interrupt_in_ -= std::min<std::uint64_t>(interrupt_in_, handlers);
  if (interrupt_in_ > 0) return;
  const auto action = std::exchange(interrupt_, nullptr);
  action();
}

bool World::settle() {
  bool ran = false;
  while (!stopped_ && poll_all()) ran = true;
  return ran;
}

bool World::step(TimePoint until) {
  if (timeline_.empty() || stopped_) return false;
  const TimePoint first = timeline_.begin()->first.first;
  if (first > until || first == never) return false;
  auto node = timeline_.extract(timeline_.begin());
  now_ = node.key().first;
  ++events_;
  if (Event& event = node.mapped(); event.life != 0) {
    post(event.life, std::move(event.handler));
  } else {
    event.action();
  }
  return true;
}

void World::run_until(TimePoint until) {
  run_until([] { return false; }, until - now_);
}

bool World::run_until(const std::function<bool()>& condition, Duration at_most) {
  const TimePoint until = now_ + at_most;
  do {
    if (settle() && look_) look_();
    if (condition()) return true;
  } while (step(until));
  if (!stopped_) now_ = std::max(now_, until);
  return false;
}

void World::mix(std::uint64_t what) {
  const std::uint64_t words[4] = {trace_hash_[0], trace_hash_[1], what,
                                  static_cast<std::uint64_t>(now_.time_since_epoch().count())};
  const auto hash = XXH3_128bits(words, sizeof words);
  trace_hash_[0] = hash.low64;
  trace_hash_[1] = hash.high64;
}

void World::trace(std::string_view line) {
  mix(fingerprint(line));
  if (keep_trace_ || listener_) tell(line);
}

void World::tell(std::string_view line) {
  if (listener_) listener_(now_, line);
  if (keep_trace_) trace_lines_.push_back(std::to_string(now_.time_since_epoch().count()) + " " + std::string(line));
}

Digest World::trace_digest() const {
  return digest(std::string_view(reinterpret_cast<const char*>(trace_hash_), sizeof trace_hash_));
}

}  // namespace parley::sim
