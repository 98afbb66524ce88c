#include "cli/fake_world.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

namespace parley::cli {

namespace asio = boost::asio;

class FakeAlarm final : public net::Alarm {
 public:
  explicit FakeAlarm(FakeWorld& world) : world_(world) {}
  ~FakeAlarm() override { ring(); }

  net::awaitable<void> wait_until(TimePoint deadline) override {
    auto park = [this, deadline](auto handler) {
      key_ = FakeWorld::Key{deadline, ++world_.armed_};
      world_.parked_.emplace(*key_, std::move(handler));
    };
    co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(park, asio::use_awaitable);
  }

  void ring() override {
    if (!key_) return;
    const auto at = world_.parked_.find(*key_);
    key_.reset();
    if (at == world_.parked_.end()) return;
    auto handler = std::move(at->second);
    world_.parked_.erase(at);
    asio::post(world_.context_, std::move(handler));
  }

 private:
  FakeWorld& world_;
  std::optional<FakeWorld::Key> key_;
};

FakeWorld::~FakeWorld() {
  parked_.clear();   // the frames of whatever still waits, before the context they belong to
}

std::unique_ptr<net::Alarm> FakeWorld::make_alarm() { return std::make_unique<FakeAlarm>(*this); }

void FakeWorld::fill(void* bytes, std::size_t size) {
  auto* out = static_cast<unsigned char*>(bytes);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(random_.next());
}

bool FakeWorld::run_until(const std::function<bool()>& condition, Duration at_most) {
  const TimePoint end = now_ + at_most;
  for (;;) {
    context_.restart();
    context_.poll();
    if (condition()) return true;
    if (parked_.empty() || parked_.begin()->first.first > end) {
      now_ = end;
      return condition();
    }
    auto first = parked_.extract(parked_.begin());
    if (first.key().first > now_) now_ = first.key().first;
    asio::post(context_, std::move(first.mapped()));
  }
}

void FakeWorld::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

}  // namespace parley::cli
