#include "net/tls_context.hpp"

#include <openssl/err.h>

#include <stdexcept>

namespace parley::net {

namespace {

// The one suite: with a 256-bit pre-shared key what is recorded today stays closed to a quantum computer as well.
constexpr const char* suite = "TLS_AES_256_GCM_SHA384";

// What counts as too weak, in OpenSSL's scale: 112 bits of security, so RSA of less than 2048 bits and SHA-1.
constexpr int security_level = 2;

}  // namespace

void throw_tls_error(const char* what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  std::string text = std::string("OpenSSL: ") + what + ": " + (reason != nullptr ? reason : "no reason given");
  ERR_clear_error();
  throw std::runtime_error(text);
}

// Explicit where it matters, whatever the machine's openssl.cnf says.
TlsContext::TlsContext() : settings_(SSL_CTX_new(TLS_method())) {
  SSL_CTX* const context = settings_.get();
  if (context == nullptr) throw_tls_error("no TLS");
  SSL_CTX_set_security_level(context, security_level);
  const bool fits = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_ciphersuites(context, suite) == 1 && SSL_CTX_set1_groups_list(context, "X25519") == 1;
  if (!fits) throw_tls_error("no TLS 1.3 with TLS_AES_256_GCM_SHA384 and X25519");
  SSL_CTX_clear_options(context, SSL_OP_ALLOW_NO_DHE_KEX);   // forward secrecy: what leaks later opens no recording
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_max_early_data(context, 0);   // early data could be replayed
  SSL_CTX_set_recv_max_early_data(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

SslPointer TlsContext::new_connection(bool dials) const {
  SslPointer connection(SSL_new(settings_.get()));
  BIO* const incoming = BIO_new(BIO_s_mem());
  BIO* const outgoing = BIO_new(BIO_s_mem());
  if (connection == nullptr || incoming == nullptr || outgoing == nullptr) {
    BIO_free(incoming);
    BIO_free(outgoing);
    throw_tls_error("no memory for a connection");
  }
  SSL_set_bio(connection.get(), incoming, outgoing);
  adapt(connection.get(), dials);
  if (dials) {
    SSL_set_connect_state(connection.get());
  } else {
    SSL_set_accept_state(connection.get());
  }
  return connection;
}

}  // namespace parley::net
