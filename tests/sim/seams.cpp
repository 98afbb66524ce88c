#include "sim/seams.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/digest.hpp"

namespace parley::sim {
namespace {

namespace asio = boost::asio;

// 2026-01-01 UTC: simulated wall clocks begin near it.
constexpr std::int64_t wall_epoch_ms = 1'767'225'600'000;

constexpr std::int64_t million = 1'000'000;

// An alarm whose deadlines are shown by the machine's clock.
class MachineAlarm final : public net::Alarm {
 public:
  MachineAlarm(World& world, Life life, const MachineClock& machine) : alarm_(world, life), machine_(machine) {}
  awaitable<void> wait_until(TimePoint deadline) override { return alarm_.wait_until(machine_.when(deadline)); }
  void ring() override { alarm_.ring(); }

 private:
  SimAlarm alarm_;
  const MachineClock& machine_;
};

// a * b / c without the overflow that hours of nanoseconds times a million would be; b and c are about a million.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) { return a / c * b + a % c * b / c; }

}  // namespace

awaitable<void> SimAlarm::wait_until(TimePoint deadline) {
  auto park = [this, deadline](auto handler) { parked_ = world_.park(life_, deadline, std::move(handler)); };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(park, asio::use_awaitable);
}

void SimAlarm::ring() { world_.wake(std::exchange(parked_, {})); }

// -- clocks -------------------------------------------------------------------------------------------------------

TimePoint MachineClock::shown_at(TimePoint world_time) const {
  const auto passed = (world_time - anchor_).count();
  return shown_ + Duration(passed + scaled(passed, ppm_, million));
}

TimePoint MachineClock::when(TimePoint time) const {
  if (time == never || time <= shown_) return time == never ? never : long_ago;
  const auto wanted = (time - shown_).count();
  TimePoint found = anchor_ + Duration(scaled(wanted, million, million + ppm_));
  while (shown_at(found) < time) found += Duration(1);
  return found;
}

WallTime MachineClock::wall_now() const {
  const auto since_start = std::chrono::duration_cast<milliseconds>(world_.now().time_since_epoch());
  return WallTime{wall_epoch_ms + since_start.count() + wall_offset_.count()};
}

void MachineClock::set_start(Duration since_boot) {
  anchor_ = world_.now();
  shown_ = TimePoint(since_boot);
}

void MachineClock::set_drift(std::int64_t parts_per_million) {
  shown_ = now();
  anchor_ = world_.now();
  ppm_ = parts_per_million;
}

std::unique_ptr<net::Alarm> SimClock::make_alarm() { return std::make_unique<MachineAlarm>(world_, life_, machine_); }

// -- workers ------------------------------------------------------------------------------------------------------

Duration SimWorkers::draw(Duration least, Duration most) {
  const auto spread = static_cast<std::uint64_t>((most - least).count());
  return least + Duration(static_cast<Duration::rep>(random_.between(0, spread)));
}

awaitable<void> SimWorkers::wait_until(net::Lane lane, TimePoint time) {
  SimAlarm alarm(world_, life_);
  for (;;) {
    const TimePoint until = std::max(time, lanes_[lane].stalled_until);
    if (world_.now() >= until) co_return;
    co_await alarm.wait_until(until);
  }
}

awaitable<void> SimWorkers::run(net::Lane lane, std::function<void()> work) {
  auto& state = lanes_[lane];   // a map's references stay valid while others come
  const LaneDelay delay = delays_[lane];
  const Duration takes = draw(delay.least, delay.most);
  Job job;
  job.work = &work;
  job.begin = std::max(world_.now(), state.free_at);
  state.free_at = job.begin + takes;
  state.jobs.push_back(&job);
  const TimePoint does = job.begin + draw(Duration(0), takes);
  co_await wait_until(lane, does);
  SimAlarm turn(world_, life_);
  while (state.jobs.front() != &job) co_await turn.wait_until(world_.now() + std::chrono::microseconds(10));
  std::exception_ptr failure;
  try {
    work();
    if (power_) power_();
  } catch (...) {
    failure = std::current_exception();
  }
  job.done = true;
  co_await wait_until(lane, job.begin + takes);
  state.jobs.remove(&job);
  if (failure) std::rethrow_exception(failure);
}

std::size_t SimWorkers::queued(net::Lane lane) const {
  const auto found = lanes_.find(lane);
  return found == lanes_.end() ? 0 : found->second.jobs.size();
}

void SimWorkers::stall(net::Lane lane, TimePoint until) {
  auto& state = lanes_[lane];
  state.stalled_until = std::max(state.stalled_until, until);
  state.free_at = std::max(state.free_at, until);
}

void SimWorkers::interrupt(const std::function<void()>& before) {
  for (auto& [lane, state] : lanes_) {
    if (state.jobs.empty() || world_.now() < state.stalled_until) continue;
    Job& job = *state.jobs.front();
    if (job.done || world_.now() < job.begin) continue;
    before();
    try {
      (*job.work)();
    } catch (...) {   // the power went while it wrote
    }
    job.done = true;
  }
}

void SimEntropy::fill(void* bytes, std::size_t size) {
  auto* out = static_cast<unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(random_.next());
}

std::string SimHasher::hash(const std::string& password) { return "$sim$" + digest(password).hex(); }

bool SimHasher::verify(const std::string& phc, const std::string& password) { return phc == hash(password); }

}  // namespace parley::sim
