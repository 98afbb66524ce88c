#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace parley::net {

class TlsContext;

// How links between nodes are protected, and who is told of those that were turned away: they never become a
// Connection, or end as one, so the node can't see why.
struct PeerSecurity {
  std::shared_ptr<const TlsContext> tls;   // of new links; null: plain text, and then on the loopback only
  std::optional<WallTime> expires;         // what `tls` rests on, if it ever does
  // `remote` is "address:port" of who dialled, `what` is for people. May come as often as strangers like: limit it.
  // May be empty. Called on the network's strand.
  std::function<void(const std::string& remote, const std::string& what)> turned_away;

  void tell(const std::string& remote, const std::string& what) const {
    if (turned_away) turned_away(remote, what);
  }
};

// For a node without key and certificates that is to listen or dial off the loopback.
inline std::string plain_text_refusal(std::string_view address) {
  return "links between nodes are in plain text on the loopback only; for " + std::string(address) +
         " all nodes need the same \"cluster_key_file\" in their configuration: "
         "`(umask 077; openssl rand -hex 32 > cluster.key)` makes one; or \"cluster_certificates\"";
}

}  // namespace parley::net
