#include "sim/raw_link.hpp"

#include <boost/json/parse.hpp>
#include <utility>

namespace parley::sim {

namespace json = boost::json;

awaitable<void> RawLink::read_loop(std::shared_ptr<RawLink> link) {
  for (;;) {
    auto text = co_await link->connection_->read();
    if (!text) break;
    link->take(*text);
  }
  link->over();
}

awaitable<std::shared_ptr<RawWait>> RawLink::send(std::string text, std::uint64_t id) {
  if (!open_) co_return nullptr;
  auto waiting = std::make_shared<RawWait>();
  waiting->alarm = clock_.make_alarm();
  waiting_[id] = waiting;
  const bool written = co_await connection_->write(std::move(text));
  if (!written) over();
  co_return waiting;
}

awaitable<void> RawLink::wait(std::shared_ptr<RawWait> waiting, Duration patience) {
  const TimePoint deadline = clock_.now() + patience;
  while (!waiting->response && !waiting->over && clock_.now() < deadline) co_await waiting->alarm->wait_until(deadline);
}

void RawLink::close() {
  connection_->close();
  over();
}

// What a node says is an object, or the judge of nonsense would be told of a missing answer.
void RawLink::take(const std::string& text) {
  boost::system::error_code failure;
  json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) return;
  json::object& message = value.as_object();
  if (message.contains("method")) {
    const auto* params = cli::object_field(message, "params");
    if (cli::text_field(message, "method") != "closing" || params == nullptr) return;
    if (presence != nullptr) presence->closing = cli::text_field(*params, "reason");
    return;
  }
  const auto found = waiting_.find(cli::number_field(message, "id").value_or(0));
  if (found == waiting_.end()) return;
  const auto waiting = found->second;
  waiting_.erase(found);
  waiting->response = std::move(message);
  waiting->alarm->ring();
}

void RawLink::over() {
  if (!std::exchange(open_, false)) return;
  if (presence != nullptr) presence->until = world_.now();
  presence = nullptr;
  attached = 0;
  for (const auto& [id, waiting] : std::exchange(waiting_, {})) {
    waiting->over = true;
    waiting->alarm->ring();
  }
}

}  // namespace parley::sim
