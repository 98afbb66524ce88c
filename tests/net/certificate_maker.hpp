#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/peer_certificates.hpp"

namespace parley::net {

// What a certificate says, for tests: right for node 1 as it stands.
struct CertificateWish {
  std::vector<std::string> dns_names{"node-1.parley"};
  std::string usage = "serverAuth,clientAuth";   // extendedKeyUsage; "": none
  long begins = -3600;                           // seconds from now
  long expires = 365L * 86'400;
};

struct MadeCertificate {
  std::string certificate;   // PEM
  std::string private_key;
};

// A certificate authority made on the spot, as `openssl` would make it: P-256, X.509v3.
class Authority {
 public:
  explicit Authority(const std::string& name = "Parley CA");
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& certificate() const { return certificate_; }
  MadeCertificate issue(const CertificateWish& wish = {}) const;
  // Another authority, below this one.
  std::unique_ptr<Authority> below(const std::string& name, long expires = 365L * 86'400) const;
  // A node that signs with its own key, as if its certificate were an authority's.
  std::unique_ptr<Authority> presumed_by_a_node() const;

  // All that a node needs; what it shows begins with `made`.
  PeerCertificates files(const MadeCertificate& made) const {
    return {certificate_, made.certificate, made.private_key};
  }
  PeerCertificates files(unsigned node) const;

 private:
  struct Secret;
  Authority(const std::string& name, const Authority* above, long expires, bool is_one);

  std::unique_ptr<Secret> secret_;
  std::string certificate_;
};

// The same private key under a passphrase.
std::string encrypted(const std::string& private_key, std::string_view passphrase);

}  // namespace parley::net
