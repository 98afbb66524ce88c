#include "net/peer_connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "base/assert.hpp"
#include "base/codec.hpp"
#include "net/socket.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t prefix_size = 4;
constexpr std::size_t read_ahead = 64 * 1024;   // bytes asked for at once: many small frames come with one call

// What a connection and its pending coroutines share: the coroutines hold it, so the connection may go at any time.
class FrameStream {
 public:
  explicit FrameStream(tcp::socket socket) : socket_(std::move(socket)), remote_(remote_name(socket_)) {
    prepare(socket_, peer_socket_times);
  }

  const std::string& remote() const { return remote_; }
  void close() { close_gently(socket_); }

  static awaitable<std::optional<std::string>> read(std::shared_ptr<FrameStream> self) {
    while (self->available() < prefix_size) {
      const bool more = co_await self->fill();
      if (!more) co_return std::nullopt;
    }
    const std::size_t size = self->take_prefix();
    if (size > peer_message_max) {
      self->close();
      co_return std::nullopt;
    }
    std::string message = self->take(size);
    while (message.size() < size) {
      const bool more = co_await self->read_more(message, size);
      if (!more) co_return std::nullopt;
    }
    co_return std::move(message);
  }

  static awaitable<bool> write(std::shared_ptr<FrameStream> self, std::string message) {
    PARLEY_ASSERT(message.size() <= peer_message_max, "whoever makes a frame keeps it under peer_message_max");
    std::string prefix;   // short: no allocation
    Writer(prefix).u32(static_cast<std::uint32_t>(message.size()));
    const std::array<asio::const_buffer, 2> frame{asio::buffer(prefix), asio::buffer(message)};

    // Mostly the kernel takes all of it at once, and no turn of the event loop is needed.
    boost::system::error_code failure;
    const std::size_t sent = self->socket_.write_some(frame, failure);
    if (failure && failure != asio::error::would_block) co_return false;
    const std::size_t total = prefix_size + message.size();
    if (sent == total) co_return true;

    const std::size_t prefix_sent = std::min(sent, prefix_size);
    const std::array<asio::const_buffer, 2> rest{frame[0] + prefix_sent, frame[1] + (sent - prefix_sent)};
    const auto written = co_await asio::async_write(self->socket_, rest, asio::as_tuple(asio::use_awaitable));
    co_return !std::get<0>(written);
  }

 private:
  std::size_t available() const { return end_ - begin_; }

  std::size_t take_prefix() {
    const std::size_t size = Reader({buffer_.data() + begin_, prefix_size}).u32();
    begin_ += prefix_size;
    return size;
  }

  // What has arrived of the next `size` bytes.
  std::string take(std::size_t size) {
    const std::size_t taken = std::min(size, available());
    std::string bytes(buffer_.data() + begin_, taken);
    begin_ += taken;
    return bytes;
  }

  awaitable<bool> fill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, available());
    end_ -= begin_;
    begin_ = 0;
    const auto space = asio::buffer(buffer_.data() + end_, read_ahead - end_);
    const auto received = co_await socket_.async_read_some(space, asio::as_tuple(asio::use_awaitable));
    end_ += std::get<1>(received);
    co_return !std::get<0>(received);
  }

  // More of a long frame, straight into the message, which doubles with what came: a prefix alone, from whomever,
  // doesn't get peer_message_max bytes of memory.
  awaitable<bool> read_more(std::string& message, std::size_t size) {
    const std::size_t had = message.size();
    message.resize(std::min(size, had + std::max(had, read_ahead)));
    const auto space = asio::buffer(message.data() + had, message.size() - had);
    const auto received = co_await asio::async_read(socket_, space, asio::as_tuple(asio::use_awaitable));
    co_return !std::get<0>(received);
  }

  tcp::socket socket_;
  const std::string remote_;
  std::string buffer_ = std::string(read_ahead, '\0');
  std::size_t begin_ = 0;   // buffer_[begin_, end_): received, not yet taken
  std::size_t end_ = 0;
};

class PeerConnection final : public Connection {
 public:
  explicit PeerConnection(tcp::socket socket) : stream_(std::make_shared<FrameStream>(std::move(socket))) {}
  ~PeerConnection() override { stream_->close(); }

  awaitable<std::optional<std::string>> read() override { return FrameStream::read(stream_); }
  awaitable<bool> write(std::string message) override { return FrameStream::write(stream_, std::move(message)); }
  void close(std::string_view) override { stream_->close(); }   // whoever has a reason says it in a frame before
  const std::string& remote() const override { return stream_->remote(); }

 private:
  std::shared_ptr<FrameStream> stream_;
};

}  // namespace

std::shared_ptr<Connection> make_peer_connection(tcp::socket socket) {
  return std::make_shared<PeerConnection>(std::move(socket));
}

}  // namespace parley::net
