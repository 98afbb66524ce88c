#include "node/cluster_key.hpp"

#include <string.h>

#include <algorithm>
#include <memory>
#include <set>

#include "net/steady_clock.hpp"
#include "node/small_file.hpp"

namespace parley::node {
namespace {

constexpr std::size_t hex_digits_least = 64;    // 32 bytes
constexpr std::size_t characters_least = 43;    // 32 bytes in base64url
constexpr std::size_t different_least = 8;      // of them; a random key has more, a key of one's own invention may not
constexpr Duration turned_away_interval = milliseconds(1000);

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string how_to_make(const std::string& file) {
  return "`(umask 077; openssl rand -hex 32 > " + file + ")` makes one; all nodes need the same";
}

Error refusal(const std::string& file, const std::string& reason) {
  return Error{"cluster_key_file " + file + ": " + reason};
}

}  // namespace

Result<net::PeerKey> parse_cluster_key(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; })) {
    return Error{"it holds blanks, several lines or what is no ASCII text; a key is one line"};
  }
  const std::size_t least = std::ranges::all_of(text, is_hex) ? hex_digits_least : characters_least;
  if (text.size() < least) {
    return Error{"the key has " + std::to_string(text.size()) + " characters, at least " + std::to_string(least) +
                 " are wanted (32 random bytes)"};
  }
  if (std::set<char>(text.begin(), text.end()).size() < different_least) return Error{"the key is not random"};
  return net::PeerKey(text);
}

Result<net::PeerKey> load_cluster_key(const std::string& file) {
  auto text = read_small_file(file, cluster_key_file_max, Secrecy::secret);
  if (!text.ok()) {
    const auto& refused = text.error();
    return refusal(file, refused.needs_another ? refused.reason + "; " + how_to_make(file) : refused.reason);
  }
  auto key = parse_cluster_key(*text);
  ::explicit_bzero(text->data(), text->size());
  if (!key.ok()) return refusal(file, key.error().message + "; " + how_to_make(file));
  return key;
}

Result<net::PeerSecurity> load_peer_security(const std::string& cluster_key_file, Logger* logger) {
  net::PeerSecurity security;
  if (!cluster_key_file.empty()) {
    const auto key = load_cluster_key(cluster_key_file);
    if (!key.ok()) return key.error();
    security.tls = net::make_tls_context(*key);
  }
  if (logger != nullptr) {
    const auto limiter = std::make_shared<LogLimiter>(turned_away_interval);
    security.turned_away = [logger, limiter](const std::string& remote, const std::string& what) {
      if (!limiter->allow(net::steady_now())) return;
      const auto others = limiter->take_suppressed();
      const std::string more = others > 0 ? " (and " + std::to_string(others) + " more like it)" : "";
      logger->warn("peer_turned_away", "turned away " + remote + " on a link between nodes: " + what + more);
    };
  }
  return security;
}

}  // namespace parley::node
