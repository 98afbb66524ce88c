#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/certificate_maker.hpp"
#include "net/peer_certificates.hpp"
#include "net/tls_session.hpp"
#include "net/world.hpp"

// Links between two nodes, over real sockets.

namespace parley::net {

using Message = std::optional<std::string>;

inline const std::string cluster_key = "the key of the cluster";

Certified certified(const PeerCertificates& files, unsigned node);

// A node's network, and whom it turned away.
struct Side {
  explicit Side(World& world) : Side(world, std::shared_ptr<const TlsContext>()) {}   // in plain text
  Side(World& world, const std::string& key) : Side(world, make_tls_context(PeerKey(key))) {}
  Side(World& world, const Authority& authority, unsigned node) : Side(world) {
    network.use(certified(authority.files(node), node));
  }
  std::unique_ptr<Listener> listen();

  std::vector<std::string> turned_away;
  TcpNetwork network;

 private:
  Side(World& world, std::shared_ptr<const TlsContext> tls) : network(world.executor, security(std::move(tls))) {}
  PeerSecurity security(std::shared_ptr<const TlsContext> tls);
};

struct Pair {
  std::shared_ptr<Connection> near;   // who dialled
  std::shared_ptr<Connection> far;
};
awaitable<Pair> connect(World& world, Side& dials, Listener& listener);   // must succeed

awaitable<void> read_into(std::shared_ptr<Connection> connection, std::optional<Message>& result);
awaitable<void> accept_into(Listener& listener, std::optional<std::shared_ptr<Connection>>& result);
// Until accept_into(), which refers to the story's own variable, has ended too.
awaitable<void> close_listener(World& world, Listener& listener, std::optional<std::shared_ptr<Connection>>& result);

}  // namespace parley::net
