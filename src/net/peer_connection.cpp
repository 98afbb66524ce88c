#include "net/peer_connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstring>

#include "base/assert.hpp"
#include "base/codec.hpp"
#include "wire/peer_frame.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t prefix_size = 4;
constexpr std::size_t read_ahead = 64 * 1024;   // bytes asked for at once: many small frames come with one call

// What a connection and its pending coroutines share: the coroutines hold it, so the connection may go at any time.
class FrameStream {
 public:
  explicit FrameStream(std::shared_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  const std::string& remote() const { return stream_->remote(); }
  std::optional<NodeId> certified() const { return stream_->certified(); }
  std::string trouble() const { return stream_->trouble(); }
  void close() { stream_->close(); }

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
    const bool sent = co_await self->stream_->send(prefix, message);
    co_return sent;
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
    const std::span<char> space(buffer_.data() + end_, read_ahead - end_);
    const std::size_t received = co_await stream_->receive(space);
    end_ += received;
    co_return received > 0;
  }

  // More of a long frame, straight into the message, which doubles with what came: a prefix alone, from whomever,
  // doesn't get peer_message_max bytes of memory.
  awaitable<bool> read_more(std::string& message, std::size_t size) {
    std::size_t had = message.size();
    message.resize(std::min(size, had + std::max(had, read_ahead)));
    while (had < message.size()) {
      const std::span<char> space(message.data() + had, message.size() - had);
      const std::size_t received = co_await stream_->receive(space);
      if (received == 0) co_return false;
      had += received;
    }
    co_return true;
  }

  std::shared_ptr<ByteStream> stream_;
  std::string buffer_ = std::string(read_ahead, '\0');
  std::size_t begin_ = 0;   // buffer_[begin_, end_): received, not yet taken
  std::size_t end_ = 0;
};

class PeerConnection final : public Connection {
 public:
  explicit PeerConnection(std::shared_ptr<ByteStream> stream)
      : stream_(std::make_shared<FrameStream>(std::move(stream))) {}
  ~PeerConnection() override { stream_->close(); }

  awaitable<std::optional<std::string>> read() override { return FrameStream::read(stream_); }
  awaitable<bool> write(std::string message) override { return FrameStream::write(stream_, std::move(message)); }
  void close(std::string_view) override { stream_->close(); }   // whoever has a reason says it in a frame before
  const std::string& remote() const override { return stream_->remote(); }
  std::optional<NodeId> certified() const override { return stream_->certified(); }
  std::string trouble() const override { return stream_->trouble(); }

 private:
  std::shared_ptr<FrameStream> stream_;
};

}  // namespace

std::shared_ptr<Connection> make_peer_connection(std::shared_ptr<ByteStream> stream) {
  return std::make_shared<PeerConnection>(std::move(stream));
}

std::string links_are_encrypted(std::string_view setting) {
  return "the links of its cluster are encrypted: this node needs the same " + std::string(setting);
}

void answer_plain_text(tcp::socket& socket, std::string_view reason) {
  const std::string body = wire::encode(wire::PeerFrame(wire::Rejected{std::string(reason)}));
  std::string frame;
  Writer(frame).string(body);   // u32 length, then the bytes: the form of a frame
  boost::system::error_code ignored;
  socket.write_some(asio::buffer(frame), ignored);   // short: the kernel takes all of it, or the other side is lost
}

}  // namespace parley::net
