// Nodes that prove themselves by the one key of their cluster (docs/decisions/0018).
#include <openssl/err.h>
#include <sodium.h>

#include <array>
#include <cstring>

#include "net/tls_context.hpp"

namespace parley::net {

namespace {

constexpr std::string_view key_label = "parley peer links 1";              // another use of the secret gets another key
constexpr std::array<unsigned char, 2> suite_number{0x13, 0x02};   // TLS_AES_256_GCM_SHA384; RFC 8446, B.4

// Names the key and the use that is made of it, and no one else: whoever has the key is a member. A change of either
// is a new label, so that versions which don't fit say so instead of blaming the key.
constexpr std::string_view label = "parley peer 1";

const unsigned char* label_bytes() { return reinterpret_cast<const unsigned char*>(label.data()); }

class KeyContext final : public TlsContext {
 public:
  explicit KeyContext(PeerKey key) : key_(key) {
    // No authority is trusted: a server that offers a certificate instead of the key is refused during the handshake.
    SSL_CTX_set_verify(settings(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_psk_use_session_callback(settings(), offer_key);
    SSL_CTX_set_psk_find_session_callback(settings(), find_key);
  }

  // With OpenSSL an external key counts as a resumed session, and a server that lacks it may try to get by with a
  // certificate.
  Result<std::optional<NodeId>> examine(SSL* connection) const override {
    const bool rests_on_key = SSL_session_reused(connection) == 1 && SSL_version(connection) == TLS1_3_VERSION;
    if (!rests_on_key) return Error{"it did not prove that it has the cluster key"};
    return std::optional<NodeId>();
  }

  std::string explain(SSL*, int reason, bool dials, bool open) const override {
    if (open) return {};
    if (reason == SSL_R_BINDER_DOES_NOT_VERIFY) return "it has another cluster key than this node";
    if (dials && reason == SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER) return "it has another cluster key than this node";
    if (dials && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return "it did not prove that it has the cluster key";
    if (dials && reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE) {
      return "it takes no cluster key: it has cluster_certificates, or is no node";
    }
    const bool no_proof = reason == SSL_R_NO_SHARED_CIPHER || reason == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM;
    if (!dials && no_proof) {   // OpenSSL looks for a certificate instead, and this node has none
      return "it did not offer to prove that it has the cluster key: it has cluster_certificates, or is no node";
    }
    return {};
  }

  std::string_view setting() const override { return "cluster_key_file"; }

 private:
  static const KeyContext* of(SSL* connection) { return static_cast<const KeyContext*>(SSL_get_app_data(connection)); }

  // The dialling side's key (SSL_psk_use_session_cb_func). OpenSSL takes the session over and copies the label.
  static int offer_key(SSL* connection, const EVP_MD*, const unsigned char** id, std::size_t* id_size,
                       SSL_SESSION** session) {
    *session = of(connection)->new_key_session(connection);
    *id = label_bytes();
    *id_size = label.size();
    return *session != nullptr ? 1 : 0;
  }

  // The accepting side's key for a label (SSL_psk_find_session_cb_func). Unknown: none, and the handshake then fails
  // because there is no certificate either.
  static int find_key(SSL* connection, const unsigned char* id, std::size_t id_size, SSL_SESSION** session) {
    *session = nullptr;
    if (id_size != label.size() || std::memcmp(id, label.data(), id_size) != 0) return 1;
    *session = of(connection)->new_key_session(connection);
    return *session != nullptr ? 1 : 0;
  }

  void adapt(SSL* connection, bool dials) const override {
    SSL_set_app_data(connection, const_cast<KeyContext*>(this));   // NOLINT: read as const, by the callbacks
    // Who dials proves itself by the key; asking for a certificate on top would only be refused.
    if (!dials) SSL_set_verify(connection, SSL_VERIFY_NONE, nullptr);
  }

  // The key in the form in which OpenSSL wants it; afresh for each handshake, because one writes into it. May be null.
  SSL_SESSION* new_key_session(SSL* connection) const {
    std::unique_ptr<SSL_SESSION, SslFree> session(SSL_SESSION_new());
    const SSL_CIPHER* const cipher = SSL_CIPHER_find(connection, suite_number.data());
    if (session == nullptr || cipher == nullptr) return nullptr;
    const auto& key = key_.bytes();
    const bool made = SSL_SESSION_set1_master_key(session.get(), key.data(), key.size()) == 1 &&
                      SSL_SESSION_set_cipher(session.get(), cipher) == 1 &&
                      SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1;
    return made ? session.release() : nullptr;
  }

  PeerKey key_;
};

}  // namespace

PeerKey::PeerKey(std::string_view secret) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, reinterpret_cast<const unsigned char*>(key_label.data()), key_label.size(),
                          bytes_.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_generichash_final(&state, bytes_.data(), bytes_.size());
  sodium_memzero(&state, sizeof state);
}

PeerKey::~PeerKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::shared_ptr<const TlsContext> make_tls_context(PeerKey key) { return std::make_shared<KeyContext>(key); }

}  // namespace parley::net
