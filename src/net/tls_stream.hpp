#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.hpp"
#include "net/peer_security.hpp"
#include "net/tls_session.hpp"

namespace parley::net {

// For the handshake on the listening side; who dials has the deadline of its connect().
inline constexpr milliseconds tls_handshake_max{2'000};

// A TCP connection under TLS. Until shake_hands() has succeeded nothing but that and close() may be called.
class TlsStream final : public ByteStream {
 public:
  TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<const PeerSecurity> security, TlsSession::Role role);

  // True: the other side belongs to the cluster. False: closed; failure() says why. `self` keeps it alive meanwhile.
  static awaitable<bool> shake_hands(std::shared_ptr<TlsStream> self, TimePoint deadline);
  const std::string& failure() const { return failure_; }
  bool timed_out() const { return timed_out_; }   // why the handshake failed: nobody answered
  bool heard_nothing() const { return !heard_; }

  awaitable<std::size_t> receive(std::span<char> space) override;
  awaitable<bool> send(std::string_view head, std::string_view body) override;
  void close() override;
  const std::string& remote() const override { return remote_; }
  std::optional<NodeId> certified() const override { return session_.certified(); }
  std::string trouble() const override { return session_.failure(); }

 private:
  awaitable<void> exchange();
  awaitable<bool> receive_ciphertext();
  awaitable<bool> send_ciphertext();
  void send_last_words();
  void end_after_failure();

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<const PeerSecurity> security_;
  TlsSession session_;
  const std::string remote_;
  std::string arrived_;      // room for ciphertext from the socket
  std::string plaintext_;    // a slice of what send() was given
  std::string ciphertext_;   // of it; what the kernel has yet to take
  const TlsSession::Role role_;
  std::string failure_;
  bool sending_ = false;     // ciphertext_ is being written: nothing else may be
  bool timed_out_ = false;
  bool heard_ = false;       // a byte from the other side
};

}  // namespace parley::net
