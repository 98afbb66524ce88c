#include "net/peer_certificates.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <stdexcept>

#include "net/tls_certificates.hpp"

namespace parley::net {

namespace {

using BioPointer = std::unique_ptr<BIO, X509Free>;

constexpr std::size_t certificates_max = 64;   // in one file

BioPointer reader_of(const std::string& text) {
  BioPointer bytes(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bytes == nullptr) throw_tls_error("no memory for a certificate");
  return bytes;
}

CertificateFault fault(CertificatePart part, std::string reason) { return {part, std::move(reason)}; }

// OpenSSL asks for a passphrase at the terminal otherwise, and nodes start unattended.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string latest_error() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "no reason given";
}

// All certificates of a text, in order; what else stands in it is passed over.
Result<std::vector<X509Pointer>, CertificateFault> parse_certificates(const std::string& text, CertificatePart part) {
  const auto bytes = reader_of(text);
  std::vector<X509Pointer> found;
  ERR_clear_error();
  while (X509* const certificate = PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr)) {
    found.emplace_back(certificate);
    if (found.size() > certificates_max) {
      return fault(part, "it holds more than " + std::to_string(certificates_max) + " certificates");
    }
  }
  const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const auto reason = latest_error();
  if (!at_the_end) return fault(part, "a certificate in it is damaged: " + reason);
  if (found.empty()) return fault(part, "it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  return found;
}

Result<X509KeyPointer, CertificateFault> parse_key(const std::string& text) {
  const auto bytes = reader_of(text);
  bool asked = false;
  ERR_clear_error();
  X509KeyPointer key(PEM_read_bio_PrivateKey(bytes.get(), nullptr, no_passphrase, &asked));
  const auto reason = latest_error();
  if (key != nullptr) return key;
  if (asked) return fault(CertificatePart::private_key, "it wants a passphrase; nodes start without anybody to ask");
  return fault(CertificatePart::private_key, "it holds no private key in PEM form: " + reason);
}

std::string subject_of(X509* certificate) {
  const BioPointer text(BIO_new(BIO_s_mem()));
  if (text == nullptr) return "?";
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);   // escapes what is not ASCII
  std::string name(BIO_ctrl_pending(text.get()), '\0');
  if (!name.empty()) BIO_read(text.get(), name.data(), static_cast<int>(name.size()));
  return name;
}

Result<ParsedCertificates, CertificateFault> parse(const PeerCertificates& files) {
  ParsedCertificates parsed;
  auto authorities = parse_certificates(files.authorities, CertificatePart::authorities);
  if (!authorities.ok()) return authorities.error();
  parsed.authorities = std::move(*authorities);
  for (const auto& authority : parsed.authorities) {
    // Else a node's own certificate, put here by mistake, would be trusted for ever.
    if (X509_check_ca(authority.get()) == 1) continue;
    return fault(CertificatePart::authorities, "\"" + subject_of(authority.get()) +
                                                   "\" in it is no CA: its basicConstraints do not say CA:TRUE");
  }
  auto chain = parse_certificates(files.certificate, CertificatePart::certificate);
  if (!chain.ok()) return chain.error();
  parsed.chain = std::move(*chain);
  auto key = parse_key(files.private_key);
  if (!key.ok()) return key.error();
  parsed.key = std::move(*key);
  if (X509_check_private_key(parsed.chain.front().get(), parsed.key.get()) != 1) {
    ERR_clear_error();
    return fault(CertificatePart::private_key, "it does not belong to the certificate");
  }
  return parsed;
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return WallTime{0};
  return WallTime{static_cast<std::int64_t>(::timegm(&fields)) * 1000};
}

Result<Certified, CertificateFault> certify(const ParsedCertificates& parsed, NodeId self) {
  const auto node = certified_node(parsed.chain.front().get());
  const std::string name = certificate_name(self);
  if (!node.ok()) {
    return fault(CertificatePart::certificate, "the first in it " + node.error().message + "; for this node " + name);
  }
  if (*node != self) {
    return fault(CertificatePart::certificate, "the first in it speaks for node " + std::to_string(node->value) +
                                                   ", and this is node " + std::to_string(self.value) +
                                                   ": it needs one with the DNS name " + name);
  }
  const auto context = std::make_shared<CertificateContext>(parsed);
  const auto chain = context->own_chain(parsed);
  if (!chain.ok()) return fault(CertificatePart::certificate, "the first in it " + chain.error().message);
  Certified certified{context, WallTime{0}, WallTime{std::numeric_limits<std::int64_t>::max()}};
  for (const auto& certificate : *chain) {
    certified.begins = std::max(certified.begins, wall_time(X509_get0_notBefore(certificate.get())));
    certified.expires = std::min(certified.expires, wall_time(X509_get0_notAfter(certificate.get())));
  }
  return certified;
}

}  // namespace

Result<Certified, CertificateFault> make_tls_context(const PeerCertificates& files, NodeId self) {
  try {
    const auto parsed = parse(files);
    if (!parsed.ok()) return parsed.error();
    return certify(*parsed, self);
  } catch (const std::runtime_error& failure) {
    return fault(CertificatePart::certificate, failure.what());
  }
}

}  // namespace parley::net
