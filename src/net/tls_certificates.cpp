// Nodes that prove themselves by a certificate each (docs/decisions/0029).
#include "net/tls_certificates.hpp"

#include <openssl/err.h>

#include <set>

#include "net/peer_certificates.hpp"

namespace parley::net {

namespace {

constexpr int between_max = 3;               // certificates between a node's and an authority
constexpr long chain_bytes_max = 32 * 1024;  // that the other side may show

// The end of a sentence that begins with the certificate.
std::string describe_fault(int code) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "has expired, or one between it and its CA has, by this machine's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "is not yet valid by this machine's clock";
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return "speaks for no node, or for several: its subjectAltName needs one DNS name like node-1.parley";
    case X509_V_ERR_INVALID_PURPOSE:
      return "may not be used by a node: its extendedKeyUsage, if it has one, must allow serverAuth and clientAuth";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return "is of another CA than this node's ca_file holds";
    default: return std::string("is not accepted: ") + X509_verify_cert_error_string(code);
  }
}

// What the other side makes of this node's certificate, from its alert (RFC 8446, 6.2); empty: it is about something
// else. Which alert stands for what is OpenSSL's choice (ssl_x509err2alert() there).
std::string describe_alert(int reason) {
  const std::string refused = "it does not accept this node's certificate";
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR: return refused + ": the ca_file there holds another CA";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return refused + ": it has expired by the clock there";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return refused + ": it is not yet valid by the clock there, or speaks for no node";
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: return refused + ": its extendedKeyUsage forbids this use";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return refused;
    default: return {};
  }
}

// Beside OpenSSL's own judgement of each certificate: the last one says which node it speaks for. Here and not after
// the handshake, so that the other side is told.
int check_certificate(int accepted, X509_STORE_CTX* check) {
  if (accepted != 1 || X509_STORE_CTX_get_error_depth(check) != 0) return accepted;
  if (certified_node(X509_STORE_CTX_get_current_cert(check)).ok()) return 1;
  X509_STORE_CTX_set_error(check, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

// Who offers a key in its first message has one, and not a certificate: told apart here, because later it would only be
// seen that it takes no certificate. Nodes with certificates never resume a session, so they never offer any.
int refuse_keys(SSL* connection, int* alert, void*) {
  const unsigned char* offer = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_psk, &offer, &size) != 1) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_HANDSHAKE_FAILURE;
  return SSL_CLIENT_HELLO_ERROR;
}

}  // namespace

std::string certificate_name(NodeId node) { return "node-" + std::to_string(node.value) + ".parley"; }

std::optional<NodeId> node_of_certificate_name(std::string_view name) {
  constexpr std::string_view head = "node-";
  constexpr std::string_view tail = ".parley";
  constexpr std::uint32_t highest = 65535;
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return std::nullopt;
  const auto digits = name.substr(head.size(), name.size() - head.size() - tail.size());
  if (digits.size() > 5 || digits.front() == '0') return std::nullopt;
  std::uint32_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  if (number > highest) return std::nullopt;
  return NodeId(number);
}

Result<NodeId> certified_node(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, X509Free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::set<NodeId> nodes;
  const int count = names != nullptr ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* const text = name->d.dNSName;   // its length counts: a zero byte ends no name
    const std::string_view characters(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                      static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (const auto node = node_of_certificate_name(characters)) nodes.insert(*node);
  }
  if (nodes.size() != 1) return Error{describe_fault(X509_V_ERR_HOSTNAME_MISMATCH)};
  return *nodes.begin();
}

CertificateContext::CertificateContext(const ParsedCertificates& own) {
  SSL_CTX* const context = settings();
  X509_STORE* const trusted = SSL_CTX_get_cert_store(context);   // never the machine's own list of authorities
  X509_STORE_set_flags(trusted, X509_V_FLAG_PARTIAL_CHAIN);      // an authority need not be a root
  for (const auto& authority : own.authorities) {
    if (X509_STORE_add_cert(trusted, authority.get()) != 1) throw_tls_error("a CA's certificate is refused");
  }
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);   // what is shown is what stands in the file
  SSL_CTX_set_max_cert_list(context, chain_bytes_max);
  SSL_CTX_set_verify_depth(context, between_max);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, check_certificate);
  SSL_CTX_set_client_hello_cb(context, refuse_keys, nullptr);
  if (SSL_CTX_use_certificate(context, own.chain.front().get()) != 1) throw_tls_error("the certificate is refused");
  for (std::size_t i = 1; i < own.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, own.chain[i].get()) != 1) throw_tls_error("its chain is refused");
  }
  if (SSL_CTX_use_PrivateKey(context, own.key.get()) != 1) throw_tls_error("the private key is refused");
}

Result<std::vector<X509Pointer>> CertificateContext::own_chain(const ParsedCertificates& own) const {
  const auto as_server = verify(own, "ssl_server");
  if (!as_server.ok()) return as_server.error();
  return verify(own, "ssl_client");
}

Result<std::vector<X509Pointer>> CertificateContext::verify(const ParsedCertificates& own, const char* purpose) const {
  const std::unique_ptr<X509_STORE_CTX, X509Free> check(X509_STORE_CTX_new());
  STACK_OF(X509)* const between = sk_X509_new_null();
  for (const auto& certificate : own.chain) sk_X509_push(between, certificate.get());
  X509_STORE* const trusted = SSL_CTX_get_cert_store(settings());
  const bool begun = check != nullptr && X509_STORE_CTX_init(check.get(), trusted, own.chain[0].get(), between) == 1 &&
                     X509_STORE_CTX_set_default(check.get(), purpose) == 1;
  std::vector<X509Pointer> chain;
  int fault = X509_V_ERR_OUT_OF_MEM;
  if (begun) {
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(check.get());
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_depth(rules, between_max);
    X509_VERIFY_PARAM_set_auth_level(rules, SSL_CTX_get_security_level(settings()));
    X509_verify_cert(check.get());
    fault = X509_STORE_CTX_get_error(check.get());
  }
  if (fault == X509_V_OK) {
    const STACK_OF(X509)* const found = X509_STORE_CTX_get0_chain(check.get());
    for (int i = 0; i < sk_X509_num(found); ++i) {
      X509* const certificate = sk_X509_value(found, i);
      X509_up_ref(certificate);
      chain.emplace_back(certificate);
    }
  }
  sk_X509_free(between);   // the certificates themselves are the caller's
  ERR_clear_error();
  if (fault != X509_V_OK) return Error{describe_fault(fault)};
  return chain;
}

Result<std::optional<NodeId>> CertificateContext::examine(SSL* connection) const {
  const X509Pointer shown(SSL_get1_peer_certificate(connection));
  const bool rests_on_it = shown != nullptr && SSL_get_verify_result(connection) == X509_V_OK &&
                           SSL_session_reused(connection) == 0 && SSL_version(connection) == TLS1_3_VERSION;
  if (!rests_on_it) return Error{"it did not prove that it has a certificate of the cluster"};
  const auto node = certified_node(shown.get());
  if (!node.ok()) return Error{"its certificate " + node.error().message};
  return std::optional<NodeId>(*node);
}

std::string CertificateContext::explain(SSL* connection, int reason, bool dials, bool open) const {
  if (open) return describe_alert(reason);   // who dialled is open before the other side has looked at its certificate
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return "its certificate " + describe_fault(static_cast<int>(SSL_get_verify_result(connection)));
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "it showed no certificate";
    case SSL_R_CALLBACK_FAILED: return "it has a cluster_key_file, and this node cluster_certificates";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      if (dials) return "it shows no certificate: it has a cluster_key_file, or is no node";
      return {};
    default: return describe_alert(reason);
  }
}

}  // namespace parley::net
