#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/network.hpp"
#include "sim/seams.hpp"
#include "sim/world.hpp"

namespace parley::sim {

using Host = std::uint32_t;   // a machine; clients are hosts too

struct FabricOptions {
  Duration latency_least = std::chrono::microseconds(50);
  Duration latency_most = std::chrono::microseconds(400);
};

// All cables of the simulated world. As over TCP, what one end writes arrives whole and in order, or the connection
// ends; a parted pair of hosts hears nothing from each other, not even an end, until the parting is over.
class Fabric {
 public:
  Fabric(World& world, FabricOptions options) : world_(world), options_(options), random_(world.random().fork()) {}

  void part(Host from, Host to) { parted_.insert({from, to}); }   // one way
  void part_both(Host a, Host b) {
    part(a, b);
    part(b, a);
  }
  void heal();                                  // everything held up arrives now
  void break_links(Host a, Host b);             // as a reset on both ends

  std::uint64_t delivered() const { return delivered_; }

 private:
  friend class SimNetwork;
  friend class SimConnection;
  friend class SimListener;
  struct Listening;
  struct Pipe;   // one direction of one connection

  bool is_parted(Host from, Host to) const { return parted_.contains({from, to}); }
  TimePoint arrival(Pipe& pipe);
  void send(const std::shared_ptr<Pipe>& pipe, std::string message, bool end);
  void deliver(const std::shared_ptr<Pipe>& pipe);

  World& world_;
  FabricOptions options_;
  Random random_;
  std::set<std::pair<Host, Host>> parted_;
  std::map<std::string, std::shared_ptr<Listening>> listeners_;
  std::vector<std::weak_ptr<Pipe>> pipes_;
  std::uint64_t delivered_ = 0;
  std::uint64_t last_port_ = 0;
};

// The Network of one life on one host.
class SimNetwork final : public net::Network {
 public:
  SimNetwork(World& world, Fabric& fabric, Life life, Host host)
      : world_(world), fabric_(fabric), life_(life), host_(host) {}
  awaitable<net::ConnectResult> connect(net::Transport transport, std::string address, TimePoint deadline) override;
  Result<std::unique_ptr<net::Listener>> listen(net::Transport transport, std::string address,
                                                net::HttpPages pages) override;

 private:
  World& world_;
  Fabric& fabric_;
  Life life_;
  Host host_;
};

}  // namespace parley::sim
