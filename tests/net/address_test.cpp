#include "net/address.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace parley::net {
namespace {

TEST(Address, is_a_host_and_a_port) {
  EXPECT_EQ(parse_address("127.0.0.1:7001").value(), (HostPort{"127.0.0.1", 7001}));
  EXPECT_EQ(parse_address("node-1.example.org:0").value(), (HostPort{"node-1.example.org", 0}));
  EXPECT_EQ(parse_address("[::1]:65535").value(), (HostPort{"::1", 65535}));
}

TEST(Address, that_is_wrong_is_named_with_what_was_expected) {
  for (const char* text : {"", ":", "localhost", "localhost:", ":7001", "localhost:x", "localhost:65536", "a:-1",
                           "a:+1", "a: 1", "::1:7001", "[::1]", "[]:1", "[127.0.0.1]:1", "[::1:1",
                           "a b:1", "a\n:1", "a/b:1"}) {
    const auto parsed = parse_address(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find("\"" + std::string(text) + "\""), std::string::npos);
    EXPECT_NE(parsed.error().message.find("expected host:port"), std::string::npos);
  }
  EXPECT_FALSE(parse_address(std::string(host_max + 1, 'a') + ":1").ok());
}

TEST(Address, of_any_bytes_is_harmless) {
  Random random(7);
  for (int round = 0; round < 10'000; ++round) {
    std::string text;
    for (auto size = random.below(20); size > 0; --size) text += "[]:.1a%\n\xff "[random.below(10)];
    const auto parsed = parse_address(text);
    if (parsed.ok()) (void)known_endpoints(*parsed);
  }
}

TEST(Address, known_without_asking_is_numeric_or_localhost) {
  EXPECT_EQ(to_string(known_endpoints(HostPort{"10.1.2.3", 5})->front()), "10.1.2.3:5");
  EXPECT_EQ(to_string(known_endpoints(HostPort{"fe80::1", 5})->front()), "[fe80::1]:5");
  const auto local = known_endpoints(HostPort{"LocalHost", 5});
  ASSERT_TRUE(local);
  ASSERT_EQ(local->size(), 2u);
  EXPECT_EQ(to_string(local->front()), "127.0.0.1:5");
  EXPECT_EQ(to_string(local->back()), "[::1]:5");
  EXPECT_FALSE(known_endpoints(HostPort{"node-1", 5}));
}

TEST(Address, on_the_loopback_is_told_from_any_other) {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "node-1", "", "::ffff:10.0.0.1"})
    EXPECT_FALSE(is_loopback(host)) << host;
  EXPECT_TRUE(is_loopback_address("[::1]:7001"));
  EXPECT_FALSE(is_loopback_address("0.0.0.0:7001"));
  EXPECT_FALSE(is_loopback_address("nonsense"));
}

}  // namespace
}  // namespace parley::net
