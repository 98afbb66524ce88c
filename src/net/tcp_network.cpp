#include "net/tcp_network.hpp"

#include "net/address.hpp"
#include "net/dial.hpp"
#include "net/listener.hpp"
#include "net/peer_connection.hpp"
#include "net/tls_stream.hpp"
#include "net/websocket_connection.hpp"

namespace parley::net {

awaitable<ConnectResult> TcpNetwork::connect(Transport transport, std::string address, TimePoint deadline) {
  if (transport == Transport::peer) {
    auto peer = co_await connect_peer(std::move(address), deadline);
    co_return std::move(peer);
  }
  auto dialled = co_await dial(executor_, address, deadline);
  ConnectResult result;
  if (!dialled.socket) {
    result.failure = dialled.failure;
    result.detail = std::move(dialled.detail);
  } else {
    result = co_await open_websocket(std::move(*dialled.socket), std::move(address), deadline);
  }
  co_return std::move(result);
}

awaitable<ConnectResult> TcpNetwork::connect_peer(std::string address, TimePoint deadline) {
  const std::shared_ptr<const PeerSecurity> security = security_;
  ConnectResult result;
  if (!security->tls && parse_address(address).ok() && !is_loopback_address(address)) {
    result.failure = ConnectFailure::other;
    result.detail = plain_text_refusal(address);
    co_return std::move(result);
  }
  auto dialled = co_await dial(executor_, address, deadline);
  if (!dialled.socket) {
    result.failure = dialled.failure;
    result.detail = std::move(dialled.detail);
    co_return std::move(result);
  }
  if (!security->tls) {
    result.connection = make_peer_connection(make_plain_stream(std::move(*dialled.socket)));
    co_return std::move(result);
  }
  auto stream = std::make_shared<TlsStream>(std::move(*dialled.socket), security, TlsSession::Role::dials);
  const bool secured = co_await TlsStream::shake_hands(stream, deadline);
  if (secured) {
    result.connection = make_peer_connection(std::move(stream));
  } else {
    // Never `refused`: somebody is there, be it a stranger (DESIGN.md R5).
    result.failure = stream->timed_out() ? ConnectFailure::timed_out : ConnectFailure::other;
    result.detail = "cannot secure the link to " + address + ": " + stream->failure();
  }
  co_return std::move(result);
}

void TcpNetwork::use(const Certified& certified) {
  security_->tls = certified.tls;
  security_->expires = certified.expires;
}

Result<std::unique_ptr<Listener>> TcpNetwork::listen(Transport transport, std::string address, HttpPages pages) {
  if (transport == Transport::client) return make_client_listener(executor_, address, std::move(pages));
  if (security_->tls) return make_tls_listener(executor_, address, security_);
  if (parse_address(address).ok() && !is_loopback_address(address)) return Error{plain_text_refusal(address)};
  return make_peer_listener(executor_, address, security_);
}

}  // namespace parley::net
