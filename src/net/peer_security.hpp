#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace parley::net {

class TlsContext;

// How links between nodes are protected, and who is told of those that were turned away: they never become a
// Connection, or end as one, so the node can't see why.
struct PeerSecurity {
  std::shared_ptr<const TlsContext> tls;   // null: plain text, and then on the loopback only
  // `remote` is "address:port" of who dialled, `what` is for people. May come as often as strangers like: limit it.
  // May be empty. Called on the network's strand.
  std::function<void(const std::string& remote, const std::string& what)> turned_away;

  void tell(const std::string& remote, const std::string& what) const {
    if (turned_away) turned_away(remote, what);
  }
};

// For a node without a key that is to listen or dial off the loopback.
inline std::string plain_text_refusal(std::string_view address) {
  return "links between nodes are in plain text on the loopback only; for " + std::string(address) +
         " all nodes need the same \"cluster_key_file\" in their configuration: "
         "`(umask 077; openssl rand -hex 32 > cluster.key)` makes one";
}

}  // namespace parley::net
