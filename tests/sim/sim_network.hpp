#pragma once

#include <memory>
#include <string>

#include "net/network.hpp"
#include "sim/fabric.hpp"
#include "sim/seams.hpp"
#include "sim/world.hpp"

namespace parley::sim {

// The Network of one life on one host.
class SimNetwork final : public net::Network {
 public:
  // Deadlines are of the machine's clock; null: it shows the world's time.
  SimNetwork(World& world, Fabric& fabric, Life life, Host host, const MachineClock* clock = nullptr)
      : world_(world), fabric_(fabric), life_(life), host_(host), clock_(clock) {}
  awaitable<net::ConnectResult> connect(net::Transport transport, std::string address, TimePoint deadline) override;
  Result<std::unique_ptr<net::Listener>> listen(net::Transport transport, std::string address,
                                                net::HttpPages pages) override;

 private:
  net::ConnectResult open(net::Transport transport, const std::string& address);

  World& world_;
  Fabric& fabric_;
  Life life_;
  Host host_;
  const MachineClock* clock_;
};

}  // namespace parley::sim
