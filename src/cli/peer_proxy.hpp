#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "net/clock.hpp"
#include "net/network.hpp"

namespace parley::cli {

// Carries the nodes' links of a local cluster, one listener a node, so that `cut` can part a node from the others
// as a pulled cable does: what is sent is neither delivered nor refused, and flows on after `heal`. Who dials is
// learnt from the Hello that every link begins with. Used by `parley up` and by the failure scenarios.
// One strand owns it; it outlives its coroutines only after close() and the executor's last turn.
class PeerProxy {
 public:
  PeerProxy(boost::asio::any_io_executor executor, net::Clock& clock, net::Network& network);
  ~PeerProxy();

  // Towards the others this node speaks over that network, not over the common one: each has a certificate of its own.
  void speak_for(NodeId node, std::unique_ptr<net::Network> network);

  // Carries what arrives at `listen` to node `target` at `address`. The error names the address.
  Result<Nothing> add(NodeId target, std::string listen, std::string address);

  // The process of `target` is gone: its port refuses, as the node's own would. Then: it is back.
  void target_down(NodeId target);
  Result<Nothing> target_up(NodeId target);

  void cut(NodeId node);   // from all others, both ways
  void heal();             // all cuts
  const std::set<NodeId>& cut_nodes() const { return cut_; }

  void close();

 private:
  struct Route;
  struct Flow;

  Result<Nothing> listen(Route& route);
  net::Network& network_of(NodeId node) const;
  net::awaitable<void> accept_loop(std::shared_ptr<net::Listener> listener, NodeId target);
  net::awaitable<void> carry(std::shared_ptr<Flow> flow);
  net::awaitable<void> pump(std::shared_ptr<Flow> flow, bool forwards);
  bool held(const Flow& flow) const;
  void forget_closed_flows();

  boost::asio::any_io_executor executor_;
  net::Clock& clock_;
  net::Network& network_;
  std::map<NodeId, std::unique_ptr<net::Network>> own_networks_;
  std::map<NodeId, Route> routes_;
  std::vector<std::shared_ptr<Flow>> flows_;
  std::set<NodeId> cut_;
};

}  // namespace parley::cli
