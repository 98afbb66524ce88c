#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "base/codec.hpp"
#include "net/spawn.hpp"
#include "net/world.hpp"

namespace parley::net {
namespace {

using Message = std::optional<std::string>;

std::string framed(std::string_view body) {
  std::string bytes;
  Writer(bytes).string(body);   // u32 length, then the bytes: the form of a frame
  return bytes;
}

struct Pair {
  std::unique_ptr<Listener> listener;
  std::shared_ptr<Connection> near;
  std::shared_ptr<Connection> far;
};
awaitable<Pair> connected(World& world) {
  Pair pair;
  pair.listener = world.listen(Transport::peer);
  pair.near = co_await world.connect(Transport::peer, *pair.listener);
  pair.far = co_await pair.listener->accept();
  co_return std::move(pair);
}

// A connection to the node whose other end is played by hand.
struct RawPair {
  std::unique_ptr<Listener> listener;
  std::shared_ptr<Connection> node;
};
awaitable<RawPair> accepted(World& world, RawClient& client) {
  RawPair pair;
  pair.listener = world.listen(Transport::peer);
  co_await client.connect(pair.listener->local());
  pair.node = co_await pair.listener->accept();
  co_return std::move(pair);
}

awaitable<void> frames_both_ways(World& world) {
  auto pair = co_await connected(world);
  const std::vector<std::size_t> sizes{0, 1, 3, 4, 5, 1'000, 65'535, 65'536, 65'537, 300'000};
  for (const auto size : sizes) {
    std::string message(size, static_cast<char>('a' + size % 26));
    const bool sent = co_await pair.near->write(message);
    const Message there = co_await pair.far->read();
    EXPECT_TRUE(sent);
    EXPECT_EQ(there, message);
    const bool returned = co_await pair.far->write(std::move(message));
    const Message back = co_await pair.near->read();
    EXPECT_TRUE(returned);
    EXPECT_EQ(back, there);
  }
}

TEST(PeerConnection, carries_whole_messages_both_ways) {
  World world;
  world.run(frames_both_ways(world));
}

awaitable<void> send_all(std::shared_ptr<Connection> connection, std::vector<std::string> messages, int& sent) {
  for (auto& message : messages) {
    const bool written = co_await connection->write(std::move(message));
    sent += written ? 1 : 0;
  }
}
awaitable<void> longest_messages(World& world) {
  auto pair = co_await connected(world);
  std::vector<std::string> messages(3, std::string(peer_message_max, 'x'));
  messages[1].assign(10, 'y');
  int sent = 0;
  spawn(world.executor, send_all(pair.near, messages, sent));   // more than the socket buffers hold
  for (const auto& expected : messages) {
    const Message got = co_await pair.far->read();
    EXPECT_TRUE(got == expected);
  }
  EXPECT_EQ(sent, 3);
}

TEST(PeerConnection, carries_the_longest_message_while_the_reader_is_slow) {
  World world;
  world.run(longest_messages(world));
}

awaitable<void> byte_by_byte(World& world) {
  RawClient client(world.executor);
  auto pair = co_await accepted(world, client);
  const std::string bytes = framed("one") + framed("") + framed("three");
  for (const char byte : bytes) co_await client.send(std::string(1, byte));
  const Message one = co_await pair.node->read();
  const Message empty = co_await pair.node->read();
  const Message three = co_await pair.node->read();
  EXPECT_EQ(one, "one");
  EXPECT_EQ(empty, "");
  EXPECT_EQ(three, "three");
}

TEST(PeerConnection, takes_frames_that_come_one_byte_at_a_time) {
  World world;
  world.run(byte_by_byte(world));
}

// What the node reads of `bytes` when the other side then closes.
awaitable<void> read_before_close(World& world, std::string bytes, bool reset, std::vector<Message>& read) {
  RawClient client(world.executor);
  auto pair = co_await accepted(world, client);
  co_await client.send(std::move(bytes));
  if (reset) {
    client.reset();
  } else {
    client.close();
  }
  for (bool open = true; open;) {
    const Message message = co_await pair.node->read();
    read.push_back(message);
    open = message.has_value();
  }
}

TEST(PeerConnection, half_a_frame_before_the_end_is_no_message) {
  const std::string whole = framed("whole");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    World world;
    std::vector<Message> read;
    world.run(read_before_close(world, whole + whole.substr(0, cut), false, read));
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[0], "whole");
    EXPECT_EQ(read[1], std::nullopt);
  }
}

TEST(PeerConnection, reset_in_the_middle_of_a_frame_ends_it) {
  World world;
  std::vector<Message> read;
  world.run(read_before_close(world, framed(std::string(100'000, 'x')).substr(0, 70'000), true, read));
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0], std::nullopt);
}

awaitable<void> too_long(World& world, std::string prefix) {
  RawClient client(world.executor);
  auto pair = co_await accepted(world, client);
  co_await client.send(std::move(prefix));
  const Message refused = co_await pair.node->read();
  EXPECT_EQ(refused, std::nullopt);
  const std::string rest = co_await client.receive_all();   // the connection was ended, not only this message
  EXPECT_EQ(rest, "");
}

TEST(PeerConnection, length_prefix_over_the_limit_ends_it_at_once) {
  for (const std::uint32_t size : {static_cast<std::uint32_t>(peer_message_max + 1), 0xffff'ffffu}) {
    World world;
    std::string prefix;
    Writer(prefix).u32(size);
    world.run(too_long(world, prefix));
  }
}

awaitable<void> read_into(awaitable<Message> reading, std::optional<Message>& result) {
  result = co_await std::move(reading);
}
awaitable<void> close_while_reading(World& world, bool by_destruction) {
  auto pair = co_await connected(world);
  std::optional<Message> result;
  spawn(world.executor, read_into(pair.near->read(), result));
  co_await world.pause(milliseconds(1));
  EXPECT_FALSE(result.has_value());
  if (by_destruction) {
    pair.near.reset();
  } else {
    pair.near->close();
    pair.near->close();
    const Message after = co_await pair.near->read();
    const bool written = co_await pair.near->write("x");
    EXPECT_EQ(after, std::nullopt);
    EXPECT_FALSE(written);
  }
  co_await world.pause(milliseconds(1));
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(result.value_or("none"), std::nullopt);
  const Message far = co_await pair.far->read();
  EXPECT_EQ(far, std::nullopt);
}

TEST(PeerConnection, close_wakes_a_pending_read_and_is_idempotent) {
  World world;
  world.run(close_while_reading(world, false));
}

TEST(PeerConnection, destroyed_with_a_read_pending_ends_the_read) {
  World world;
  world.run(close_while_reading(world, true));
}

awaitable<void> write_into(std::shared_ptr<Connection> connection, std::string message, std::optional<bool>& result) {
  result = co_await connection->write(std::move(message));
}
awaitable<void> close_while_writing(World& world) {
  auto pair = co_await connected(world);
  std::vector<std::optional<bool>> results(4);
  std::size_t blocked = 0;
  for (; blocked < results.size(); ++blocked) {   // nobody reads: at some point the kernel takes no more
    spawn(world.executor, write_into(pair.near, std::string(peer_message_max, 'x'), results[blocked]));
    co_await world.pause(milliseconds(20));
    if (!results[blocked]) break;
  }
  EXPECT_LT(blocked, results.size());
  pair.near->close();
  co_await world.pause(milliseconds(1));
  EXPECT_EQ(results[blocked], false);
}

TEST(PeerConnection, close_wakes_a_pending_write) {
  World world;
  world.run(close_while_writing(world));
}

awaitable<void> write_to_the_gone(World& world) {
  auto pair = co_await connected(world);
  pair.far.reset();
  const Message end = co_await pair.near->read();
  EXPECT_EQ(end, std::nullopt);
  bool written = true;
  for (int i = 0; i < 100 && written; ++i) {   // the first one may still be taken: its answer is the reset
    written = co_await pair.near->write("are you there?");
    co_await world.pause(milliseconds(1));
  }
  EXPECT_FALSE(written);
}

TEST(PeerConnection, write_to_a_peer_that_is_gone_says_so) {
  World world;
  world.run(write_to_the_gone(world));
}

awaitable<void> last_words(World& world) {
  auto pair = co_await connected(world);
  co_await pair.near->write("unread by the far end");
  const bool sent = co_await pair.far->write("rejected: another cluster");
  pair.far->close();   // over the unread message
  const Message heard = co_await pair.near->read();
  EXPECT_TRUE(sent);
  EXPECT_EQ(heard, "rejected: another cluster");
}

TEST(PeerConnection, last_message_before_close_arrives_although_others_are_unread) {
  World world;
  world.run(last_words(world));
}

awaitable<void> accept_into(Listener& listener, std::optional<std::shared_ptr<Connection>>& result) {
  result = co_await listener.accept();
}
awaitable<void> close_while_accepting(World& world, Transport transport) {
  auto listener = world.listen(transport);
  const std::string address = listener->local();
  std::optional<std::shared_ptr<Connection>> result;
  spawn(world.executor, accept_into(*listener, result));
  co_await world.pause(milliseconds(1));
  EXPECT_FALSE(result.has_value());
  listener->close();
  co_await world.pause(milliseconds(1));
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(result.value_or(nullptr), nullptr);
  const auto again = co_await listener->accept();
  EXPECT_EQ(again, nullptr);
  EXPECT_EQ(listener->local(), address);
  const auto late = co_await world.network.connect(transport, address, world.soon());
  EXPECT_EQ(late.failure, ConnectFailure::refused);
}

TEST(Listener, close_ends_accept_and_frees_the_port) {
  for (const auto transport : {Transport::peer, Transport::client}) {
    World world;
    world.run(close_while_accepting(world, transport));
  }
}

TEST(Listener, that_cannot_be_made_says_where_and_why) {
  World world;
  const auto first = world.listen(Transport::peer);
  for (const auto transport : {Transport::peer, Transport::client}) {
    const auto second = world.network.listen(transport, first->local(), {});
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.error().message.find(first->local()), std::string::npos) << second.error().message;
    EXPECT_NE(second.error().message.find("another program listens there"), std::string::npos);
    EXPECT_FALSE(world.network.listen(transport, "nonsense", {}).ok());
  }
  EXPECT_NE(world.network.listen(Transport::client, "203.0.113.7:1", {}).error().message.find("no such address"),
            std::string::npos);
}

awaitable<void> dial_into(World& world, Transport transport, std::string address, TimePoint deadline,
                          ConnectResult& result) {
  result = co_await world.network.connect(transport, std::move(address), deadline);
}

TEST(Connect, to_a_port_where_nobody_listens_is_refused_at_once) {
  World world;
  auto listener = world.listen(Transport::peer);
  const std::string address = listener->local();
  listener.reset();
  for (const auto transport : {Transport::peer, Transport::client}) {
    const TimePoint start = world.clock.now();
    ConnectResult result;
    world.run(dial_into(world, transport, address, world.soon(), result));
    EXPECT_EQ(result.failure, ConnectFailure::refused);
    EXPECT_EQ(result.connection, nullptr);
    EXPECT_NE(result.detail.find(address), std::string::npos) << result.detail;
    EXPECT_LT(world.clock.now() - start, milliseconds(1'000));
  }
}

TEST(Connect, to_localhost_tries_every_loopback_address) {
  World world;
  auto listener = world.network.listen(Transport::peer, "[::1]:0", {});
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.error().message;
  const std::string local = (*listener)->local();
  ConnectResult result;
  world.run(dial_into(world, Transport::peer, "localhost" + local.substr(local.rfind(':')), world.soon(), result));
  EXPECT_NE(result.connection, nullptr) << result.detail;
  EXPECT_EQ(result.failure, ConnectFailure::none);
}

TEST(Connect, to_what_cannot_be_resolved_names_it) {
  World world;
  for (const char* address : {"no-such-host.invalid:7001", "nonsense"}) {
    ConnectResult result;
    world.run(dial_into(world, Transport::client, address, world.soon(), result));
    EXPECT_EQ(result.failure, ConnectFailure::unresolved);
    EXPECT_NE(result.detail.find(std::string(address).substr(0, 8)), std::string::npos) << result.detail;
  }
}

// Listens but never accepts: when its queue is full the kernel leaves further dials unanswered (listen(2), tcp(7)).
class DeafServer {
 public:
  explicit DeafServer(int backlog) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket_, backlog);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~DeafServer() { ::close(socket_); }
  const std::string& address() const { return address_; }

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::string address_;
};

awaitable<void> dial_the_deaf(World& world, std::string address, ConnectResult& last) {
  std::vector<std::shared_ptr<Connection>> filling;
  for (int i = 0; i < 20; ++i) {
    last = co_await world.network.connect(Transport::peer, address, world.in(milliseconds(60)));
    if (!last.connection) break;
    filling.push_back(last.connection);
  }
}

TEST(Connect, that_nobody_answers_ends_at_its_deadline) {
  World world;
  DeafServer server(0);
  ConnectResult last;
  world.run(dial_the_deaf(world, server.address(), last));
  EXPECT_EQ(last.failure, ConnectFailure::timed_out);
  EXPECT_NE(last.detail.find(server.address()), std::string::npos) << last.detail;
}

TEST(Connect, whose_websocket_handshake_nobody_answers_ends_at_its_deadline) {
  World world;
  DeafServer server(10);
  ConnectResult result;
  const TimePoint start = world.clock.now();
  world.run(dial_into(world, Transport::client, server.address(), world.in(milliseconds(60)), result));
  EXPECT_EQ(result.failure, ConnectFailure::timed_out) << result.detail;
  EXPECT_LT(world.clock.now() - start, milliseconds(5'000));
}

}  // namespace
}  // namespace parley::net
