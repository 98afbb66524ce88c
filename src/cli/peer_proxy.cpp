#include "cli/peer_proxy.hpp"

#include <algorithm>
#include <utility>

#include "net/spawn.hpp"
#include "wire/peer_frame.hpp"

namespace parley::cli {
namespace {

constexpr auto connect_timeout = milliseconds(2000);

NodeId dialler_of(const std::string& first_frame) {
  const auto frame = wire::decode_peer_frame(first_frame);
  if (!frame.ok()) return NodeId(0);
  const auto* hello = std::get_if<wire::Hello>(&*frame);
  return hello ? hello->from.node : NodeId(0);
}

}  // namespace

struct PeerProxy::Route {
  std::string listen_at;
  std::string address;                        // of the node itself
  std::shared_ptr<net::Listener> listener;    // null while the target is down
};

// One link: from the node that dialled to the node it wants.
struct PeerProxy::Flow {
  NodeId source;
  NodeId target;
  std::shared_ptr<net::Connection> near;   // to the dialler
  std::shared_ptr<net::Connection> far;    // to the target
  std::unique_ptr<net::Alarm> forward_alarm;
  std::unique_ptr<net::Alarm> backward_alarm;
  bool closed = false;

  void close() {
    closed = true;
    if (near) near->close();
    if (far) far->close();
    forward_alarm->ring();
    backward_alarm->ring();
  }
};

PeerProxy::PeerProxy(boost::asio::any_io_executor executor, net::Clock& clock, net::Network& network)
    : executor_(std::move(executor)), clock_(clock), network_(network) {}

PeerProxy::~PeerProxy() = default;

void PeerProxy::speak_for(NodeId node, std::unique_ptr<net::Network> network) {
  own_networks_.insert_or_assign(node, std::move(network));
}

net::Network& PeerProxy::network_of(NodeId node) const {
  const auto own = own_networks_.find(node);
  return own == own_networks_.end() ? network_ : *own->second;
}

Result<Nothing> PeerProxy::add(NodeId target, std::string listen_at, std::string address) {
  Route& route = routes_[target];
  route.listen_at = std::move(listen_at);
  route.address = std::move(address);
  return listen(route);
}

Result<Nothing> PeerProxy::listen(Route& route) {
  const auto target = std::find_if(routes_.begin(), routes_.end(), [&](auto& r) { return &r.second == &route; })->first;
  auto listener = network_of(target).listen(net::Transport::peer, route.listen_at, {});
  if (!listener.ok()) return listener.error();
  route.listener = std::move(*listener);
  net::spawn(executor_, accept_loop(route.listener, target));
  return success();
}

void PeerProxy::target_down(NodeId target) {
  Route& route = routes_.at(target);
  if (route.listener) route.listener->close();
  route.listener.reset();
  for (const auto& flow : flows_) {
    if (flow->target == target || flow->source == target) flow->close();
  }
  forget_closed_flows();
}

Result<Nothing> PeerProxy::target_up(NodeId target) {
  Route& route = routes_.at(target);
  return route.listener ? success() : listen(route);
}

void PeerProxy::cut(NodeId node) { cut_.insert(node); }

void PeerProxy::heal() {
  cut_.clear();
  for (const auto& flow : flows_) {
    flow->forward_alarm->ring();
    flow->backward_alarm->ring();
  }
}

void PeerProxy::close() {
  for (auto& [target, route] : routes_) {
    if (route.listener) route.listener->close();
    route.listener.reset();
  }
  for (const auto& flow : flows_) flow->close();
  flows_.clear();
}

bool PeerProxy::held(const Flow& flow) const {
  return !flow.closed && (cut_.contains(flow.source) || cut_.contains(flow.target));
}

void PeerProxy::forget_closed_flows() {
  std::erase_if(flows_, [](const auto& flow) { return flow->closed; });
}

net::awaitable<void> PeerProxy::accept_loop(std::shared_ptr<net::Listener> listener, NodeId target) {
  for (;;) {
    auto connection = co_await listener->accept();
    if (!connection) co_return;
    forget_closed_flows();
    auto flow = std::make_shared<Flow>();
    flow->target = target;
    flow->near = std::move(connection);
    flow->forward_alarm = clock_.make_alarm();
    flow->backward_alarm = clock_.make_alarm();
    flows_.push_back(flow);
    net::spawn(executor_, carry(flow));
  }
}

net::awaitable<void> PeerProxy::carry(std::shared_ptr<Flow> flow) {
  auto hello = co_await flow->near->read();
  if (!hello) co_return flow->close();
  flow->source = dialler_of(*hello);
  const auto certified = flow->near->certified();
  if (certified && *certified != flow->source) co_return flow->close();   // as the target would
  while (held(*flow)) co_await flow->forward_alarm->wait_until(never);

  const auto address = routes_.at(flow->target).address;
  auto& network = network_of(flow->source);
  auto result = co_await network.connect(net::Transport::peer, address, clock_.now() + connect_timeout);
  if (!result.connection || flow->closed) co_return flow->close();
  flow->far = std::move(result.connection);
  const bool sent = co_await flow->far->write(std::move(*hello));
  if (!sent || flow->closed) co_return flow->close();
  net::spawn(executor_, pump(flow, false));
  co_await pump(flow, true);
}

net::awaitable<void> PeerProxy::pump(std::shared_ptr<Flow> flow, bool forwards) {
  const auto from = forwards ? flow->near : flow->far;
  const auto to = forwards ? flow->far : flow->near;
  net::Alarm& alarm = forwards ? *flow->forward_alarm : *flow->backward_alarm;
  for (;;) {
    auto message = co_await from->read();
    if (!message) break;
    while (held(*flow)) co_await alarm.wait_until(never);
    if (flow->closed) break;
    const bool written = co_await to->write(std::move(*message));
    if (!written) break;
  }
  flow->close();
}

}  // namespace parley::cli
