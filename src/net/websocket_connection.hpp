#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "net/network.hpp"

namespace parley::net {

inline constexpr std::string_view rpc_path = "/v1/rpc";

// An idle connection is pinged after half of this and given up after all of it.
inline constexpr milliseconds websocket_idle_max{60'000};
// For the opening handshake on the node's side (the client's has the deadline of its connect), and for the closing one.
inline constexpr milliseconds websocket_handshake_max{10'000};

// The node's side: `head` is the whole request (blank line included) that http_pages.hpp found to be an upgrade.
// Null if the handshake fails; the other side got the HTTP answer that says why, and the socket is closed.
awaitable<std::shared_ptr<Connection>> accept_websocket(boost::asio::ip::tcp::socket socket, std::string head);

// The client's side of the handshake, for `host` ("host:port", as it was dialled).
awaitable<ConnectResult> open_websocket(boost::asio::ip::tcp::socket socket, std::string host, TimePoint deadline);

}  // namespace parley::net
