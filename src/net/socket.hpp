#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "base/time.hpp"

namespace parley::net {

// How long the kernel goes on sending to a host that acknowledges nothing (TCP_USER_TIMEOUT, tcp(7)), and how long a
// silent connection may be before it is probed. Peers are watched by heartbeats anyhow; after a cut cable a short time
// matters to them, because a new connection gets through sooner than the doubling retransmissions of the old one.
struct SocketTimes {
  milliseconds user_timeout;
  milliseconds keep_alive_idle;   // then probes every third of it, three at most
};
inline constexpr SocketTimes peer_socket_times{milliseconds(5'000), milliseconds(6'000)};
inline constexpr SocketTimes client_socket_times{milliseconds(60'000), milliseconds(60'000)};

// Close-on-exec: a child process that inherited a socket would keep its port or its connection alive.
void keep_from_children(int descriptor);

// No delay, timeouts and keep-alive, non-blocking, close-on-exec. What a socket refuses is left as it is.
void prepare(boost::asio::ip::tcp::socket& socket, const SocketTimes& times);

// Closes without throwing; pending operations end with operation_aborted. First takes what has arrived unread, since
// closing over unread bytes would make the kernel reset the connection and throw away what we sent last.
void close_gently(boost::asio::ip::tcp::socket& socket);

// "address:port" of the far end; "gone" if it is no longer connected.
std::string remote_name(const boost::asio::ip::tcp::socket& socket);

}  // namespace parley::net
