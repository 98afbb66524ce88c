#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "cli/cluster_layout.hpp"
#include "net/network.hpp"
#include "net/peer_security.hpp"

namespace parley::cli {

// What the proxies of a local cluster speak with, which end the nodes' TLS and begin it anew: the key, if the nodes
// share one. Nothing if they have certificates; that those can be read is made sure of here. The error names the file.
Result<net::PeerSecurity> load_local_security(const LocalLayout& layout);

// Where nodes have certificates: a network that speaks as this one does. Read once: a local cluster is short-lived.
Result<std::unique_ptr<net::Network>> make_network_of(const boost::asio::any_io_executor& executor,
                                                      const LocalLayout& layout, NodeId node);

}  // namespace parley::cli
