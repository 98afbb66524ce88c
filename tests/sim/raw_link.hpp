#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/json_fields.hpp"
#include "net/network.hpp"
#include "sim/raw_history.hpp"
#include "sim/seams.hpp"

namespace parley::sim {

// Waits for the answer to one request; null `response` and `over`: the connection ended.
struct RawWait {
  std::unique_ptr<net::Alarm> alarm;
  std::optional<cli::json::object> response;
  bool over = false;
};

// One connection to one node: carries texts, and brings each answer to whoever waits for it. One that nobody waits for
// any more is dropped; `closing` is kept.
class RawLink {
 public:
  RawLink(World& world, net::Clock& clock, std::uint32_t node, std::shared_ptr<net::Connection> connection)
      : world_(world), clock_(clock), node_(node), connection_(std::move(connection)), connected_(world.now()) {}

  static awaitable<void> read_loop(std::shared_ptr<RawLink> link);
  // Null: the connection is gone.
  awaitable<std::shared_ptr<RawWait>> send(std::string text, std::uint64_t id);
  // Until it is answered, the connection is over, or so much time.
  awaitable<void> wait(std::shared_ptr<RawWait> waiting, Duration patience);
  void close();

  std::uint32_t node() const { return node_; }
  TimePoint connected() const { return connected_; }
  bool open() const { return open_; }

  std::uint64_t attached = 0;              // to that client session; 0: to none
  RawPresence* presence = nullptr;         // logged in; null: not

 private:
  void take(const std::string& text);
  void over();

  World& world_;
  net::Clock& clock_;
  std::uint32_t node_;
  std::shared_ptr<net::Connection> connection_;
  TimePoint connected_;
  bool open_ = true;
  std::map<std::uint64_t, std::shared_ptr<RawWait>> waiting_;   // by id; null id: under 0
};

}  // namespace parley::sim
