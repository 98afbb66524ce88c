#pragma once

#include "base/result.hpp"
#include "net/peer_security.hpp"
#include "net/tls_session.hpp"
#include "node/config.hpp"
#include "node/logging.hpp"

namespace parley::node {

inline constexpr std::size_t cluster_key_file_max = 4096;   // bytes

// The one line of a key file, without the blanks at its end. The error is the reason and the remedy; the caller names
// the file. As much randomness as 32 bytes have: 64 hexadecimal digits, or 43 characters of a richer alphabet.
Result<net::PeerKey> parse_cluster_key(std::string_view text);

// The error names the file, the reason and the remedy. Whoever can read the file can be a member, so a file that
// others than its owner may read or write is refused.
Result<net::PeerKey> load_cluster_key(const std::string& file);

// How the links of these nodes are protected. With a logger, whom the network turns away is logged, a line a second
// at most; the logger outlives the network.
Result<net::PeerSecurity> load_peer_security(const std::string& cluster_key_file, Logger* logger = nullptr);

}  // namespace parley::node
