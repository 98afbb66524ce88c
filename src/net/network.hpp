#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/clock.hpp"

namespace parley::net {

// How messages travel: `peer` is length-prefixed frames over TCP, `client` text messages over WebSocket at
// /v1/rpc. Framing, HTTP, keep-alive pings and their timers lie below this seam: it carries whole messages.
enum class Transport : std::uint8_t { peer, client };

inline constexpr std::size_t peer_message_max = 8 * 1024 * 1024;   // bytes; a longer one ends the connection
inline constexpr std::size_t client_message_max = 64 * 1024;       // from a client to a node
inline constexpr std::size_t client_reply_max = 4 * 1024 * 1024;   // from a node to a client

// One connection to somebody else. One reader and one writer at a time, both on the owner's strand.
class Connection {
 public:
  virtual ~Connection() = default;   // closes
  // The next whole message; nullopt: closed by either side, too long, or not our protocol. Never throws.
  virtual awaitable<std::optional<std::string>> read() = 0;
  // True once the message is with the operating system (not: with the reader). False: the connection is gone.
  virtual awaitable<bool> write(std::string message) = 0;
  // Idempotent; a pending read or write returns at once. `reason` reaches a WebSocket peer where it can.
  virtual void close(std::string_view reason = {}) = 0;
  virtual const std::string& remote() const = 0;   // "address:port", for logs
  // The node that the other side's certificate speaks for; nullopt: it has shown none, and what it says of itself has
  // to be taken from it (it has the cluster's key, or is on the loopback).
  virtual std::optional<NodeId> certified() const { return std::nullopt; }
  // Why it ended, for people; empty: no more is known than that it did.
  virtual std::string trouble() const { return {}; }
};

enum class ConnectFailure : std::uint8_t { none, refused, timed_out, unresolved, other };

struct ConnectResult {
  std::shared_ptr<Connection> connection;   // null if it failed
  ConnectFailure failure = ConnectFailure::none;
  std::string detail;                       // for people: what was tried and what happened
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual awaitable<std::shared_ptr<Connection>> accept() = 0;   // null: the listener was closed
  virtual void close() = 0;
  virtual std::string local() const = 0;   // "address:port" with the port really bound
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Plain HTTP GET pages on a client listener (/healthz, /readyz, /metrics); called on the listener's strand.
// nullopt: 404.
using HttpPages = std::function<std::optional<HttpReply>(std::string_view path)>;

class Network {
 public:
  virtual ~Network() = default;
  // `address` is "host:port" ("[::1]:7001" for IPv6); names are resolved at every call.
  virtual awaitable<ConnectResult> connect(Transport transport, std::string address, TimePoint deadline) = 0;
  // Port 0 picks a free one. The error names the address and the reason.
  virtual Result<std::unique_ptr<Listener>> listen(Transport transport, std::string address, HttpPages pages) = 0;
  // When the certificate that peers are shown now comes to its end; nullopt: they are shown none.
  virtual std::optional<WallTime> certificate_expires() const { return std::nullopt; }
};

}  // namespace parley::net
