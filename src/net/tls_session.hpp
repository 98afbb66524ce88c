#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace parley::net {

// What the links of a cluster are secured with: derived from the text of cluster_key_file. Wiped when it goes.
class PeerKey {
 public:
  explicit PeerKey(std::string_view secret);
  ~PeerKey();
  PeerKey(const PeerKey&) = default;
  PeerKey& operator=(const PeerKey&) = default;

  const std::array<unsigned char, 32>& bytes() const { return bytes_; }

 private:
  std::array<unsigned char, 32> bytes_{};
};

// What sessions share: what a node proves itself with, and by what it judges others. The one of a cluster whose nodes
// have a key in common; of certificates: peer_certificates.hpp. Throws std::runtime_error where OpenSSL is unable.
class TlsContext;
std::shared_ptr<const TlsContext> make_tls_context(PeerKey key);

// One connection's TLS 1.3, without any socket: ciphertext that came goes in, ciphertext to send comes out. One suite,
// forward secrecy, no tickets, no early data; both sides prove themselves, by the cluster's key or by certificates, and
// by nothing else (docs/decisions/0018, 0029). One strand; no call blocks, and none but the constructor throws.
class TlsSession {
 public:
  enum class Role : std::uint8_t { dials, accepts };
  enum class State : std::uint8_t {
    handshaking,
    open,     // the other side has proved that it belongs to the cluster
    ended,    // it said that it closes
    failed    // failure() says why; nothing more can be read or written
  };

  // After so many records the sender takes a new key. RFC 8446, 5.5 allows AES-GCM 2^24.5 full ones.
  static constexpr std::uint64_t records_per_key = std::uint64_t{1} << 22;

  TlsSession(std::shared_ptr<const TlsContext> context, Role role, std::uint64_t rekey_after = records_per_key);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Ciphertext as it came. Give more only when read() or shake_hands() wants more: that is what bounds the buffers.
  void receive(std::string_view ciphertext);
  // Goes on with the handshake as far as what came allows.
  State shake_hands();
  // Decrypted bytes; 0: more ciphertext is wanted, or it is no longer open.
  std::size_t read(std::span<char> space);
  // Encrypts all of it. False: it is not open, or has just failed.
  bool write(std::string_view plaintext);
  // Says goodbye, if it is open.
  void close();
  // What is to be sent: after every call of shake_hands(), write() and close(), and when it has failed (the alert).
  std::string take_output();

  State state() const;
  const std::string& failure() const;
  bool heard_plain_text() const;   // it failed because the other side spoke no TLS at all
  std::optional<NodeId> certified() const;   // the node that its certificate speaks for; nullopt: it has the key
  std::string_view setting() const;          // what it rests on: "cluster_key_file", "cluster_certificates"

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace parley::net
