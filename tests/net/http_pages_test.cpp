#include "net/http_pages.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/random.hpp"

namespace parley::net {
namespace {

std::optional<HttpReply> pages(std::string_view path) {
  HttpReply reply;
  if (path == "/healthz") return reply.body = "well\n", reply;
  if (path == "/readyz") return reply.status = 503, reply.body = "no leader\n", reply;
  if (path == "/broken") throw std::runtime_error("broken");
  return std::nullopt;
}

constexpr const char* upgrade =
    "GET /v1/rpc HTTP/1.1\r\nHost: node:8001\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

int status_of(const std::string& head) {
  const auto answer = answer_http(head, pages);
  return answer ? std::stoi(answer->substr(std::string("HTTP/1.1 ").size(), 3)) : 101;
}

TEST(HttpPages, serve_what_they_have) {
  const auto answer = answer_http("GET /healthz?verbose HTTP/1.1\r\nHost: a\r\n\r\n", pages);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 200 OK\r\n")) << *answer;
  EXPECT_NE(answer->find("\r\nContent-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(answer->find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer->ends_with("\r\n\r\nwell\n"));
  EXPECT_EQ(status_of("GET /readyz HTTP/1.0\r\n\r\n"), 503);
}

TEST(HttpPages, that_do_not_exist_are_404_also_without_any_pages) {
  EXPECT_EQ(status_of("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
  EXPECT_EQ(status_of("GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
  const auto answer = answer_http("GET / HTTP/1.1\r\nHost: a\r\n\r\n", HttpPages());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 404 "));
}

TEST(HttpPages, that_fail_are_500) { EXPECT_EQ(status_of("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n"), 500); }

TEST(HttpPages, answer_other_methods_with_405_and_what_is_allowed) {
  for (const char* method : {"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    const auto answer = answer_http(std::string(method) + " /v1/rpc HTTP/1.1\r\nHost: a\r\n\r\n", pages);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->starts_with("HTTP/1.1 405 ")) << *answer;
    EXPECT_NE(answer->find("\r\nAllow: GET\r\n"), std::string::npos);
  }
}

TEST(HttpPages, give_way_to_a_websocket_at_the_rpc_path_only) {
  EXPECT_EQ(status_of(std::string(upgrade) + "\r\n"), 101);
  std::string elsewhere = std::string(upgrade) + "\r\n";
  elsewhere.replace(elsewhere.find("/v1/rpc"), 7, "/v2/rpc");
  EXPECT_EQ(status_of(elsewhere), 404);
  EXPECT_EQ(status_of("GET /v1/rpc HTTP/1.1\r\nHost: a\r\n\r\n"), 426);
}

TEST(HttpPages, refuse_a_websocket_opened_by_a_page_of_another_origin) {
  EXPECT_EQ(status_of(std::string(upgrade) + "Origin: http://evil.example\r\n\r\n"), 403);
  EXPECT_EQ(status_of(std::string(upgrade) + "Origin: null\r\n\r\n"), 403);
  EXPECT_EQ(status_of(std::string(upgrade) + "Origin: http://node:8001\r\n\r\n"), 101);
}

TEST(HttpPages, refuse_bytes_sent_before_the_handshake_was_answered) {
  EXPECT_EQ(status_of(std::string(upgrade) + "\r\n\x81\x80"), 400);
}

TEST(HttpPages, answer_what_is_no_request_with_400) {
  for (const char* head : {"", "\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/3\r\n\r\n", "GET / HTTP/1.1\r\n",
                           "GET / HTTP/1.1\r\nno colon\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"})
    EXPECT_EQ(status_of(head), 400) << head;
}

TEST(HttpPages, bytes_of_any_kind_are_harmless) {
  Random random(3);
  const std::string whole = std::string(upgrade) + "\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string head = whole.substr(0, random.below(whole.size() + 1));
    for (auto changes = random.below(6); changes > 0 && !head.empty(); --changes)
      head[random.below(head.size())] = static_cast<char>(random.below(256));
    const auto answer = answer_http(head, pages);
    EXPECT_TRUE(!answer || answer->starts_with("HTTP/1.1 ")) << head;
  }
}

}  // namespace
}  // namespace parley::net
