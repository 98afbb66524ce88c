#include "net/certificate_maker.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace parley::net {

namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bytes) const { BIO_free(bytes); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using X509Pointer = std::unique_ptr<X509, Free>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Free>;
using BioPointer = std::unique_ptr<BIO, Free>;

void require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL could not make a certificate for a test");
}

std::string text_of(BIO* bytes) {
  std::string text(BIO_ctrl_pending(bytes), '\0');
  BIO_read(bytes, text.data(), static_cast<int>(text.size()));
  return text;
}

std::string pem(X509* certificate) {
  const BioPointer bytes(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(bytes.get(), certificate) == 1);
  return text_of(bytes.get());
}

std::string pem(EVP_PKEY* key) {
  const BioPointer bytes(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(bytes.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bytes.get());
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Without extensions and signature.
X509Pointer begin_certificate(const std::string& name, EVP_PKEY* key, long begins, long expires) {
  X509Pointer certificate(X509_new());
  std::uint32_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expires);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, bytes, -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

KeyPointer new_key() {
  KeyPointer key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  require(key != nullptr);
  return key;
}

}  // namespace

struct Authority::Secret {
  X509Pointer certificate;
  KeyPointer key;
};

Authority::Authority(const std::string& name) : Authority(name, nullptr, 3650L * 86'400, true) {}

Authority::Authority(const std::string& name, const Authority* above, long expires, bool is_one)
    : secret_(std::make_unique<Secret>()) {
  secret_->key = new_key();
  secret_->certificate = begin_certificate(name, secret_->key.get(), -7200, expires);
  X509* const own = secret_->certificate.get();
  X509* const issuer = above != nullptr ? above->secret_->certificate.get() : own;
  EVP_PKEY* const signer = above != nullptr ? above->secret_->key.get() : secret_->key.get();
  X509_set_issuer_name(own, X509_get_subject_name(issuer));
  extend(own, issuer, NID_basic_constraints, is_one ? "critical,CA:TRUE" : "critical,CA:FALSE");
  extend(own, issuer, NID_key_usage, is_one ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  extend(own, issuer, NID_subject_key_identifier, "hash");
  require(X509_sign(own, signer, EVP_sha256()) > 0);
  certificate_ = pem(own);
}

Authority::~Authority() = default;

MadeCertificate Authority::issue(const CertificateWish& wish) const {
  const auto key = new_key();
  const auto made = begin_certificate("a node", key.get(), wish.begins, wish.expires);
  X509* const issuer = secret_->certificate.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  extend(made.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(made.get(), issuer, NID_key_usage, "critical,digitalSignature");
  if (!wish.usage.empty()) extend(made.get(), issuer, NID_ext_key_usage, wish.usage);
  std::string names;
  for (const auto& name : wish.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  if (!names.empty()) extend(made.get(), issuer, NID_subject_alt_name, names);
  require(X509_sign(made.get(), secret_->key.get(), EVP_sha256()) > 0);
  return {pem(made.get()), pem(key.get())};
}

std::unique_ptr<Authority> Authority::below(const std::string& name, long expires) const {
  return std::unique_ptr<Authority>(new Authority(name, this, expires, true));
}

std::unique_ptr<Authority> Authority::presumed_by_a_node() const {
  return std::unique_ptr<Authority>(new Authority("a node", this, 86'400, false));
}

PeerCertificates Authority::files(unsigned node) const {
  CertificateWish wish;
  wish.dns_names = {"node-" + std::to_string(node) + ".parley"};
  return files(issue(wish));
}

std::string encrypted(const std::string& private_key, std::string_view passphrase) {
  const BioPointer source(BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())));
  const KeyPointer key(PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr));
  const BioPointer bytes(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PKCS8PrivateKey(bytes.get(), key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                        static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
  return text_of(bytes.get());
}

}  // namespace parley::net
