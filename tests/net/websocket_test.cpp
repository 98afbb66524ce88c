#include <gtest/gtest.h>

#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "net/listener.hpp"
#include "net/spawn.hpp"
#include "net/world.hpp"

namespace parley::net {
namespace {

using Message = std::optional<std::string>;

std::optional<HttpReply> health_page(std::string_view path) {
  if (path != "/healthz") return std::nullopt;
  HttpReply reply;
  reply.body = "well\n";
  return reply;
}

struct Pair {
  std::unique_ptr<Listener> listener;
  std::shared_ptr<Connection> client;
  std::shared_ptr<Connection> node;
};
awaitable<Pair> connected(World& world) {
  Pair pair;
  pair.listener = world.listen(Transport::client);
  pair.client = co_await world.connect(Transport::client, *pair.listener);
  pair.node = co_await pair.listener->accept();
  co_return std::move(pair);
}

struct RawPair {
  std::unique_ptr<Listener> listener;
  std::shared_ptr<Connection> node;
};
awaitable<RawPair> accepted(World& world, RawClient& client) {
  RawPair pair;
  pair.listener = world.listen(Transport::client);
  const std::string head = co_await client.upgrade(pair.listener->local());
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  pair.node = co_await pair.listener->accept();
  co_return std::move(pair);
}

// The code in a close frame of the node, and its text.
struct CloseFrame {
  unsigned code = 0;
  std::string reason;
};
CloseFrame parse_close(const std::string& bytes) {
  CloseFrame frame;
  EXPECT_GE(bytes.size(), 4u);
  if (bytes.size() < 4) return frame;
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0x88);
  frame.code = static_cast<unsigned char>(bytes[2]) * 256u + static_cast<unsigned char>(bytes[3]);
  frame.reason = bytes.substr(4);
  return frame;
}

awaitable<void> texts_both_ways(World& world) {
  auto pair = co_await connected(world);
  EXPECT_TRUE(pair.node->remote().starts_with("127.0.0.1:"));
  const std::vector<std::size_t> sizes{0, 1, 125, 126, 65'535, client_message_max};
  for (const auto size : sizes) {
    const std::string text(size, 'a');
    const bool sent = co_await pair.client->write(text);
    const Message there = co_await pair.node->read();
    EXPECT_TRUE(sent);
    EXPECT_TRUE(there == text);
    const bool returned = co_await pair.node->write(text + "\xc3\xa9");
    const Message back = co_await pair.client->read();
    EXPECT_TRUE(returned);
    EXPECT_TRUE(back == text + "\xc3\xa9");
  }
}

TEST(WebSocket, carries_texts_both_ways) {
  World world;
  world.run(texts_both_ways(world));
}

awaitable<void> write_into(std::shared_ptr<Connection> connection, std::string message, std::optional<bool>& result) {
  result = co_await connection->write(std::move(message));
}
awaitable<void> longest_reply(World& world) {
  auto pair = co_await connected(world);
  std::optional<bool> sent;
  spawn(world.executor, write_into(pair.node, std::string(client_reply_max, 'x'), sent));
  const Message got = co_await pair.client->read();
  EXPECT_EQ(got.value_or("").size(), client_reply_max);
  EXPECT_EQ(sent, true);
}

TEST(WebSocket, carries_the_longest_reply) {
  World world;
  world.run(longest_reply(world));
}

awaitable<void> read_into(awaitable<Message> reading, std::optional<Message>& result) {
  result = co_await std::move(reading);
}

// The node reads `bytes` of a client that breaks the rules: it gets no message, the client a close frame with `code`.
awaitable<void> violation(World& world, std::string bytes, unsigned code) {
  RawClient client(world.executor);
  auto pair = co_await accepted(world, client);
  std::optional<Message> result;
  spawn(world.executor, read_into(pair.node->read(), result));
  co_await client.send(std::move(bytes));
  const std::string answer = co_await client.receive_all();
  client.close();
  while (!result) co_await world.pause(milliseconds(1));
  EXPECT_EQ(*result, std::nullopt);
  EXPECT_EQ(parse_close(answer).code, code);
}
void expect_violation(const std::string& bytes, unsigned code) {
  World world;
  world.run(violation(world, bytes, code));
}

TEST(WebSocket, refuses_a_binary_frame) { expect_violation(RawClient::frame(binary_opcode, "abc"), 1003); }

TEST(WebSocket, refuses_text_that_is_no_utf8) {
  for (const char* text : {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xe2\x82"})
    expect_violation(RawClient::frame(text_opcode, text), 1007);
}

TEST(WebSocket, refuses_a_message_over_the_limit_before_it_came) {
  const auto whole = RawClient::frame(text_opcode, std::string(client_message_max + 1, 'a'));
  expect_violation(whole.substr(0, 14), 1009);   // the frame's header is enough
}

TEST(WebSocket, refuses_a_message_over_the_limit_in_fragments) {
  const std::string half(client_message_max / 2 + 1, 'a');
  expect_violation(RawClient::frame(text_opcode, half, true, false) + RawClient::frame(0, half), 1009);
}

TEST(WebSocket, refuses_frames_that_break_the_protocol) {
  expect_violation(RawClient::frame(text_opcode, "unmasked", false), 1002);
  expect_violation(RawClient::frame(3, "reserved"), 1002);
  expect_violation(RawClient::frame(0, "continues nothing"), 1002);
}

awaitable<void> ping(World& world) {
  RawClient client(world.executor);
  auto pair = co_await accepted(world, client);
  std::optional<Message> result;
  spawn(world.executor, read_into(pair.node->read(), result));
  co_await client.send(RawClient::frame(ping_opcode, "hi") + RawClient::frame(text_opcode, "text"));
  const std::string pong = co_await client.receive(4);
  EXPECT_EQ(pong, "\x8a\x02hi");
  while (!result) co_await world.pause(milliseconds(1));
  EXPECT_EQ(*result, "text");
}

TEST(WebSocket, answers_a_ping_while_it_reads) {
  World world;
  world.run(ping(world));
}

awaitable<void> close_with_reason(World& world, std::string reason, CloseFrame& frame) {
  RawClient client(world.executor);
  auto pair = co_await accepted(world, client);
  co_await client.send(RawClient::frame(text_opcode, "unread by the node"));
  const bool sent = co_await pair.node->write("closing");
  EXPECT_TRUE(sent);
  pair.node->close(reason);
  pair.node->close("another");
  const std::string text = co_await client.receive(9);
  const std::string rest = co_await client.receive_all();
  EXPECT_EQ(text, "\x81\x07" "closing");
  frame = parse_close(rest);
}

TEST(WebSocket, close_tells_the_other_side_why_after_what_was_written_before) {
  World world;
  CloseFrame frame;
  world.run(close_with_reason(world, "slow_reader", frame));
  EXPECT_EQ(frame.code, 1000u);
  EXPECT_EQ(frame.reason, "slow_reader");
}

TEST(WebSocket, close_cuts_a_long_reason_between_characters) {
  for (const std::string start : {"", "a"}) {
    World world;
    CloseFrame frame;
    std::string reason = start;
    for (int i = 0; i < 100; ++i) reason += "\xc3\xa9";
    world.run(close_with_reason(world, reason, frame));
    EXPECT_EQ(frame.reason, reason.substr(0, start.empty() ? 122 : 123));
  }
}

awaitable<void> close_while_reading(World& world, bool by_client, bool by_destruction) {
  auto pair = co_await connected(world);
  auto& near = by_client ? pair.client : pair.node;
  auto& far = by_client ? pair.node : pair.client;
  std::optional<Message> near_result;
  std::optional<Message> far_result;
  spawn(world.executor, read_into(near->read(), near_result));
  spawn(world.executor, read_into(far->read(), far_result));
  co_await world.pause(milliseconds(1));
  if (by_destruction) {
    near.reset();
  } else {
    near->close("enough");
  }
  co_await world.pause(milliseconds(1));
  EXPECT_TRUE(near_result.has_value());
  EXPECT_EQ(near_result.value_or("none"), std::nullopt);
  while (!far_result) co_await world.pause(milliseconds(1));
  EXPECT_EQ(*far_result, std::nullopt);
  const bool written = co_await far->write("are you there?");
  EXPECT_FALSE(written);
}

TEST(WebSocket, close_on_either_side_wakes_the_reads_of_both) {
  for (const bool by_client : {false, true}) {
    for (const bool by_destruction : {false, true}) {
      World world;
      world.run(close_while_reading(world, by_client, by_destruction));
    }
  }
}

awaitable<void> close_while_writing(World& world) {
  auto pair = co_await connected(world);
  std::vector<std::optional<bool>> results(8);
  std::size_t blocked = 0;
  for (; blocked < results.size(); ++blocked) {   // nobody reads: at some point the kernel takes no more
    spawn(world.executor, write_into(pair.node, std::string(client_reply_max, 'x'), results[blocked]));
    co_await world.pause(milliseconds(20));
    if (!results[blocked]) break;
  }
  EXPECT_LT(blocked, results.size());
  pair.node->close("slow_reader");
  co_await world.pause(milliseconds(1));
  EXPECT_EQ(results[blocked], false);
  const bool after = co_await pair.node->write("x");
  EXPECT_FALSE(after);
}

TEST(WebSocket, close_wakes_a_pending_write) {
  World world;
  world.run(close_while_writing(world));
}

awaitable<void> request(World& world, std::string text, std::string& answer) {
  auto listener = world.listen(Transport::client, health_page);
  RawClient client(world.executor);
  co_await client.connect(listener->local());
  co_await client.send(std::move(text));
  answer = co_await client.receive_all();
}
std::string answer_to(const std::string& text) {
  World world;
  std::string answer;
  world.run(request(world, text, answer));
  return answer;
}

TEST(ClientListener, serves_pages_to_plain_http) {
  const auto answer = answer_to("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nwell\n")) << answer;
  EXPECT_TRUE(answer_to("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404 "));
  const auto posted = answer_to("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(posted.starts_with("HTTP/1.1 405 ")) << posted;
  EXPECT_TRUE(answer_to("GET /v1/rpc HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 426 "));
  EXPECT_TRUE(answer_to("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST(ClientListener, answers_a_request_that_is_too_long) {
  EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')).starts_with("HTTP/1.1 431 "));
}

awaitable<void> in_pieces(World& world) {
  auto listener = world.listen(Transport::client, health_page);
  RawClient client(world.executor);
  co_await client.connect(listener->local());
  const std::string text = "GET /healthz HTTP/1.1\r\n\r\n";
  for (const char byte : text) {
    co_await client.send(std::string(1, byte));
    co_await world.pause(milliseconds(0));
  }
  const std::string answer = co_await client.receive_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
}

TEST(ClientListener, takes_a_request_that_comes_one_byte_at_a_time) {
  World world;
  world.run(in_pieces(world));
}

// `count` clients that never finish their request, then one that does.
awaitable<void> slow_loris(World& world, std::size_t count, Duration& waited) {
  auto listener = world.listen(Transport::client);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (std::size_t i = 0; i < count; ++i) {
    slow.push_back(std::make_unique<RawClient>(world.executor));
    co_await slow.back()->connect(listener->local());
    co_await slow.back()->send("GET /v1/rpc HT");
  }
  const TimePoint start = world.clock.now();
  const auto client = co_await world.connect(Transport::client, *listener);
  const auto node = co_await listener->accept();
  waited = world.clock.now() - start;
  const bool sent = co_await client->write("hello");
  const Message got = co_await node->read();
  EXPECT_TRUE(sent);
  EXPECT_EQ(got, "hello");
}

TEST(ClientListener, slow_handshake_holds_up_nobody_else) {
  World world;
  Duration waited{};
  world.run(slow_loris(world, 20, waited));
  EXPECT_LT(waited, handshake_grace);
}

TEST(ClientListener, more_slow_handshakes_than_the_limit_hold_up_others_for_their_grace_only) {
  World world;
  Duration waited{};
  world.run(slow_loris(world, client_handshakes_max + 5, waited));
  EXPECT_LT(waited, milliseconds(5'000));
}

awaitable<void> crowd(World& world) {
  auto listener = world.listen(Transport::client);
  std::vector<std::shared_ptr<Connection>> clients;
  for (std::size_t i = 0; i < client_handshakes_max; ++i) {   // all finished, none taken
    auto client = co_await world.connect(Transport::client, *listener);
    clients.push_back(std::move(client));
  }
  auto late = world.network.connect(Transport::client, listener->local(), world.in(milliseconds(100)));
  const auto refused = co_await std::move(late);
  EXPECT_EQ(refused.failure, ConnectFailure::timed_out);
  for (std::size_t i = 0; i < client_handshakes_max; ++i) {
    const auto node = co_await listener->accept();
    EXPECT_NE(node, nullptr);
  }
  const auto next = co_await world.connect(Transport::client, *listener);
  EXPECT_NE(next, nullptr);
}

TEST(ClientListener, keeps_no_more_connections_ready_than_its_limit) {
  World world;
  world.run(crowd(world));
}

awaitable<void> close_with_handshakes(World& world) {
  auto listener = world.listen(Transport::client, health_page);
  RawClient half(world.executor);
  co_await half.connect(listener->local());
  co_await half.send("GET /healthz HTTP/1.1\r\n");
  const auto ready = co_await world.connect(Transport::client, *listener);
  listener.reset();
  const std::string rest = co_await half.receive_all();
  EXPECT_EQ(rest, "");
  const Message end = co_await ready->read();
  EXPECT_EQ(end, std::nullopt);
}

TEST(ClientListener, that_is_destroyed_ends_its_handshakes_and_what_nobody_took) {
  World world;
  world.run(close_with_handshakes(world));
}

awaitable<void> answer_once(boost::asio::ip::tcp::acceptor& acceptor, RawClient& far, std::string answer) {
  far.socket = co_await acceptor.async_accept(boost::asio::use_awaitable);
  const std::string asked = co_await far.receive_until("\r\n\r\n");
  EXPECT_TRUE(asked.starts_with("GET /v1/rpc HTTP/1.1\r\n")) << asked;
  co_await far.send(std::move(answer));
}
awaitable<void> dial_a_stranger(World& world, std::string answer, ConnectResult& result) {
  using boost::asio::ip::tcp;
  tcp::acceptor acceptor(world.executor, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  RawClient far(world.executor);
  spawn(world.executor, answer_once(acceptor, far, std::move(answer)));
  const std::string address = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  result = co_await world.network.connect(Transport::client, address, world.soon());
}

TEST(Connect, to_a_web_server_that_is_no_node_says_what_it_answered) {
  for (const char* answer : {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "nonsense\r\n\r\n"}) {
    World world;
    ConnectResult result;
    world.run(dial_a_stranger(world, answer, result));
    EXPECT_EQ(result.connection, nullptr);
    EXPECT_EQ(result.failure, ConnectFailure::other);
    EXPECT_NE(result.detail.find("no WebSocket at 127.0.0.1:"), std::string::npos) << result.detail;
    if (std::string(answer).starts_with("HTTP")) {
      EXPECT_NE(result.detail.find("404 Not Found"), std::string::npos) << result.detail;
    }
  }
}

}  // namespace
}  // namespace parley::net
