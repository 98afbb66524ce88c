#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/network.hpp"
#include "sim/world.hpp"

namespace parley::sim {

using Host = std::uint32_t;   // a machine; clients are hosts too

// What the cables are like. Chances are per message.
struct FabricOptions {
  Duration latency_least = std::chrono::microseconds(50);
  Duration latency_most = std::chrono::microseconds(400);
  Duration jitter_mean{0};             // exponential, on top of the latency
  double lost = 0;                     // a lost packet costs its retransmission: 200 ms, doubling (RFC 6298)
  std::uint64_t bytes_per_second = 0;  // 0: no cap
  std::size_t buffer_bytes = 512 * 1024;   // written and not read yet, both kernels' buffers: beyond, a write waits

  // Beyond what TCP does: messages between nodes, but not their greetings and forwarded commands, may be lost, doubled,
  // swapped or come again later. Consensus claims to bear it.
  double frame_lost = 0;
  double frame_doubled = 0;
  double frame_swapped = 0;
  double frame_replayed = 0;
};

// All cables of the simulated world. As over TCP, what one end writes arrives whole and in order, or the connection
// ends. A parted pair of hosts hears nothing from each other, not even an end, until the parting is over, or until the
// kernels give the connection up. A machine without power says nothing; once it is back it resets what it doesn't know.
class Fabric {
 public:
  Fabric(World& world, FabricOptions options) : world_(world), options_(options), random_(world.random().fork()) {}

  FabricOptions& options() { return options_; }

  // Counted: a pair that is parted twice is whole again after the second joining.
  void part(Host from, Host to);                // one way
  void join(Host from, Host to);
  void part_both(Host a, Host b) {
    part(a, b);
    part(b, a);
  }
  void join_both(Host a, Host b) {
    join(a, b);
    join(b, a);
  }
  void heal();                                  // no pair is parted any more
  bool is_parted(Host from, Host to) const { return parted_.contains({from, to}); }

  void break_links(Host a, Host b);             // as a reset on both ends
  void power_off(Host host);                    // before the lives on it end
  void power_on(Host host) { off_.erase(host); }

  std::uint64_t delivered() const { return delivered_; }

  // The host of "10.0.0.N:port".
  static std::string first_name(std::string address);   // of a machine that has two: 10.0.0.N and 10.0.1.N
  static Host host_of(const std::string& address);

 private:
  friend class SimNetwork;
  friend class SimConnection;
  friend class SimListener;
  struct Listening;
  struct Pipe;   // one direction of one connection
  using PipePtr = std::shared_ptr<Pipe>;

  struct Parting {
    unsigned count = 0;
    std::uint64_t number = 0;   // tells one parting from the next of the same pair
  };

  bool reaches(Host from, Host to) const;
  TimePoint arrival(Pipe& pipe, std::size_t bytes);
  void send(const PipePtr& pipe, std::string message, bool end);
  void send_frame(const PipePtr& pipe, std::string message);
  void push(const PipePtr& pipe, std::string message, bool end);
  void schedule_delivery(const PipePtr& pipe, std::size_t bytes);
  void deliver(const PipePtr& pipe);
  void release(Host from, Host to);
  void give_up(Host from, Host to, std::uint64_t number, net::Transport transport);
  void end(Pipe& pipe);
  std::vector<PipePtr> pipes();

  World& world_;
  FabricOptions options_;
  Random random_;
  std::map<std::pair<Host, Host>, Parting> parted_;
  std::set<Host> off_;
  std::map<std::string, std::shared_ptr<Listening>> listeners_;
  std::vector<std::weak_ptr<Pipe>> pipes_;
  std::uint64_t delivered_ = 0;
  std::uint64_t partings_ = 0;
  std::uint64_t last_port_ = 0;
};

}  // namespace parley::sim
