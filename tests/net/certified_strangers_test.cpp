// Who has a certificate of the right CA, but not a node's; who has none; who speaks another TLS.
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "net/certificate_maker.hpp"
#include "net/tls_stranger.hpp"

namespace parley::net {
namespace {

using ::testing::HasSubstr;
using State = TlsSession::State;

class CertifiedStrangers : public ::testing::Test {
 protected:
  TlsSession node(TlsSession::Role role) const {
    const auto made = make_tls_context(authority.files(1), NodeId(1));
    if (!made.ok()) throw std::runtime_error(made.error().reason);
    return TlsSession(made->tls, role);
  }
  static SSL_CTX* showing(const MadeCertificate& made) {
    SSL_CTX* const context = SSL_CTX_new(TLS_method());   // the whole chain is shown
    BIO* const certificate_text = BIO_new_mem_buf(made.certificate.data(), static_cast<int>(made.certificate.size()));
    BIO* const key_text = BIO_new_mem_buf(made.private_key.data(), static_cast<int>(made.private_key.size()));
    X509* const certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    EXPECT_EQ(SSL_CTX_use_certificate(context, certificate), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
    while (X509* const next = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr)) {
      EXPECT_EQ(SSL_CTX_add0_chain_cert(context, next), 1);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_text);
    BIO_free(key_text);
    return context;
  }
  // What a node says of it, dialled by it and dialling it; it trusts whomever it meets.
  std::string as_dialler(SSL_CTX* context) const {
    TlsStranger stranger(context);
    SSL_set_connect_state(stranger.ssl);
    auto session = node(TlsSession::Role::accepts);
    stranger.talk_to(session);
    return session.state() == State::open ? "(let in)" : session.failure();
  }
  std::string as_server(SSL_CTX* context) const {
    TlsStranger stranger(context);
    SSL_set_accept_state(stranger.ssl);
    auto session = node(TlsSession::Role::dials);
    stranger.talk_to(session);
    return session.state() == State::open ? "(let in)" : session.failure();
  }

  Authority authority;
};

TEST_F(CertifiedStrangers, with_a_nodes_certificate_one_is_that_node) {   // the others' refusals are about the rest
  EXPECT_EQ(as_dialler(showing(authority.issue())), "(let in)");
  EXPECT_EQ(as_server(showing(authority.issue())), "(let in)");
}

TEST_F(CertifiedStrangers, a_certificate_that_speaks_for_no_node_lets_nobody_in) {
  for (const auto& names : {std::vector<std::string>{}, std::vector<std::string>{"www.example.org"},
                            std::vector<std::string>{"*.parley"},
                            std::vector<std::string>{"node-1.parley", "node-2.parley"}}) {
    CertificateWish wish;
    wish.dns_names = names;
    EXPECT_THAT(as_dialler(showing(authority.issue(wish))), HasSubstr("its certificate speaks for no node, or for"));
    EXPECT_THAT(as_server(showing(authority.issue(wish))), HasSubstr("its certificate speaks for no node, or for"));
  }
}

TEST_F(CertifiedStrangers, a_certificate_for_another_use_lets_nobody_in) {
  CertificateWish wish;
  wish.usage = "serverAuth";
  EXPECT_THAT(as_dialler(showing(authority.issue(wish))), HasSubstr("must allow serverAuth and clientAuth"));
  wish.usage = "clientAuth";
  EXPECT_THAT(as_server(showing(authority.issue(wish))), HasSubstr("must allow serverAuth and clientAuth"));
}

TEST_F(CertifiedStrangers, a_node_can_sign_for_nobody_else) {
  const auto presumed = authority.presumed_by_a_node();
  auto forged = presumed->issue({{"node-2.parley"}, "", -60, 3600});
  forged.certificate += presumed->certificate();
  for (const auto& words : {as_dialler(showing(forged)), as_server(showing(forged))}) {
    EXPECT_THAT(words, HasSubstr("its certificate ")) << words;
  }
}

TEST_F(CertifiedStrangers, without_a_certificate_nobody_is_let_in) {
  EXPECT_THAT(as_dialler(SSL_CTX_new(TLS_method())), HasSubstr("it showed no certificate"));
}

TEST_F(CertifiedStrangers, nothing_older_than_tls_1_3_is_spoken) {
  for (const bool dials : {true, false}) {
    SSL_CTX* const old = showing(authority.issue());
    SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
    EXPECT_THAT(dials ? as_dialler(old) : as_server(old), HasSubstr("TLS: ")) << dials;
  }
}

}  // namespace
}  // namespace parley::net
