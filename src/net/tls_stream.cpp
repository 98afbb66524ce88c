#include "net/tls_stream.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "net/deadline.hpp"
#include "net/peer_connection.hpp"
#include "net/socket.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t read_ahead = 64 * 1024;   // ciphertext asked for at once: many small records with one call
constexpr std::size_t slice_max = 64 * 1024;    // plaintext encrypted at once, so that a long frame isn't held twice

}  // namespace

TlsStream::TlsStream(tcp::socket socket, std::shared_ptr<const PeerSecurity> security, TlsSession::Role role)
    : socket_(std::move(socket)),
      security_(std::move(security)),
      session_(security_->tls, role),
      remote_(remote_name(socket_)),
      arrived_(read_ahead, '\0'),
      role_(role) {
  prepare(socket_, peer_socket_times);
}

awaitable<bool> TlsStream::shake_hands(std::shared_ptr<TlsStream> self, TimePoint deadline) {
  Deadline limit(self->socket_.get_executor(), deadline, [stream = self.get()] { close_gently(stream->socket_); });
  co_await self->exchange();
  self->timed_out_ = limit.expired();
  if (self->timed_out_) self->failure_ = "the TLS handshake was not finished in time";
  if (self->failure_.empty()) co_return true;
  close_gently(self->socket_);
  co_return false;
}

// The handshake; failure_ stays empty if it succeeds.
awaitable<void> TlsStream::exchange() {
  for (;;) {
    const auto state = session_.shake_hands();
    const bool sent = co_await send_ciphertext();   // ours, or the alert that says why not
    if (state == TlsSession::State::failed) {
      failure_ = session_.failure();
      const bool plain_node = session_.heard_plain_text() && role_ == TlsSession::Role::accepts;
      if (plain_node) answer_plain_text(socket_, links_are_encrypted(session_.setting()));
      co_return;
    }
    bool received = true;
    if (sent && state == TlsSession::State::handshaking) received = co_await receive_ciphertext();
    if (!sent || !received) {
      failure_ = "it closed the connection during the TLS handshake";
      co_return;
    }
    if (state == TlsSession::State::open) co_return;
  }
}

awaitable<bool> TlsStream::receive_ciphertext() {
  const auto space = asio::buffer(arrived_);
  const auto received = co_await socket_.async_read_some(space, asio::as_tuple(asio::use_awaitable));
  if (std::get<0>(received)) co_return false;
  heard_ = true;
  session_.receive({arrived_.data(), std::get<1>(received)});
  co_return true;
}

awaitable<std::size_t> TlsStream::receive(std::span<char> space) {
  while (socket_.is_open()) {
    const std::size_t got = session_.read(space);
    if (got > 0) co_return got;
    if (session_.state() != TlsSession::State::open) break;
    const bool more = co_await receive_ciphertext();
    if (!more) break;
  }
  if (session_.state() == TlsSession::State::failed) end_after_failure();
  co_return 0;
}

// What the session has to send. Mostly the kernel takes all of it at once, and no turn of the event loop is needed.
awaitable<bool> TlsStream::send_ciphertext() {
  ciphertext_ = session_.take_output();
  if (ciphertext_.empty()) co_return true;
  boost::system::error_code failure;
  const std::size_t sent = socket_.write_some(asio::buffer(ciphertext_), failure);
  if (failure && failure != asio::error::would_block) co_return false;
  if (sent == ciphertext_.size()) co_return true;
  sending_ = true;   // the records are numbered: none may be lost, or come between
  const auto rest = asio::buffer(ciphertext_) + sent;
  const auto written = co_await asio::async_write(socket_, rest, asio::as_tuple(asio::use_awaitable));
  sending_ = false;
  co_return !std::get<0>(written);
}

awaitable<bool> TlsStream::send(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    const auto of_head = head.substr(0, slice_max);
    const auto of_body = body.substr(0, slice_max - of_head.size());
    plaintext_.assign(of_head).append(of_body);   // together, so that a short frame is one record
    head.remove_prefix(of_head.size());
    body.remove_prefix(of_body.size());
    const bool encrypted = socket_.is_open() && session_.write(plaintext_);
    if (!encrypted) co_return false;
    const bool sent = co_await send_ciphertext();
    if (!sent) co_return false;
  }
  co_return true;
}

void TlsStream::close() {
  if (!socket_.is_open()) return;
  session_.close();
  send_last_words();
  close_gently(socket_);
}

// The goodbye, or the alert. As much as the kernel takes: the connection is over either way.
void TlsStream::send_last_words() {
  if (sending_) return;
  const std::string words = session_.take_output();
  boost::system::error_code ignored;
  if (!words.empty()) socket_.write_some(asio::buffer(words), ignored);
}

void TlsStream::end_after_failure() {
  if (!socket_.is_open()) return;   // said already
  security_->tell(remote_, session_.failure());
  send_last_words();
  close_gently(socket_);
}

}  // namespace parley::net
