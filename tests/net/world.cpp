#include "net/world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>

#include "net/address.hpp"

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

void World::run(awaitable<void> story) {
  bool ended = false;
  io.restart();
  asio::co_spawn(executor, std::move(story), [&ended](std::exception_ptr failure) {
    ended = true;
    if (failure) std::rethrow_exception(failure);
  });
  io.run_for(std::chrono::seconds(30));
  EXPECT_TRUE(ended) << "the story did not come to its end";
  EXPECT_TRUE(io.stopped()) << "something still waits after the story's end";
}

std::unique_ptr<Listener> World::listen(Transport transport, HttpPages pages) {
  auto listener = network.listen(transport, "127.0.0.1:0", std::move(pages));
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

awaitable<std::shared_ptr<Connection>> World::connect(Transport transport, const Listener& listener) {
  auto address = listener.local();
  auto result = co_await network.connect(transport, std::move(address), soon());
  if (!result.connection) throw std::runtime_error(result.detail);
  co_return std::move(result.connection);
}

awaitable<void> World::pause(milliseconds time) {
  SteadyAlarm alarm(executor);
  co_await alarm.wait_until(in(time));
}

awaitable<void> RawClient::connect(std::string address) {
  const auto parsed = parse_address(address);
  const auto endpoint = known_endpoints(parsed.value())->front();
  co_await socket.async_connect(endpoint, asio::use_awaitable);
}

awaitable<void> RawClient::send(std::string bytes) {
  const auto buffer = asio::buffer(bytes);
  co_await asio::async_write(socket, buffer, asio::use_awaitable);
}

awaitable<std::string> RawClient::receive(std::size_t size) {
  std::array<char, 4096> piece;
  const auto space = asio::buffer(piece);
  while (received_.size() < size) {
    const auto result = co_await socket.async_read_some(space, asio::as_tuple(asio::use_awaitable));
    received_.append(piece.data(), std::get<1>(result));
    if (std::get<0>(result)) break;
  }
  std::string bytes = received_.substr(0, size);
  received_.erase(0, bytes.size());
  co_return std::move(bytes);
}

awaitable<std::string> RawClient::receive_until(std::string end) {
  std::string bytes;
  while (!bytes.ends_with(end)) {
    const std::string one = co_await receive(1);
    if (one.empty()) break;
    bytes += one;
  }
  co_return std::move(bytes);
}

void RawClient::reset() {
  socket.set_option(asio::socket_base::linger(true, 0));
  socket.close();
}

void RawClient::close() { socket.close(); }

awaitable<std::string> RawClient::upgrade(std::string address) {
  co_await connect(address);
  co_await send("GET /v1/rpc HTTP/1.1\r\nHost: " + address +
                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  auto head = co_await receive_until("\r\n\r\n");
  co_return std::move(head);
}

std::string RawClient::frame(unsigned opcode, std::string payload, bool masked, bool final) {
  std::string bytes(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  const unsigned mask_bit = masked ? 0x80 : 0;
  const std::size_t size = payload.size();
  int length_bits = 0;   // the shortest form is a must
  if (size < 126) {
    bytes += static_cast<char>(mask_bit | size);
  } else {
    length_bits = size < 65'536 ? 16 : 64;
    bytes += static_cast<char>(mask_bit | (length_bits == 16 ? 126u : 127u));
  }
  for (int shift = length_bits - 8; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  if (masked) bytes.append(4, '\0');
  return bytes + payload;
}

}  // namespace parley::net
