#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "net/tls_session.hpp"

namespace parley::net {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPointer = std::unique_ptr<SSL, SslFree>;

// What all connections of a node have in common, of one of two kinds: nodes prove themselves by a key that all of them
// have (tls_key.cpp) or by a certificate each (tls_certificates.cpp). Immutable once made; outlives its connections.
// For the sources of TLS alone: OpenSSL's headers go no further.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // With a memory BIO on either side, which it owns. Throws std::runtime_error for want of memory.
  SslPointer new_connection(bool dials) const;

  // Of a handshake that OpenSSL calls done: which node the other side has proved to be, none if it has only proved to
  // be one of the cluster; or why this is no link whatever OpenSSL thinks of it.
  virtual Result<std::optional<NodeId>> examine(SSL* connection) const = 0;

  // For people: what OpenSSL's reason for ending a connection means here; empty: no more than what it says itself.
  // `open`: after the handshake.
  virtual std::string explain(SSL* connection, int reason, bool dials, bool open) const = 0;

  // The key of the configuration file that names what a node proves itself with.
  virtual std::string_view setting() const = 0;

 protected:
  TlsContext();   // throws std::runtime_error where OpenSSL is unable
  SSL_CTX* settings() const { return settings_.get(); }

 private:
  virtual void adapt(SSL*, bool /*dials*/) const {}

  std::unique_ptr<SSL_CTX, SslFree> settings_;
};

// Throws std::runtime_error with what OpenSSL says of its latest failure.
[[noreturn]] void throw_tls_error(const char* what);

}  // namespace parley::net
