#include "sim/world.hpp"

#include <xxhash.h>

#include <algorithm>
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
  std::vector<Event> dying;   // frames may end alarms of their own while they die: not inside the loop
  for (std::size_t place = 0; place < events_waiting_.size(); ++place) {
    if (events_waiting_[place] && events_waiting_[place]->life == life) dying.push_back(disarm(place));
  }
  auto context = std::move(found->second.context);
  lives_.erase(found);
  paused_.erase(life);
  dying.clear();
  context.reset();
  ready_.erase(life);
}

void World::schedule(TimePoint at, std::function<void()> action) {
  arm(at, Event{0, 0, nullptr, std::move(action)});
}

World::Key World::arm(TimePoint at, Event event) {
  event.number = ++sequence_;
  if (free_places_.empty()) {
    free_places_.push_back(events_waiting_.size());
    events_waiting_.emplace_back();
  }
  const Key key{free_places_.back(), event.number};
  free_places_.pop_back();
  events_waiting_[key.place].emplace(std::move(event));
  if (at == never) return key;
  timeline_.push_back({std::max(at, now_), key.number, key.place});
  std::push_heap(timeline_.begin(), timeline_.end());
  if (timeline_.size() > 1024 && timeline_.size() > 4 * events_waiting_.size()) forget_what_woke_early();
  return key;
}

World::Event World::disarm(std::size_t place) {
  Event event = std::move(*events_waiting_[place]);
  events_waiting_[place].reset();
  free_places_.push_back(place);
  return event;
}

bool World::stands(const Due& due) const {
  const auto& event = events_waiting_[due.place];
  return event && event->number == due.number;
}

void World::forget_what_woke_early() {
  std::erase_if(timeline_, [this](const Due& due) { return !stands(due); });
  std::make_heap(timeline_.begin(), timeline_.end());
}

void World::interrupt_after(std::uint64_t handlers, std::function<void()> action) {
  PARLEY_ASSERT(handlers > 0, "handlers are counted from 1");
  interrupt_in_ = handlers;
  interrupt_ = std::move(action);
}

World::Key World::park(Life life, TimePoint deadline, Handler handler) {
  PARLEY_ASSERT(lives_.contains(life), "only the living wait");
  return arm(deadline, Event{0, life, std::move(handler), nullptr});
}

void World::wake(Key parked) {
  if (parked.number == 0 || !stands({never, parked.number, parked.place})) return;
  Event event = disarm(parked.place);
  post(event.life, std::move(event.handler));
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
  const auto drop_first = [this] {
    std::pop_heap(timeline_.begin(), timeline_.end());
    timeline_.pop_back();
  };
  while (!timeline_.empty() && !stands(timeline_.front())) drop_first();
  if (timeline_.empty() || stopped_ || timeline_.front().at > until) return false;
  const Due due = timeline_.front();
  drop_first();
  now_ = due.at;
  ++events_;
  if (Event event = disarm(due.place); event.life != 0) {
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
