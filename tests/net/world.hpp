#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "net/steady_clock.hpp"
#include "net/tcp_network.hpp"

namespace parley::net {

// One strand with the real clock and network, on the loopback.
class World {
 public:
  boost::asio::io_context io{1};
  boost::asio::any_io_executor executor = io.get_executor();
  SteadyClock clock{executor};
  TcpNetwork network{executor};

  // Runs the story to its end and until nothing is left to do: whatever still waits then is a leak, and a failure.
  // A story that throws fails the test by its exception.
  void run(awaitable<void> story);

  TimePoint in(milliseconds time) const { return clock.now() + time; }
  TimePoint soon() const { return in(milliseconds(10'000)); }   // the patience of a test

  std::unique_ptr<Listener> listen(Transport transport, HttpPages pages = {});   // on a free port of 127.0.0.1
  awaitable<std::shared_ptr<Connection>> connect(Transport transport, const Listener& listener);   // must succeed
  awaitable<void> pause(milliseconds time);
};

// The far end played by hand, byte by byte.
class RawClient {
 public:
  explicit RawClient(const boost::asio::any_io_executor& executor) : socket(executor) {}

  awaitable<void> connect(std::string address);
  awaitable<void> send(std::string bytes);
  awaitable<std::string> receive(std::size_t size);                 // shorter only if the other side closed
  awaitable<std::string> receive_until(std::string end);            // as above
  awaitable<std::string> receive_all() { return receive(std::string::npos); }
  void reset();                                                     // RST instead of FIN
  void close();

  // The opening handshake of a WebSocket, then frames as in RFC 6455, 5.2, masked with a key of zeros.
  awaitable<std::string> upgrade(std::string address);              // the head of the answer
  static std::string frame(unsigned opcode, std::string payload, bool masked = true, bool final = true);

  boost::asio::ip::tcp::socket socket;

 private:
  std::string received_;
};

inline constexpr unsigned text_opcode = 1;
inline constexpr unsigned binary_opcode = 2;
inline constexpr unsigned close_opcode = 8;
inline constexpr unsigned ping_opcode = 9;

}  // namespace parley::net
