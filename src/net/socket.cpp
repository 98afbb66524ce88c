#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "net/address.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t drained_max = 256 * 1024;   // bytes taken unread before closing; beyond that a reset is fair

void set_option(int descriptor, int level, int name, int value) {
  (void)::setsockopt(descriptor, level, name, &value, sizeof value);
}

int whole_seconds(milliseconds time) { return std::max(1, static_cast<int>(time.count() / 1000)); }

}  // namespace

void keep_from_children(int descriptor) { (void)::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

void prepare(tcp::socket& socket, const SocketTimes& times) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  const int descriptor = socket.native_handle();
  keep_from_children(descriptor);
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(times.user_timeout.count()));
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(times.keep_alive_idle));
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(times.keep_alive_idle / 3));
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

void close_gently(tcp::socket& socket) {
  if (!socket.is_open()) return;
  std::array<char, 4096> unread;
  for (std::size_t drained = 0; drained < drained_max;) {
    const auto size = ::recv(socket.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT);
    if (size <= 0) break;
    drained += static_cast<std::size_t>(size);
  }
  boost::system::error_code ignored;
  socket.close(ignored);
}

std::string remote_name(const tcp::socket& socket) {
  boost::system::error_code failure;
  const auto endpoint = socket.remote_endpoint(failure);
  return failure ? "gone" : to_string(endpoint);
}

}  // namespace parley::net
