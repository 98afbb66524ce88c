#include "cli/local_security.hpp"

#include "net/tcp_network.hpp"
#include "node/cluster_certificates.hpp"
#include "node/cluster_key.hpp"

namespace parley::cli {

Result<net::PeerSecurity> load_local_security(const LocalLayout& layout) {
  if (!layout.cluster_certificates.given()) return node::load_peer_security(layout.cluster_key_file);
  for (const auto& local : layout.nodes) {
    const auto loaded = node::ClusterCertificates::load(layout.cluster_certificates, local.id);
    if (!loaded.ok()) return loaded.error();
  }
  return net::PeerSecurity();
}

Result<std::unique_ptr<net::Network>> make_network_of(const boost::asio::any_io_executor& executor,
                                                      const LocalLayout& layout, NodeId node) {
  const auto loaded = node::ClusterCertificates::load(layout.cluster_certificates, node);
  if (!loaded.ok()) return loaded.error();
  auto network = std::make_unique<net::TcpNetwork>(executor);
  network->use(loaded->in_use());
  return std::unique_ptr<net::Network>(std::move(network));
}

}  // namespace parley::cli
