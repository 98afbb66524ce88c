#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "net/clock.hpp"
#include "net/peer_security.hpp"

namespace parley::net {

// What frames travel on: bytes in order, in plain text or under TLS. One receiver and one sender at a time, on one
// strand. Whoever owns it keeps it alive until both have ended; close() makes them end.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual awaitable<std::size_t> receive(std::span<char> space) = 0;   // at least one byte; 0: it has ended
  // `head` and `body`, one after the other; they outlive the call. True once all is with the operating system.
  virtual awaitable<bool> send(std::string_view head, std::string_view body) = 0;
  virtual void close() = 0;   // idempotent
  virtual const std::string& remote() const = 0;
  virtual std::optional<NodeId> certified() const { return std::nullopt; }   // as Connection::certified()
  virtual std::string trouble() const { return {}; }                         // as Connection::trouble()
};

std::shared_ptr<ByteStream> make_plain_stream(boost::asio::ip::tcp::socket socket);
// The same, accepted from elsewhere: who begins as TLS does is turned away and told why; `security` is told as well.
std::shared_ptr<ByteStream> make_accepted_plain_stream(boost::asio::ip::tcp::socket socket,
                                                       std::shared_ptr<const PeerSecurity> security);

}  // namespace parley::net
