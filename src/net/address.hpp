#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace parley::net {

// "host:port" taken apart: "node-1:7001", "127.0.0.1:7001", "[::1]:7001". An IPv6 address needs its brackets.
struct HostPort {
  std::string host;   // without brackets; at most host_max bytes
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};
inline constexpr std::size_t host_max = 255;   // RFC 1035, 2.3.4

// The error names the text and what was expected.
Result<HostPort> parse_address(std::string_view text);

// The endpoints that can be known without asking anybody: of a numeric host, and of "localhost", which is the
// loopback by definition (RFC 6761, 6.3), IPv4 first. nullopt: the name has to be resolved.
std::optional<std::vector<boost::asio::ip::tcp::endpoint>> known_endpoints(const HostPort& address);

// Whether what listens or connects there stays on this machine. A name other than "localhost" counts as not.
bool is_loopback(std::string_view host);           // without port and brackets
bool is_loopback_address(std::string_view text);   // "host:port"; false if it can't be parsed

// "127.0.0.1:7001", "[::1]:7001".
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace parley::net
