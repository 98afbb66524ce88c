#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "net/network.hpp"

namespace parley::net {

// A client's socket between accept() and the end of its first request. Closing the socket ends the handshake.
struct PendingClient {
  boost::asio::ip::tcp::socket socket;
  TimePoint since;
};

inline constexpr milliseconds client_handshake_max{10'000};   // from accept() to the end of an HTTP answer

// Reads the first request, within http_head_max and client_handshake_max. nullopt: the socket is gone, or the request
// was too long and was answered so.
awaitable<std::optional<std::string>> read_head(std::shared_ptr<PendingClient> client);

// Sends an HTTP response and ends the connection in a way that lets the other side read it.
awaitable<void> send_page(std::shared_ptr<PendingClient> client, std::string response);

}  // namespace parley::net
