#include "net/address.hpp"

#include <algorithm>
#include <charconv>

namespace parley::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

Error unusable(std::string_view text, std::string_view why) {
  return Error{"address \"" + std::string(text) + "\" " + std::string(why) +
               "; expected host:port, for example 127.0.0.1:7001 or [::1]:7001"};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return port;
}

// What may stand in a name or a numeric address; keeps control characters and blanks out of logs and resolvers.
bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == ':' || c == '%';
}

std::optional<asio::ip::address> numeric(std::string_view host) {
  boost::system::error_code failure;
  const auto address = asio::ip::make_address(std::string(host), failure);
  if (failure) return std::nullopt;
  return address;
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view localhost = "localhost";
  return std::equal(host.begin(), host.end(), localhost.begin(), localhost.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

Result<HostPort> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return unusable(text, "has no port");
  auto host = text.substr(0, colon);
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return unusable(text, "has a port that is not a number from 0 to 65535");
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return unusable(text, "has no host");
  if (host.size() > host_max) return unusable(text.substr(0, 40), "has a host that is too long");
  if (!std::all_of(host.begin(), host.end(), is_host_character))
    return unusable(text, "has a host with characters that no host has");
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (has_colon && !bracketed) return unusable(text, "has an IPv6 address without brackets");
  if (bracketed) {
    const auto address = numeric(host);
    if (!address || !address->is_v6()) return unusable(text, "has brackets around what is no IPv6 address");
  }
  return HostPort{std::string(host), *port};
}

std::optional<std::vector<tcp::endpoint>> known_endpoints(const HostPort& address) {
  if (is_localhost(address.host)) {
    return std::vector<tcp::endpoint>{tcp::endpoint(asio::ip::address_v4::loopback(), address.port),
                                      tcp::endpoint(asio::ip::address_v6::loopback(), address.port)};
  }
  const auto number = numeric(address.host);
  if (!number) return std::nullopt;
  return std::vector<tcp::endpoint>{tcp::endpoint(*number, address.port)};
}

bool is_loopback(std::string_view host) {
  if (is_localhost(host)) return true;
  const auto address = numeric(host);
  if (!address) return false;
  if (address->is_v6() && address->to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address->to_v6()).is_loopback();
  return address->is_loopback();
}

bool is_loopback_address(std::string_view text) {
  const auto address = parse_address(text);
  return address.ok() && is_loopback(address->host);
}

std::string to_string(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  if (endpoint.address().is_v6()) return "[" + address + "]:" + port;
  return address + ":" + port;
}

}  // namespace parley::net
