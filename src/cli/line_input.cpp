#include "cli/line_input.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"

namespace parley::cli {

struct LineInput::Shared {
  std::mutex mutex;
  std::condition_variable room;         // the reader waits when lines_max are waiting
  std::deque<std::string> lines;
  bool ended = false;                   // of the input
  bool closing = false;                 // of this object
  std::unique_ptr<net::Alarm> alarm;    // touched on the strand only
};

LineInput::LineInput(boost::asio::any_io_executor executor, net::Clock& clock, int descriptor)
    : executor_(std::move(executor)),
      descriptor_(descriptor),
      wake_(::eventfd(0, EFD_CLOEXEC)),
      shared_(std::make_shared<Shared>()) {
  PARLEY_ASSERT(wake_ >= 0, "an eventfd can be made");
  shared_->alarm = clock.make_alarm();
  thread_ = std::thread(&LineInput::read_loop, this);
}

LineInput::~LineInput() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closing = true;
  }
  shared_->room.notify_all();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  thread_.join();
  ::close(wake_);
}

net::awaitable<std::optional<std::string>> LineInput::next() {
  for (;;) {
    bool ended = stopped_;
    std::optional<std::string> line;
    {
      const std::lock_guard lock(shared_->mutex);
      if (!ended && !shared_->lines.empty()) {
        line = std::move(shared_->lines.front());
        shared_->lines.pop_front();
      }
      ended = ended || shared_->ended;
    }
    if (line) {
      shared_->room.notify_all();
      co_return line;
    }
    if (ended) co_return std::nullopt;
    co_await shared_->alarm->wait_until(never);
  }
}

void LineInput::stop() {
  stopped_ = true;
  shared_->alarm->ring();
}

// Hands a line (or, empty and `ended`, the end) to the strand; false: this object is closing.
bool LineInput::deliver(std::string line) {
  std::unique_lock lock(shared_->mutex);
  shared_->room.wait(lock, [this] { return shared_->closing || shared_->lines.size() < lines_max; });
  if (shared_->closing) return false;
  shared_->lines.push_back(std::move(line));
  boost::asio::post(executor_, [shared = shared_] { shared->alarm->ring(); });
  return true;
}

void LineInput::read_loop() {
  std::string pending;
  for (;;) {
    pollfd waiting[2] = {{descriptor_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0 && errno != EINTR) break;
    if (waiting[1].revents != 0) return;
    if (waiting[0].revents == 0) continue;
    char bytes[4096];
    const ssize_t count = ::read(descriptor_, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) break;
    for (ssize_t i = 0; i < count; ++i) {
      if (bytes[i] != '\n') pending += bytes[i];
      if (bytes[i] != '\n' && pending.size() < line_max) continue;
      if (!deliver(std::exchange(pending, {}))) return;
    }
  }
  if (!pending.empty() && !deliver(std::move(pending))) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->ended = true;
  boost::asio::post(executor_, [shared = shared_] { shared->alarm->ring(); });
}

}  // namespace parley::cli
