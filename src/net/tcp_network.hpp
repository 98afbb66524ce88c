#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "net/network.hpp"
#include "net/peer_certificates.hpp"
#include "net/peer_security.hpp"

namespace parley::net {

// The real Network: TCP frames between nodes, under TLS where there is a key or a certificate and on the loopback only
// where there is neither; HTTP and WebSocket for clients.
//
// One strand: `executor` is the owner's, everything made here lives on it and is used on it only, so nothing here
// locks. Lifetimes: connections and listeners don't need the TcpNetwork any longer once they are made; a pending
// connect() does. A connection or listener may be destroyed while a read, write or accept of it is pending: that ends
// with nullopt, false or null. All of them are gone before the io_context is.
//
// On a client connection a read must be pending nearly always: it is the reader that answers pings, hears their answers
// and notices the end. One that nobody reads for websocket_idle_max counts as dead.
class TcpNetwork final : public Network {
 public:
  explicit TcpNetwork(boost::asio::any_io_executor executor, PeerSecurity security = {})
      : executor_(std::move(executor)), security_(std::make_shared<PeerSecurity>(std::move(security))) {}

  awaitable<ConnectResult> connect(Transport transport, std::string address, TimePoint deadline) override;
  Result<std::unique_ptr<Listener>> listen(Transport transport, std::string address, HttpPages pages) override;
  std::optional<WallTime> certificate_expires() const override { return security_->expires; }

  // From now on new links rest on these certificates, those of open listeners too; links that are open go on.
  void use(const Certified& certified);

 private:
  awaitable<ConnectResult> connect_peer(std::string address, TimePoint deadline);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<PeerSecurity> security_;   // listeners and links look at it, and nobody else changes it
};

}  // namespace parley::net
