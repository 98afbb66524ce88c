#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/outcome.hpp"

namespace parley::cli {

// A message as PROTOCOL.md section 5 describes it; `in` is seen from the reader: "#room" or "@name".
struct Message {
  std::uint64_t id = 0;
  std::string in;
  std::uint64_t number = 0;
  std::string from;
  std::int64_t time_ms = 0;      // log time, ms since 1970
  std::string text;              // empty when deleted
  bool edited = false;
  bool deleted = false;
  std::uint64_t cursor = 0;      // log index of the change; 0: not told (history, sync)
  bool operator==(const Message&) const = default;
};

// nullopt: not a message as the protocol has it (any bytes are harmless).
std::optional<Message> parse_message(const json::value& value);

struct RoomEvent {
  std::string what;              // created joined left removed invited topic deleted
  std::string room;              // with '#'
  std::string name;              // the account concerned, if any
  std::string topic;
  std::uint64_t cursor = 0;
};
std::optional<RoomEvent> parse_room_event(const json::object& params);

struct ConnectionState {
  enum class Phase : std::uint8_t {
    disconnected,                // between two attempts
    connecting,
    joining,                     // connected: hello, session, login, sync
    ready,
    stopped
  };
  Phase phase = Phase::disconnected;
  std::string address;           // of the node, while there is one
  std::uint32_t node = 0;        // its id; 0: not known yet
  std::string cluster;           // its cluster's id; empty: not known yet, or not born
  std::string detail;            // for people: why the last connection ended or could not be made
};

struct LeaderState {
  std::uint32_t node = 0;        // 0: no leader known
  std::string address;
  std::uint64_t term = 0;        // as the last hello said; 0: not told
  bool operator==(const LeaderState&) const = default;
};

// What the leader says of the copies; others do not know.
struct CopiesState {
  enum class Bearable : std::uint8_t { unknown, yes, soon, no };
  Bearable bearable = Bearable::unknown;   // one more failure, not the leader's
  std::uint64_t copies = 0;                // soon, no
  TimePoint bearable_at{};                 // soon
  bool operator==(const CopiesState&) const = default;
};

// A sequenced request that ended, whether or not somebody still waits for it (it may come from an earlier run).
struct Settled {
  std::uint64_t sequence = 0;
  std::string method;
  const json::object* params = nullptr;   // without secrets; valid during the call
  Outcome outcome;
  bool from_earlier_run = false;
};

// Told on the client's strand. Calls may use the client (submit, call_then, stop), not destroy it.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_connection(const ConnectionState& /*state*/) {}
  virtual void on_leader(const LeaderState& /*leader*/) {}
  virtual void on_copies(const CopiesState& /*copies*/) {}
  // New, edited and deleted messages: each change once, in the log's order, across failover.
  virtual void on_message(const Message& /*message*/) {}
  virtual void on_room(const RoomEvent& /*event*/) {}         // not replayed after a disconnection
  virtual void on_marker(const std::string& /*in*/, std::uint64_t /*number*/) {}
  virtual void on_closing(const std::string& /*reason*/) {}
  virtual void on_settled(const Settled& /*settled*/) {}
  virtual void on_login_ended(const std::string& /*message*/) {}   // the token no longer works
  // The cluster was restored or recovered (R19): unanswered sends end as unknown right after this.
  virtual void on_generation(std::uint64_t /*before*/, std::uint64_t /*now*/) {}
};

}  // namespace parley::cli
