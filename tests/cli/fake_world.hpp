#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/random.hpp"
#include "net/clock.hpp"
#include "net/entropy.hpp"

namespace parley::cli {

// Virtual time on one io_context: whatever is ready runs, then time jumps to the next deadline.
class FakeWorld final : public net::Clock, public net::Entropy {
 public:
  ~FakeWorld() override;

  boost::asio::io_context& context() { return context_; }
  TimePoint now() const override { return now_; }
  WallTime wall_now() const override { return WallTime{1'700'000'000'000}; }
  std::unique_ptr<net::Alarm> make_alarm() override;
  void fill(void* bytes, std::size_t size) override;

  // False: the condition did not come true within that (virtual) time.
  bool run_until(const std::function<bool()>& condition, Duration at_most = std::chrono::seconds(60));
  void run_for(Duration duration);

 private:
  friend class FakeAlarm;
  using Key = std::pair<TimePoint, std::uint64_t>;

  boost::asio::io_context context_{1};
  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t armed_ = 0;
  std::map<Key, boost::asio::any_completion_handler<void()>> parked_;
  Random random_{42};
};

}  // namespace parley::cli
