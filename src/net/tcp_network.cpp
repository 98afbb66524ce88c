#include "net/tcp_network.hpp"

#include "net/dial.hpp"
#include "net/listener.hpp"
#include "net/peer_connection.hpp"
#include "net/websocket_connection.hpp"

namespace parley::net {

awaitable<ConnectResult> TcpNetwork::connect(Transport transport, std::string address, TimePoint deadline) {
  auto dialled = co_await dial(executor_, address, deadline);
  ConnectResult result;
  if (!dialled.socket) {
    result.failure = dialled.failure;
    result.detail = std::move(dialled.detail);
  } else if (transport == Transport::peer) {
    result.connection = make_peer_connection(std::move(*dialled.socket));
  } else {
    result = co_await open_websocket(std::move(*dialled.socket), std::move(address), deadline);
  }
  co_return std::move(result);
}

Result<std::unique_ptr<Listener>> TcpNetwork::listen(Transport transport, std::string address, HttpPages pages) {
  if (transport == Transport::peer) return make_peer_listener(executor_, address);
  return make_client_listener(executor_, address, std::move(pages));
}

}  // namespace parley::net
