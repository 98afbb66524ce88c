#include "net/tls_context.hpp"

#include <openssl/err.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace parley::net {

namespace {

// The one suite: with a 256-bit pre-shared key what is recorded today stays closed to a quantum computer as well.
constexpr const char* suite = "TLS_AES_256_GCM_SHA384";
constexpr std::array<unsigned char, 2> suite_number{0x13, 0x02};   // RFC 8446, B.4

// Names the key and the use that is made of it, and no one else: whoever has the key is a member. A change of either
// is a new label, so that versions which don't fit say so instead of blaming the key.
constexpr std::string_view label = "parley peer 1";

const unsigned char* label_bytes() { return reinterpret_cast<const unsigned char*>(label.data()); }

[[noreturn]] void unable(const char* what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  std::string text = std::string("OpenSSL: ") + what + ": " + (reason != nullptr ? reason : "no reason given");
  ERR_clear_error();
  throw std::runtime_error(text);
}

const TlsContext* context_of(SSL* connection) { return static_cast<const TlsContext*>(SSL_get_app_data(connection)); }

// The dialling side's key (SSL_psk_use_session_cb_func). OpenSSL takes the session over and copies the label.
int offer_key(SSL* connection, const EVP_MD*, const unsigned char** id, std::size_t* id_size, SSL_SESSION** session) {
  *session = context_of(connection)->new_key_session(connection);
  *id = label_bytes();
  *id_size = label.size();
  return *session != nullptr ? 1 : 0;
}

// The accepting side's key for a label (SSL_psk_find_session_cb_func). Unknown: none, and the handshake then fails
// because there is no certificate either.
int find_key(SSL* connection, const unsigned char* id, std::size_t id_size, SSL_SESSION** session) {
  *session = nullptr;
  if (id_size != label.size() || std::memcmp(id, label.data(), id_size) != 0) return 1;
  *session = context_of(connection)->new_key_session(connection);
  return *session != nullptr ? 1 : 0;
}

}  // namespace

std::shared_ptr<const TlsContext> make_tls_context(PeerKey key) { return std::make_shared<TlsContext>(key); }

// Explicit where it matters, whatever the machine's openssl.cnf says.
TlsContext::TlsContext(PeerKey key) : key_(key), context_(SSL_CTX_new(TLS_method())) {
  SSL_CTX* const context = context_.get();
  if (context == nullptr) unable("no TLS");
  const bool fits = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_ciphersuites(context, suite) == 1 && SSL_CTX_set1_groups_list(context, "X25519") == 1;
  if (!fits) unable("no TLS 1.3 with TLS_AES_256_GCM_SHA384 and X25519");
  SSL_CTX_clear_options(context, SSL_OP_ALLOW_NO_DHE_KEX);   // psk_dhe_ke only: a key that leaks opens no recording
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_max_early_data(context, 0);   // early data could be replayed
  SSL_CTX_set_recv_max_early_data(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // No authority is trusted: a server that offers a certificate instead of the key is refused during the handshake.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_psk_use_session_callback(context, offer_key);
  SSL_CTX_set_psk_find_session_callback(context, find_key);
}

SslPointer TlsContext::new_connection(bool dials) const {
  SslPointer connection(SSL_new(context_.get()));
  BIO* const incoming = BIO_new(BIO_s_mem());
  BIO* const outgoing = BIO_new(BIO_s_mem());
  if (connection == nullptr || incoming == nullptr || outgoing == nullptr) {
    BIO_free(incoming);
    BIO_free(outgoing);
    unable("no memory for a connection");
  }
  SSL_set_bio(connection.get(), incoming, outgoing);
  SSL_set_app_data(connection.get(), const_cast<TlsContext*>(this));   // NOLINT: read as const, by the callbacks
  if (dials) {
    SSL_set_connect_state(connection.get());
  } else {
    // Who dials proves itself by the key; asking for a certificate on top would only be refused.
    SSL_set_verify(connection.get(), SSL_VERIFY_NONE, nullptr);
    SSL_set_accept_state(connection.get());
  }
  return connection;
}

SSL_SESSION* TlsContext::new_key_session(SSL* connection) const {
  std::unique_ptr<SSL_SESSION, SslFree> session(SSL_SESSION_new());
  const SSL_CIPHER* const cipher = SSL_CIPHER_find(connection, suite_number.data());
  if (session == nullptr || cipher == nullptr) return nullptr;
  const auto& key = key_.bytes();
  const bool made = SSL_SESSION_set1_master_key(session.get(), key.data(), key.size()) == 1 &&
                    SSL_SESSION_set_cipher(session.get(), cipher) == 1 &&
                    SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1;
  return made ? session.release() : nullptr;
}

}  // namespace parley::net
