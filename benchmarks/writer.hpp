#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench_cluster.hpp"
#include "cli/client.hpp"
#include "samples.hpp"

namespace parley::bench {

// One client under load: the production client, logged in and in the room, with `window` sends under way at any time.
class Writer final : public cli::Observer {
 public:
  struct Options {
    std::string name;
    std::string room = "#bench";
    bool own_room = false;            // "#bench-NAME" instead: nobody else is told
    std::size_t window = 1;
    std::size_t text_bytes = 64;
    NodeId home;                      // stays at that node as long as it works; 0: follows the leader
    bool other_way = false;           // the last of the others after its home, not the first
    milliseconds retry{0};            // at most so long between two attempts to reconnect; 0: the product's defaults
  };
  Writer(BenchCluster& cluster, Options options);

  awaitable<void> arrive();           // registers, logs in, joins; throws if that fails
  void begin();                       // starts sending, until end()
  void end() { sending_ = false; }
  void leave() { client_->stop(); }
  bool idle() const { return under_way_ == 0; }
  bool gone() const { return !living_; }

  const std::string& name() const { return options_.name; }
  const std::string& room() const { return options_.room; }
  NodeId node() const { return NodeId(client_->connection().node); }   // connected to; 0: none
  cli::Client& client() { return *client_; }
  const Samples& latencies() const { return latencies_; }
  const std::vector<TimePoint>& acknowledged_at() const { return acknowledged_at_; }
  std::size_t failed() const { return failed_; }
  std::size_t failed_ever() const { return failed_ever_; }   // forgotten ones, too
  // The numbers of all sends that were acknowledged, in the order of the answers: each text begins with its number.
  const std::vector<std::uint64_t>& acknowledged() const { return acknowledged_; }
  void forget();                      // what was measured so far; not what was acknowledged

 private:
  awaitable<void> live();
  awaitable<void> expect(std::string method, cli::json::object params, std::string tolerated);
  void send_one();
  std::string numbered_text(std::uint64_t number) const;

  BenchCluster& cluster_;
  Options options_;
  std::unique_ptr<cli::Client> client_;
  bool living_ = true;
  bool sending_ = false;
  std::size_t under_way_ = 0;
  std::size_t failed_ = 0;
  std::size_t failed_ever_ = 0;
  std::uint64_t last_number_ = 0;
  std::vector<std::uint64_t> acknowledged_;
  Samples latencies_;
  std::vector<TimePoint> acknowledged_at_;
};

// Many of them, arriving together; and their farewell.
class Writers {
 public:
  Writers(BenchCluster& cluster, std::size_t count, Writer::Options pattern, std::vector<NodeId> homes = {});
  awaitable<void> arrive();
  void begin();
  awaitable<void> end();              // no new sends; waits for those under way
  awaitable<void> leave();
  void forget();
  Samples latencies() const;
  std::size_t failed() const;
  std::size_t failed_ever() const;
  std::vector<std::unique_ptr<Writer>>& all() { return writers_; }

 private:
  BenchCluster& cluster_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

}  // namespace parley::bench
