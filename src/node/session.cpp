#include "node/session.hpp"

#include <utility>

#include "node/limits.hpp"
#include "node/session_notify.hpp"

namespace parley::node {
Session::Session(std::uint64_t number, std::shared_ptr<net::Connection> connection, net::Clock& clock,
                 std::size_t outbox_max)
    : number_(number),
      connection_(std::move(connection)),
      clock_(clock),
      outbox_max_(outbox_max),
      address_(address_of(connection_->remote())),
      since_(clock.now()),
      ready_(clock.make_alarm()),
      room_(clock.make_alarm()) {}

net::awaitable<void> Session::read_loop(std::shared_ptr<Session> session, RequestHandler& handler) {
  while (!session->ended_) {
    if (session->under_way_ >= under_way_max) {
      co_await session->room_->wait_until(never);
      continue;
    }
    auto text = co_await session->connection_->read();
    if (!text || session->ended_) break;
    session->spoke_ = true;
    handler.handle(session, std::move(*text));
  }
  if (!session->ended_) session->hang_up();
}

net::awaitable<void> Session::write_loop(std::shared_ptr<Session> session) {
  for (;;) {
    if (session->outbox_.empty()) {
      if (session->ended_) break;
      co_await session->ready_->wait_until(never);
      continue;
    }
    const auto frame = std::move(session->outbox_.front());
    session->outbox_.pop_front();
    session->outbox_bytes_ -= frame->size();
    std::string bytes = *frame;
    const bool written = co_await session->connection_->write(std::move(bytes));
    if (!written) break;
  }
  session->ended_ = true;
  session->connection_->close(session->reason_);
  session->room_->ring();
}

void Session::push(Frame frame) {
  if (ended_) return;
  if (outbox_.size() >= outbox_max_ || outbox_bytes_ + frame->size() > outbox_bytes_max) return end("slow_reader");
  outbox_bytes_ += frame->size();
  outbox_.push_back(std::move(frame));
  ready_->ring();
}

void Session::end(std::string_view reason) {
  if (ended_) return;
  ended_ = true;
  reason_ = reason;
  if (reason == "slow_reader") {  // what it did not take it will read from its cursor
    outbox_.clear();
    outbox_bytes_ = 0;
  }
  auto last = closing_frame(reason);
  outbox_bytes_ += last->size();
  outbox_.push_back(std::move(last));
  close_at_ = clock_.now() + closing_grace;
  ready_->ring();
  room_->ring();
}

void Session::retire(std::string_view reason) {
  if (ended_) return;
  retires_for_ = reason;
  if (under_way_ == 0) end(reason);
}

void Session::hang_up() {
  ended_ = true;
  outbox_.clear();
  outbox_bytes_ = 0;
  connection_->close(reason_);
  ready_->ring();
  room_->ring();
}

void Session::end_request() {
  --under_way_;
  if (under_way_ == under_way_max - 1) room_->ring();
  if (under_way_ == 0 && retiring()) end(retires_for_);
}

}  // namespace parley::node
