#include "sim/seams.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/digest.hpp"

namespace parley::sim {
namespace {

namespace asio = boost::asio;

// 2026-01-01 UTC: simulated wall clocks begin near it.
constexpr std::int64_t wall_epoch_ms = 1'767'225'600'000;

}  // namespace

awaitable<void> SimAlarm::wait_until(TimePoint deadline) {
  auto park = [this, deadline](auto handler) { parked_ = world_.park(life_, deadline, std::move(handler)); };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(park, asio::use_awaitable);
}

void SimAlarm::ring() { world_.wake(std::exchange(parked_, 0)); }

WallTime SimClock::wall_now() const {
  const auto since_start = std::chrono::duration_cast<milliseconds>(world_.now().time_since_epoch());
  return WallTime{wall_epoch_ms + since_start.count() + wall_offset_.count()};
}

awaitable<void> SimWorkers::wait_until(TimePoint time) {
  SimAlarm alarm(world_, life_);
  while (world_.now() < time) co_await alarm.wait_until(time);
}

awaitable<void> SimWorkers::run(net::Lane lane, std::function<void()> job) {
  const LaneDelay delay = delays_[lane];
  const auto spread = static_cast<std::uint64_t>((delay.most - delay.least).count());
  const Duration takes = delay.least + Duration(static_cast<Duration::rep>(random_.between(0, spread)));
  const TimePoint begin = std::max(world_.now(), free_at_[lane]);
  free_at_[lane] = begin + takes;
  ++queued_[lane];
  co_await wait_until(begin);
  std::exception_ptr failure;
  try {
    job();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await wait_until(begin + takes);
  --queued_[lane];
  if (failure) std::rethrow_exception(failure);
}

std::size_t SimWorkers::queued(net::Lane lane) const {
  const auto found = queued_.find(lane);
  return found == queued_.end() ? 0 : found->second;
}

void SimEntropy::fill(void* bytes, std::size_t size) {
  auto* out = static_cast<unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(random_.next());
}

std::string SimHasher::hash(const std::string& password) { return "$sim$" + digest(password).hex(); }

bool SimHasher::verify(const std::string& phc, const std::string& password) { return phc == hash(password); }

}  // namespace parley::sim
