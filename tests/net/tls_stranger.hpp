#pragma once

#include <openssl/ssl.h>

#include <string>

#include "net/tls_session.hpp"

namespace parley::net {

// Who is no node of ours, played with OpenSSL itself: does as its context says, whatever a node would.
struct TlsStranger {
  explicit TlsStranger(SSL_CTX* made) : context(made), ssl(SSL_new(made)) {
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }
  ~TlsStranger() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  void receive(const std::string& bytes) { BIO_write(SSL_get_rbio(ssl), bytes.data(), static_cast<int>(bytes.size())); }
  std::string take_output() {
    std::string bytes(BIO_ctrl_pending(SSL_get_wbio(ssl)), '\0');
    if (!bytes.empty()) BIO_read(SSL_get_wbio(ssl), bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void talk_to(TlsSession& session) {
    for (int round = 0; round < 5; ++round) {
      session.shake_hands();
      receive(session.take_output());
      SSL_do_handshake(ssl);
      const std::string bytes = take_output();
      if (!bytes.empty()) session.receive(bytes);
    }
  }
  SSL_CTX* context;
  SSL* ssl;
};

}  // namespace parley::net
