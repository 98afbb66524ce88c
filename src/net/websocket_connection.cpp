// One of the two files that include Beast: they take half a minute each to compile.
#include "net/websocket_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "net/socket.hpp"
#include "net/steady_clock.hpp"

namespace parley::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using beast::error_code;

namespace {

enum class Role : std::uint8_t { node, client };

constexpr std::size_t kept_buffer_max = 16 * 1024;   // an idle connection keeps no more than this of read buffer
constexpr std::size_t close_reason_max = 123;        // bytes (RFC 6455, 5.5: a control frame's payload has 125)

// A whole close frame (RFC 6455, 5.5.1). A client must mask; the key of zeros leaves the payload as it is, which is
// no danger here: masking protects proxies from payloads that an attacker chose (10.3), and this one is ours.
std::string close_frame(Role role, std::uint16_t code, std::string_view reason) {
  if (reason.size() > close_reason_max) {
    std::size_t cut = close_reason_max;
    while (cut > 0 && (reason[cut] & 0xC0) == 0x80) --cut;   // not in the middle of a character
    reason = reason.substr(0, cut);
  }
  std::string frame = "\x88";
  frame += static_cast<char>((role == Role::client ? 0x80 : 0) | (2 + reason.size()));
  if (role == Role::client) frame.append(4, '\0');
  frame += static_cast<char>(code >> 8);
  frame += static_cast<char>(code & 0xFF);
  frame += reason;
  return frame;
}

// What a connection and its pending coroutines share: the coroutines hold it, so the connection may go at any time.
class TextStream {
 public:
  using Stream = websocket::stream<tcp::socket, false>;   // false: no compression, hence no deflate bombs

  TextStream(tcp::socket socket, Role role)
      : role_(role), remote_(remote_name(socket)), stream_(std::move(socket)) {
    prepare(stream_.next_layer(), client_socket_times);
    stream_.read_message_max(role == Role::node ? client_message_max : client_reply_max);
    stream_.auto_fragment(false);   // one message, one frame: written straight from the caller's bytes
    stream_.text(true);
  }

  Stream& stream() { return stream_; }
  const std::string& remote() const { return remote_; }

  void limit_time(std::chrono::steady_clock::duration handshake) {
    websocket::stream_base::timeout times;
    times.handshake_timeout = handshake;
    times.idle_timeout = websocket_idle_max;
    times.keep_alive_pings = true;
    stream_.set_option(times);
  }

  static awaitable<std::optional<std::string>> read(std::shared_ptr<TextStream> self) {
    const auto result = co_await self->stream_.async_read(self->buffer_, asio::as_tuple(asio::use_awaitable));
    if (std::get<0>(result) || self->closed_) {
      self->close(websocket::close_code::normal, {});
      co_return std::nullopt;
    }
    if (!self->stream_.got_text()) {
      self->close(websocket::close_code::unknown_data, "text frames only");
      co_return std::nullopt;
    }
    co_return self->take_message();
  }

  static awaitable<bool> write(std::shared_ptr<TextStream> self, std::string message) {
    if (self->closed_) co_return false;
    self->writing_ = true;
    const auto bytes = asio::buffer(message);
    const auto result = co_await self->stream_.async_write(bytes, asio::as_tuple(asio::use_awaitable));
    self->writing_ = false;
    co_return !std::get<0>(result);
  }

  // At once: Beast's own close would wait for the other side's answer and for the write under way. So the close frame
  // goes out past Beast, if the kernel takes it and no frame of ours is half written, and the socket is closed, which
  // ends what is pending (beast #2325: nothing else may interrupt an operation).
  void close(std::uint16_t code, std::string_view reason) {
    if (closed_) return;
    closed_ = true;
    auto& socket = stream_.next_layer();
    if (stream_.is_open() && socket.is_open() && !writing_) {
      const auto frame = close_frame(role_, code, reason);
      (void)::send(socket.native_handle(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    close_gently(socket);
  }

 private:
  // A copy of exactly the message: cheaper than handing out a buffer that was made for the longest one.
  std::string take_message() {
    const auto bytes = buffer_.cdata();
    std::string message(static_cast<const char*>(bytes.data()), bytes.size());
    buffer_.consume(bytes.size());
    if (buffer_.capacity() > kept_buffer_max) buffer_ = beast::flat_buffer();
    return message;
  }

  const Role role_;
  const std::string remote_;
  Stream stream_;
  beast::flat_buffer buffer_;
  bool writing_ = false;
  bool closed_ = false;
};

class WebSocketConnection final : public Connection {
 public:
  explicit WebSocketConnection(std::shared_ptr<TextStream> stream) : stream_(std::move(stream)) {}
  ~WebSocketConnection() override { close({}); }

  awaitable<std::optional<std::string>> read() override { return TextStream::read(stream_); }
  awaitable<bool> write(std::string message) override { return TextStream::write(stream_, std::move(message)); }
  void close(std::string_view reason) override { stream_->close(websocket::close_code::normal, reason); }
  const std::string& remote() const override { return stream_->remote(); }

 private:
  std::shared_ptr<TextStream> stream_;
};

std::chrono::steady_clock::duration time_until(TimePoint deadline) {
  if (deadline == never) return websocket::stream_base::none();
  return std::max<Duration>(deadline - steady_now(), milliseconds(1));
}

std::string handshake_error(const error_code& failure, const websocket::response_type& answer) {
  if (failure != websocket::error::upgrade_declined) return failure.message();
  return "answered " + std::to_string(answer.result_int()) + " " + std::string(answer.reason()) +
         ", so it is no node of Parley or not ready";
}

}  // namespace

awaitable<std::shared_ptr<Connection>> accept_websocket(tcp::socket socket, std::string head) {
  http::request_parser<http::empty_body> parser;
  error_code failure;
  parser.put(asio::buffer(head), failure);
  if (failure || !parser.is_header_done()) co_return nullptr;

  auto stream = std::make_shared<TextStream>(std::move(socket), Role::node);
  stream->limit_time(websocket_handshake_max);
  const auto result = co_await stream->stream().async_accept(parser.get(), asio::as_tuple(asio::use_awaitable));
  if (std::get<0>(result)) co_return nullptr;
  co_return std::make_shared<WebSocketConnection>(std::move(stream));
}

awaitable<ConnectResult> open_websocket(tcp::socket socket, std::string host, TimePoint deadline) {
  auto stream = std::make_shared<TextStream>(std::move(socket), Role::client);
  stream->limit_time(time_until(deadline));
  websocket::response_type answer;
  const std::string path(rpc_path);
  const auto result =
      co_await stream->stream().async_handshake(answer, host, path, asio::as_tuple(asio::use_awaitable));
  const error_code failure = std::get<0>(result);

  ConnectResult opened;
  if (failure) {
    opened.failure = failure == beast::error::timeout ? ConnectFailure::timed_out : ConnectFailure::other;
    opened.detail = "no WebSocket at " + host + ": " + handshake_error(failure, answer);
    co_return std::move(opened);
  }
  stream->limit_time(websocket_handshake_max);   // from now on for the closing handshake
  opened.connection = std::make_shared<WebSocketConnection>(std::move(stream));
  co_return std::move(opened);
}

}  // namespace parley::net
