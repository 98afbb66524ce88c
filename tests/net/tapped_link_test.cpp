// Somebody on the way between two nodes that have a key in common: records, alters, replays, and cuts the link.
#include <gmock/gmock.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/peer_link_fixture.hpp"
#include "net/spawn.hpp"

namespace parley::net {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Carries bytes between a node and the listener, records them, and alters one on its way to the listener.
struct Tap {
  explicit Tap(World& world) : acceptor(world.executor, {asio::ip::address_v4::loopback(), 0}), node(world.executor),
                               listener(world.executor) {}
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()); }

  asio::ip::tcp::acceptor acceptor;
  asio::ip::tcp::socket node;
  asio::ip::tcp::socket listener;
  std::string recording;          // from the node to the listener
  std::size_t alter_at = std::string::npos;
};
awaitable<void> carry(Tap& tap, asio::ip::tcp::socket& from, asio::ip::tcp::socket& to) {
  std::array<char, 4096> piece;
  const auto space = asio::buffer(piece);
  for (;;) {
    const auto received = co_await from.async_read_some(space, asio::as_tuple(asio::use_awaitable));
    const std::size_t size = std::get<1>(received);
    if (std::get<0>(received)) break;
    if (&from == &tap.node) {
      const bool here = tap.alter_at >= tap.recording.size() && tap.alter_at < tap.recording.size() + size;
      if (here) piece[tap.alter_at - tap.recording.size()] ^= 1;
      tap.recording.append(piece.data(), size);
    }
    const auto bytes = asio::buffer(piece.data(), size);
    co_await asio::async_write(to, bytes, asio::as_tuple(asio::use_awaitable));
  }
  boost::system::error_code ignored;
  to.close(ignored);
  from.close(ignored);
}
awaitable<void> run_tap(World& world, Tap& tap, std::string target) {
  RawClient far(world.executor);
  tap.node = co_await tap.acceptor.async_accept(asio::use_awaitable);
  co_await far.connect(std::move(target));
  tap.listener = std::move(far.socket);
  spawn(world.executor, carry(tap, tap.node, tap.listener));
  co_await carry(tap, tap.listener, tap.node);
}

// Three messages through a tap that may alter a byte of the second one; what was read.
awaitable<void> tapped(World& world, Side& side, Tap& tap, bool alter, std::vector<Message>& read) {
  auto listener = side.listen();
  spawn(world.executor, run_tap(world, tap, listener->local()));
  const std::string address = tap.address();
  auto result = co_await side.network.connect(Transport::peer, address, world.soon());
  if (!result.connection) throw std::runtime_error(result.detail);
  const auto far = co_await listener->accept();
  co_await result.connection->write("one");
  read.push_back(co_await far->read());
  if (alter) tap.alter_at = tap.recording.size() + 9;   // inside the next record
  co_await result.connection->write("two");
  co_await result.connection->write("three");
  for (bool open = true; open && read.size() < 3;) {
    read.push_back(co_await far->read());
    open = read.back().has_value();
  }
}

TEST(SecureLink, an_altered_byte_ends_it_and_is_told_and_no_frame_of_it_is_delivered) {
  World world;
  Side side(world, cluster_key);
  Tap tap(world);
  std::vector<Message> read;
  world.run(tapped(world, side, tap, true, read));
  EXPECT_THAT(read, ElementsAre(Message("one"), std::nullopt));
  EXPECT_THAT(side.turned_away, ElementsAre(HasSubstr("altered on its way")));
}

awaitable<void> replay(World& world, Side& side, std::string recording, bool& accepted) {
  auto listener = side.listen();
  std::optional<std::shared_ptr<Connection>> result;
  spawn(world.executor, accept_into(*listener, result));
  RawClient client(world.executor);
  const std::string address = listener->local();
  co_await client.connect(address);
  co_await client.send(std::move(recording));
  co_await client.receive_all();   // until the node ends it
  co_await world.pause(milliseconds(1));
  accepted = result.has_value();
  co_await close_listener(world, *listener, result);
}

TEST(SecureLink, a_recording_of_a_former_link_delivers_nothing) {
  World world;
  Side side(world, cluster_key);
  Tap tap(world);
  std::vector<Message> read;
  world.run(tapped(world, side, tap, false, read));
  EXPECT_THAT(read, ElementsAre(Message("one"), Message("two"), Message("three")));
  bool accepted = true;
  world.run(replay(world, side, tap.recording, accepted));
  EXPECT_FALSE(accepted);
  EXPECT_EQ(side.turned_away.size(), 1U);
}

// -- a process that dies -----------------------------------------------------------------------------------------

awaitable<void> reset_by_peer(World& world, Side& side, Tap& tap, Duration& took) {
  auto listener = side.listen();
  spawn(world.executor, run_tap(world, tap, listener->local()));
  const std::string address = tap.address();
  auto result = co_await side.network.connect(Transport::peer, address, world.soon());
  const auto far = co_await listener->accept();
  std::optional<Message> read;
  spawn(world.executor, read_into(result.connection, read));
  co_await world.pause(milliseconds(5));
  const TimePoint start = world.clock.now();
  tap.node.set_option(asio::socket_base::linger(true, 0));
  tap.node.close();   // RST, as the kernel sends for a killed process
  tap.listener.close();
  while (!read) co_await world.pause(milliseconds(1));
  took = world.clock.now() - start;
  EXPECT_EQ(*read, std::nullopt);
}

TEST(SecureLink, the_reset_of_a_process_that_died_is_seen_at_once) {
  World world;
  Side side(world, cluster_key);
  Tap tap(world);
  Duration took{};
  world.run(reset_by_peer(world, side, tap, took));
  EXPECT_LT(took, milliseconds(1'000));   // milliseconds; no timeout is waited for
}

}  // namespace
}  // namespace parley::net
