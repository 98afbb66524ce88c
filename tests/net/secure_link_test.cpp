// Links between nodes that have a key in common, over real sockets: what two of them have of it, and what becomes of
// whoever has another key or none, or says nothing.
#include <gmock/gmock.h>

#include <array>

#include "net/listener.hpp"
#include "net/peer_link_fixture.hpp"
#include "net/spawn.hpp"
#include "net/tls_stream.hpp"
#include "wire/peer_frame.hpp"

namespace parley::net {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// -- two nodes with the key --------------------------------------------------------------------------------------

awaitable<void> frames_both_ways(World& world, Side& side) {
  const auto listener = side.listen();
  auto pair = co_await connect(world, side, *listener);
  const std::vector<std::size_t> sizes{0, 1, 3, 4, 5, 1'000, 16'380, 16'384, 65'532, 65'536, 65'537, 300'000};
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

TEST(SecureLink, carries_whole_messages_both_ways) {
  World world;
  Side side(world, cluster_key);
  world.run(frames_both_ways(world, side));
  EXPECT_THAT(side.turned_away, ElementsAre());
}

std::string numbered(int number, std::size_t size) {
  std::string message(size, static_cast<char>('a' + number % 26));
  return std::to_string(number) + message;
}
// Sizes that cross records and slices, and now and then the longest of all.
std::size_t size_of(int number) {
  if (number % 500 == 499) return peer_message_max - 10;
  return static_cast<std::size_t>(number) * 37 % 40'000;
}
awaitable<void> send_numbered(std::shared_ptr<Connection> connection, int count, int& sent) {
  for (int number = 0; number < count; ++number) {
    auto message = numbered(number, size_of(number));
    const bool written = co_await connection->write(std::move(message));
    sent += written ? 1 : 0;
  }
}
awaitable<void> receive_numbered(std::shared_ptr<Connection> connection, int count, int& received) {
  for (int number = 0; number < count; ++number) {
    const Message message = co_await connection->read();
    if (!message || *message != numbered(number, size_of(number))) break;
    ++received;
  }
}
awaitable<void> both_ways_at_once(World& world, Side& side, std::array<int, 4>& counts) {
  constexpr int count = 1000;
  const auto listener = side.listen();
  auto pair = co_await connect(world, side, *listener);
  spawn(world.executor, send_numbered(pair.near, count, counts[0]));
  spawn(world.executor, send_numbered(pair.far, count, counts[1]));
  spawn(world.executor, receive_numbered(pair.near, count, counts[2]));
  co_await receive_numbered(pair.far, count, counts[3]);
  while (counts != std::array<int, 4>{count, count, count, count} && world.clock.now() < world.soon()) {
    const auto before = counts;
    co_await world.pause(milliseconds(50));
    if (before == counts) break;
  }
}

TEST(SecureLink, reads_and_writes_on_both_ends_at_once_lose_nothing) {
  World world;
  Side side(world, cluster_key);
  std::array<int, 4> counts{};
  world.run(both_ways_at_once(world, side, counts));
  EXPECT_THAT(counts, ElementsAre(1000, 1000, 1000, 1000));
}

awaitable<void> write_into(std::shared_ptr<Connection> connection, std::string message, std::optional<bool>& result) {
  result = co_await connection->write(std::move(message));
}
awaitable<void> close_with_both_pending(World& world, Side& side) {
  const auto listener = side.listen();
  auto pair = co_await connect(world, side, *listener);
  std::optional<Message> read;
  std::vector<std::optional<bool>> written(8);
  spawn(world.executor, read_into(pair.near, read));
  std::size_t blocked = 0;
  for (; blocked < written.size(); ++blocked) {   // nobody reads: at some point the kernel takes no more
    spawn(world.executor, write_into(pair.near, std::string(peer_message_max, 'x'), written[blocked]));
    co_await world.pause(milliseconds(30));
    if (!written[blocked]) break;
  }
  EXPECT_LT(blocked, written.size());
  EXPECT_FALSE(read.has_value());
  pair.near->close();
  pair.near->close();
  pair.near.reset();   // what is pending keeps what it needs
  co_await world.pause(milliseconds(5));
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(read.value_or("none"), std::nullopt);
  EXPECT_EQ(written.at(blocked), false);
}

TEST(SecureLink, close_wakes_a_pending_read_and_a_pending_write) {
  World world;
  Side side(world, cluster_key);
  world.run(close_with_both_pending(world, side));
}

awaitable<void> last_words(World& world, Side& side) {
  const auto listener = side.listen();
  auto pair = co_await connect(world, side, *listener);
  co_await pair.near->write("unread by the far end");
  const bool sent = co_await pair.far->write("rejected: another cluster");
  pair.far->close();   // over the unread message
  const Message heard = co_await pair.near->read();
  const Message end = co_await pair.near->read();
  const bool after = co_await pair.near->write("too late");
  EXPECT_TRUE(sent);
  EXPECT_EQ(heard, "rejected: another cluster");
  EXPECT_EQ(end, std::nullopt);
  EXPECT_FALSE(after);
}

TEST(SecureLink, last_message_before_close_arrives_and_then_it_has_ended) {
  World world;
  Side side(world, cluster_key);
  world.run(last_words(world, side));
  EXPECT_THAT(side.turned_away, ElementsAre());   // a goodbye is nothing to tell
}

// -- who has no key, or another ----------------------------------------------------------------------------------

// `dials` reaches for `accepts`, which wants TLS.
awaitable<void> dial(World& world, Side& dials, Side& accepts, ConnectResult& result, Message& answer) {
  auto listener = accepts.listen();
  std::optional<std::shared_ptr<Connection>> accepted;
  spawn(world.executor, accept_into(*listener, accepted));
  const std::string address = listener->local();
  result = co_await dials.network.connect(Transport::peer, address, world.soon());
  if (result.connection) {
    const auto hello = wire::encode(wire::PeerFrame(wire::Hello()));
    co_await result.connection->write(hello);
    answer = co_await result.connection->read();
  }
  co_await world.pause(milliseconds(1));
  EXPECT_FALSE(accepted.has_value());   // the node never hears of it
  co_await close_listener(world, *listener, accepted);
}

TEST(SecureLink, another_key_is_refused_and_both_sides_know_why) {
  World world;
  Side dials(world, "one key");
  Side accepts(world, "another key");
  ConnectResult result;
  Message answer;
  world.run(dial(world, dials, accepts, result, answer));
  EXPECT_EQ(result.connection, nullptr);
  EXPECT_EQ(result.failure, ConnectFailure::other);   // not `refused`: its process is not gone
  EXPECT_THAT(result.detail, HasSubstr("another cluster key"));
  EXPECT_THAT(accepts.turned_away, ElementsAre(HasSubstr("another cluster key")));
}

TEST(SecureLink, plain_text_is_refused_and_both_sides_know_why) {
  World world;
  Side dials(world);
  Side accepts(world, cluster_key);
  ConnectResult result;
  Message answer;
  world.run(dial(world, dials, accepts, result, answer));
  ASSERT_TRUE(answer.has_value());
  const auto frame = wire::decode_peer_frame(*answer);
  ASSERT_TRUE(frame.ok());
  ASSERT_TRUE(std::holds_alternative<wire::Rejected>(*frame));
  EXPECT_THAT(std::get<wire::Rejected>(*frame).reason, HasSubstr("cluster_key_file"));
  EXPECT_THAT(accepts.turned_away, ElementsAre(HasSubstr("plain text")));
}

awaitable<void> read_first(Listener& listener, std::optional<Message>& read) {
  const auto connection = co_await listener.accept();
  read = co_await connection->read();
}
awaitable<void> dial_plain(World& world, Side& dials, Side& accepts, ConnectResult& result, Message& said) {
  auto listener = accepts.listen();
  const std::string address = listener->local();
  std::optional<Message> read;
  spawn(world.executor, read_first(*listener, read));
  result = co_await dials.network.connect(Transport::peer, address, world.soon());
  while (!read) co_await world.pause(milliseconds(1));
  said = *read;
}

TEST(SecureLink, tls_to_a_node_in_plain_text_is_refused_and_both_sides_know_why) {
  World world;
  Side dials(world, cluster_key);
  Side accepts(world);
  ConnectResult result;
  Message said = "something";
  world.run(dial_plain(world, dials, accepts, result, said));
  EXPECT_EQ(result.connection, nullptr);
  EXPECT_THAT(result.detail, HasSubstr("speaks plain text"));
  EXPECT_EQ(said, std::nullopt);
  EXPECT_THAT(accepts.turned_away, ElementsAre(HasSubstr("speaks TLS")));
}

// -- handshakes that come to nothing -------------------------------------------------------------------------------

awaitable<void> half_a_handshake(World& world, Side& side, std::string bytes, Duration& took) {
  auto listener = side.listen();
  std::optional<std::shared_ptr<Connection>> accepted;
  spawn(world.executor, accept_into(*listener, accepted));
  RawClient client(world.executor);
  const std::string address = listener->local();
  co_await client.connect(address);
  const TimePoint start = world.clock.now();
  co_await client.send(std::move(bytes));
  co_await client.receive_all();
  took = world.clock.now() - start;
  EXPECT_FALSE(accepted.has_value());
  // And the next one is served all the same.
  auto result = co_await side.network.connect(Transport::peer, address, world.soon());
  EXPECT_NE(result.connection, nullptr) << result.detail;
  co_await world.pause(milliseconds(1));
  EXPECT_TRUE(accepted.has_value());
  co_await close_listener(world, *listener, accepted);
}

TEST(SecureLink, half_a_handshake_ends_at_its_deadline) {
  World world;
  Side side(world, cluster_key);
  Duration took{};
  world.run(half_a_handshake(world, side, std::string("\x16\x03\x01\x00\xfa\x01", 6), took));
  EXPECT_GE(took, tls_handshake_max - milliseconds(50));
  EXPECT_LT(took, tls_handshake_max + milliseconds(5'000));
  EXPECT_THAT(side.turned_away, ElementsAre(HasSubstr("not finished in time")));
}

awaitable<void> dial_the_silent(World& world, Side& side, ConnectResult& result) {
  asio::ip::tcp::acceptor silent(world.executor, {asio::ip::address_v4::loopback(), 0});
  const std::string address = "127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  result = co_await side.network.connect(Transport::peer, address, world.in(milliseconds(80)));
}

TEST(SecureLink, whose_handshake_nobody_answers_ends_at_the_deadline_of_its_dial) {
  World world;
  Side side(world, cluster_key);
  ConnectResult result;
  const TimePoint start = world.clock.now();
  world.run(dial_the_silent(world, side, result));
  EXPECT_EQ(result.failure, ConnectFailure::timed_out) << result.detail;
  EXPECT_LT(world.clock.now() - start, milliseconds(5'000));
}

awaitable<void> close_during_handshakes(World& world, Side& side) {
  auto listener = side.listen();
  std::optional<std::shared_ptr<Connection>> accepted;
  spawn(world.executor, accept_into(*listener, accepted));
  const std::string address = listener->local();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(world.executor));
    co_await clients.back()->connect(address);
    co_await clients.back()->send("\x16\x03");
  }
  co_await world.pause(milliseconds(5));
  const TimePoint start = world.clock.now();
  listener.reset();   // by destruction
  for (const auto& client : clients) co_await client->receive_all();
  EXPECT_LT(world.clock.now() - start, milliseconds(1'000));   // at once, not at their deadlines
  while (!accepted) co_await world.pause(milliseconds(1));
  EXPECT_EQ(accepted.value_or(nullptr), nullptr);
}

TEST(SecureLink, closing_the_listener_ends_the_handshakes_that_are_under_way) {
  World world;
  Side side(world, cluster_key);
  world.run(close_during_handshakes(world, side));
  EXPECT_THAT(side.turned_away, ElementsAre());
}

awaitable<void> crowd(World& world, Side& side, std::shared_ptr<Connection>& served, Duration& took) {
  auto listener = side.listen();
  const std::string address = listener->local();
  std::vector<std::unique_ptr<RawClient>> silent;
  for (std::size_t i = 0; i < peer_handshakes_max + 20; ++i) {
    silent.push_back(std::make_unique<RawClient>(world.executor));
    co_await silent.back()->connect(address);
  }
  const TimePoint start = world.clock.now();
  auto result = co_await side.network.connect(Transport::peer, address, world.soon());
  took = world.clock.now() - start;
  served = std::move(result.connection);
  listener->close();
}

TEST(SecureLink, a_crowd_that_says_nothing_delays_a_node_by_the_grace_only) {
  World world;
  Side side(world, cluster_key);
  std::shared_ptr<Connection> served;
  Duration took{};
  world.run(crowd(world, side, served, took));
  EXPECT_NE(served, nullptr);
  EXPECT_LT(took, handshake_grace + milliseconds(1'500));
}

awaitable<void> look_at_the_port(World& world, Side& side) {
  auto listener = side.listen();
  std::optional<std::shared_ptr<Connection>> accepted;
  spawn(world.executor, accept_into(*listener, accepted));
  const std::string address = listener->local();
  RawClient probe(world.executor);
  co_await probe.connect(address);
  probe.close();
  auto result = co_await side.network.connect(Transport::peer, address, world.soon());   // after it in the queue
  EXPECT_NE(result.connection, nullptr) << result.detail;
  while (!accepted) co_await world.pause(milliseconds(1));
}

TEST(SecureLink, who_only_looks_whether_the_port_is_open_is_not_worth_a_word) {
  World world;
  Side side(world, cluster_key);
  world.run(look_at_the_port(world, side));
  EXPECT_THAT(side.turned_away, ElementsAre());
}

// -- without a key -----------------------------------------------------------------------------------------------

awaitable<void> dial_off_the_loopback(World& world, Side& side, std::string address, ConnectResult& result) {
  result = co_await side.network.connect(Transport::peer, std::move(address), world.in(milliseconds(200)));
}

TEST(WithoutAKey, nodes_neither_listen_nor_dial_off_the_loopback) {
  World world;
  Side side(world);
  for (const char* const address : {"192.0.2.7:7101", "0.0.0.0:7101", "[::]:7101", "node-2.example:7101"}) {
    const auto listener = side.network.listen(Transport::peer, address, {});
    ASSERT_FALSE(listener.ok()) << address;
    EXPECT_THAT(listener.error().message, HasSubstr("openssl rand -hex 32")) << address;
    ConnectResult result;
    world.run(dial_off_the_loopback(world, side, address, result));
    EXPECT_EQ(result.connection, nullptr);
    EXPECT_EQ(result.failure, ConnectFailure::other);
    EXPECT_THAT(result.detail, HasSubstr("cluster_key_file"));
  }
}

}  // namespace
}  // namespace parley::net
