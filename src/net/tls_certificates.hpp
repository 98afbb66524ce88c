#pragma once

#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "net/tls_context.hpp"

namespace parley::net {

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bytes) const { BIO_free(bytes); }
  void operator()(X509_STORE_CTX* check) const { X509_STORE_CTX_free(check); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using X509Pointer = std::unique_ptr<X509, X509Free>;
using X509KeyPointer = std::unique_ptr<EVP_PKEY, X509Free>;

// PeerCertificates, parsed.
struct ParsedCertificates {
  std::vector<X509Pointer> authorities;
  std::vector<X509Pointer> chain;   // the node's own first
  X509KeyPointer key;
};

// Nodes that prove themselves by a certificate each. For the sources of TLS alone, as tls_context.hpp.
class CertificateContext final : public TlsContext {
 public:
  explicit CertificateContext(const ParsedCertificates& own);   // throws std::runtime_error

  // As another node would judge it, but for the time: the certificates from the node's own to an authority, or why
  // there is no such chain, as the end of a sentence that begins with the certificate.
  Result<std::vector<X509Pointer>> own_chain(const ParsedCertificates& own) const;

  Result<std::optional<NodeId>> examine(SSL* connection) const override;
  std::string explain(SSL* connection, int reason, bool dials, bool open) const override;
  std::string_view setting() const override { return "cluster_certificates"; }

 private:
  Result<std::vector<X509Pointer>> verify(const ParsedCertificates& own, const char* purpose) const;
};

// The one node that a certificate speaks for; the error as the end of a sentence that begins with the certificate.
Result<NodeId> certified_node(X509* certificate);

}  // namespace parley::net
