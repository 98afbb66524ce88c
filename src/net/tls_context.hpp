#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "net/tls_session.hpp"

namespace parley::net {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPointer = std::unique_ptr<SSL, SslFree>;

// For tls_session.cpp alone: OpenSSL's headers go no further. Immutable once made; outlives its connections.
class TlsContext {
 public:
  explicit TlsContext(PeerKey key);

  // With a memory BIO on either side, which it owns. Throws std::runtime_error for want of memory.
  SslPointer new_connection(bool dials) const;

  // The key in the form in which OpenSSL wants it; afresh for each handshake, because one writes into it. May be null.
  SSL_SESSION* new_key_session(SSL* connection) const;

 private:
  PeerKey key_;
  std::unique_ptr<SSL_CTX, SslFree> context_;
};

}  // namespace parley::net
