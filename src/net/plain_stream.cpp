#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/byte_stream.hpp"
#include "net/peer_connection.hpp"
#include "net/socket.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// A TLS handshake record (RFC 8446, 5.1), where a frame's prefix is due: as such it would begin a frame of more than
// 64 KiB, and nobody is greeted with that. It comes in one segment; if not, the greeting's deadline ends the link.
bool begins_as_tls(std::span<const char> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0x16 && bytes[1] == 0x03 && bytes[2] != 0;
}

class PlainStream final : public ByteStream {
 public:
  PlainStream(tcp::socket socket, std::shared_ptr<const PeerSecurity> security)
      : socket_(std::move(socket)), security_(std::move(security)), remote_(remote_name(socket_)) {
    prepare(socket_, peer_socket_times);
  }

  awaitable<std::size_t> receive(std::span<char> space) override {
    const auto buffer = asio::buffer(space.data(), space.size());
    const auto received = co_await socket_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
    const std::size_t size = std::get<1>(received);   // 0 if it failed
    if (security_ && begins_as_tls(space.first(size))) {
      turn_away();
      co_return 0;
    }
    security_.reset();   // the beginning was in order
    co_return size;
  }

  awaitable<bool> send(std::string_view head, std::string_view body) override {
    const std::array<asio::const_buffer, 2> bytes{asio::buffer(head), asio::buffer(body)};

    // Mostly the kernel takes all of it at once, and no turn of the event loop is needed.
    boost::system::error_code failure;
    const std::size_t sent = socket_.write_some(bytes, failure);
    if (failure && failure != asio::error::would_block) co_return false;
    if (sent == head.size() + body.size()) co_return true;

    const std::size_t head_sent = std::min(sent, head.size());
    const std::array<asio::const_buffer, 2> rest{bytes[0] + head_sent, bytes[1] + (sent - head_sent)};
    const auto written = co_await asio::async_write(socket_, rest, asio::as_tuple(asio::use_awaitable));
    co_return !std::get<0>(written);
  }

  void close() override { close_gently(socket_); }
  const std::string& remote() const override { return remote_; }

 private:
  void turn_away() {
    security_->tell(remote_, "it speaks TLS: it has a cluster_key_file or cluster_certificates, and this node neither");
    answer_plain_text(socket_, links_are_plain);
    close_gently(socket_);
  }

  tcp::socket socket_;
  std::shared_ptr<const PeerSecurity> security_;   // while the beginning of an accepted connection is to be looked at
  const std::string remote_;
};

}  // namespace

std::shared_ptr<ByteStream> make_plain_stream(tcp::socket socket) {
  return std::make_shared<PlainStream>(std::move(socket), nullptr);
}

std::shared_ptr<ByteStream> make_accepted_plain_stream(tcp::socket socket,
                                                       std::shared_ptr<const PeerSecurity> security) {
  return std::make_shared<PlainStream>(std::move(socket), std::move(security));
}

}  // namespace parley::net
