#include "net/client_handshake.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/deadline.hpp"
#include "net/http_pages.hpp"
#include "net/socket.hpp"

namespace parley::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t head_step = 1024;
constexpr std::string_view blank_line = "\r\n\r\n";
constexpr std::size_t ignored_body_max = 64 * 1024;

bool has_whole_head(const std::string& text, std::size_t looked_at) {
  const std::size_t overlap = std::min(looked_at, blank_line.size() - 1);   // the blank line may come in two pieces
  return text.find(blank_line, looked_at - overlap) != std::string::npos;
}

}  // namespace

awaitable<std::optional<std::string>> read_head(std::shared_ptr<PendingClient> client) {
  auto& socket = client->socket;
  Deadline limit(socket.get_executor(), client->since + client_handshake_max, [&socket] { close_gently(socket); });
  std::string head;
  while (head.size() < http_head_max) {
    const std::size_t had = head.size();
    head.resize(std::min(had + head_step, http_head_max));
    const auto space = asio::buffer(head.data() + had, head.size() - had);
    const auto received = co_await socket.async_read_some(space, asio::as_tuple(asio::use_awaitable));
    head.resize(had + std::get<1>(received));
    if (std::get<0>(received) || limit.expired()) co_return std::nullopt;
    if (has_whole_head(head, had)) co_return std::move(head);
  }
  HttpReply reply;
  reply.status = 431;
  reply.body = "the request has more than 8 KiB\n";
  co_await send_page(client, http_response(reply));
  co_return std::nullopt;
}

awaitable<void> send_page(std::shared_ptr<PendingClient> client, std::string response) {
  auto& socket = client->socket;
  Deadline limit(socket.get_executor(), client->since + client_handshake_max, [&socket] { close_gently(socket); });
  const auto bytes = asio::buffer(response);
  const auto written = co_await asio::async_write(socket, bytes, asio::as_tuple(asio::use_awaitable));
  boost::system::error_code failure = std::get<0>(written);
  if (!failure) socket.shutdown(asio::ip::tcp::socket::shutdown_send, failure);

  // Until the other side has read it and closes: to close over its unread bytes would reset the connection.
  std::array<char, 1024> ignored;
  const auto space = asio::buffer(ignored);
  for (std::size_t total = 0; !failure && total < ignored_body_max;) {
    const auto received = co_await socket.async_read_some(space, asio::as_tuple(asio::use_awaitable));
    failure = std::get<0>(received);
    total += std::get<1>(received);
  }
  close_gently(socket);
}

}  // namespace parley::net
