#include "net/tls_session.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <vector>

#include "net/tls_cable.hpp"
#include "net/tls_stranger.hpp"

namespace parley::net {
namespace {

using ::testing::HasSubstr;
using Cable = TlsCable;
using Stranger = TlsStranger;
using Role = TlsSession::Role;
using State = TlsSession::State;

std::shared_ptr<const TlsContext> context(std::string_view secret = "the key of the cluster") {
  return make_tls_context(PeerKey(secret));
}

TEST(TlsSession, carries_bytes_both_ways_between_those_who_have_the_key) {
  Cable cable(context(), context());
  cable.shake_hands();
  ASSERT_EQ(cable.near.state(), State::open) << cable.near.failure();
  ASSERT_EQ(cable.far.state(), State::open) << cable.far.failure();
  EXPECT_EQ(cable.carry("hello"), "hello");
  const std::string long_one(200'000, 'x');
  EXPECT_EQ(cable.carry(long_one), long_one);
  EXPECT_TRUE(cable.far.write("welcome"));
  cable.near.receive(cable.far.take_output());
  std::array<char, 100> space;
  EXPECT_EQ(cable.near.read(space), 7U);
}

TEST(TlsSession, nothing_of_the_plain_text_is_on_the_cable) {
  Cable cable(context(), context());
  cable.shake_hands();
  cable.carry("a secret of anna");
  EXPECT_EQ(cable.to_far.find("secret"), std::string::npos);
  EXPECT_GT(cable.to_far.size(), 200U);
}

TEST(TlsSession, another_key_is_refused_by_both_and_said) {
  Cable cable(context(), context("some other key"));
  cable.shake_hands();
  EXPECT_EQ(cable.near.state(), State::failed);
  EXPECT_EQ(cable.far.state(), State::failed);
  EXPECT_THAT(cable.near.failure(), HasSubstr("another cluster key"));
  EXPECT_THAT(cable.far.failure(), HasSubstr("another cluster key"));
  EXPECT_FALSE(cable.near.write("x"));
  EXPECT_FALSE(cable.far.write("x"));
}

TEST(TlsSession, an_altered_byte_anywhere_ends_it_and_nothing_of_that_record_is_read) {
  Cable first(context(), context());
  first.shake_hands();
  first.near.write("pay 10");
  const std::size_t size = first.near.take_output().size();
  for (std::size_t at = 0; at < size; ++at) {
    Cable cable(context(), context());
    cable.shake_hands();
    ASSERT_TRUE(cable.near.write("pay 10"));
    std::string record = cable.near.take_output();
    record[at] = static_cast<char>(record[at] ^ 0x20);
    EXPECT_EQ(cable.read(record), "") << at;
    // A changed length may make it wait for more; that never comes in this shape either.
    if (cable.far.state() == State::open) {
      EXPECT_EQ(cable.carry(std::string(20'000, 'x')), "") << at;
    }
    EXPECT_EQ(cable.far.state(), State::failed) << at;
  }
}

TEST(TlsSession, a_handshake_with_an_altered_byte_never_opens) {
  Cable sample(context(), context());
  sample.near.shake_hands();
  const std::string hello = sample.near.take_output();
  for (std::size_t at = 5; at < hello.size(); at += 7) {
    Cable cable(context(), context());
    cable.near.shake_hands();
    std::string bytes = cable.near.take_output();
    ASSERT_EQ(bytes.size(), hello.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    cable.far.receive(bytes);
    cable.shake_hands();
    EXPECT_NE(cable.far.state(), State::open) << at;
  }
}

TEST(TlsSession, a_recording_played_to_another_session_delivers_nothing) {
  Cable cable(context(), context());
  cable.shake_hands();
  EXPECT_EQ(cable.carry("vote for me"), "vote for me");

  TlsSession victim(context(), Role::accepts);
  victim.receive(cable.to_far);   // the handshake, then the frames
  EXPECT_NE(victim.shake_hands(), State::open);
  std::array<char, 100> space;
  EXPECT_EQ(victim.read(space), 0U);
  victim.shake_hands();
  EXPECT_EQ(victim.state(), State::failed);
}

TEST(TlsSession, a_record_that_comes_twice_ends_it) {
  Cable cable(context(), context());
  cable.shake_hands();
  ASSERT_TRUE(cable.near.write("once"));
  const std::string record = cable.near.take_output();
  EXPECT_EQ(cable.read(record), "once");
  EXPECT_EQ(cable.read(record), "");
  EXPECT_EQ(cable.far.state(), State::failed);
  EXPECT_THAT(cable.far.failure(), HasSubstr("altered on its way, or is not of this connection"));
  cable.near.receive(cable.far.take_output());   // the alert
  std::array<char, 100> space;
  EXPECT_EQ(cable.near.read(space), 0U);
  EXPECT_THAT(cable.near.failure(), HasSubstr("what it got from this node was altered"));
}

TEST(TlsSession, what_was_sent_is_not_accepted_as_an_answer) {   // reflection
  Cable cable(context(), context());
  cable.shake_hands();
  ASSERT_TRUE(cable.near.write("mine"));
  cable.near.receive(cable.near.take_output());
  std::array<char, 100> space;
  EXPECT_EQ(cable.near.read(space), 0U);
  EXPECT_EQ(cable.near.state(), State::failed);
}

TEST(TlsSession, plain_text_is_told_from_tls_by_its_first_bytes) {
  for (const Role role : {Role::dials, Role::accepts}) {
    for (const std::string& bytes : {std::string("\x5a\0\0\0", 4), std::string("GET /"), std::string(4, '\x16')}) {
      TlsSession session(context(), role);
      session.shake_hands();
      for (const char byte : bytes) session.receive(std::string(1, byte));
      EXPECT_EQ(session.shake_hands(), State::failed);
      EXPECT_TRUE(session.heard_plain_text());
      EXPECT_THAT(session.failure(), HasSubstr("cluster_key_file"));
    }
  }
}

TEST(TlsSession, new_keys_are_taken_on_the_way) {
  Cable cable(context(), context(), 3);
  cable.shake_hands();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cable.carry("frame " + std::to_string(i)), "frame " + std::to_string(i));
  EXPECT_EQ(cable.carry(std::string(100'000, 'y')), std::string(100'000, 'y'));

  // A key update is a record of its own: a frame after it takes more on the cable than one before it.
  Cable measured(context(), context(), 3);
  measured.shake_hands();
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 6; ++i) {
    measured.near.write("same");
    sizes.push_back(measured.near.take_output().size());
  }
  EXPECT_EQ(sizes[0], sizes[2]);
  EXPECT_GT(sizes[3], sizes[2]);
  EXPECT_EQ(sizes[4], sizes[2]);
}

TEST(TlsSession, a_goodbye_is_an_end_and_no_failure) {
  Cable cable(context(), context());
  cable.shake_hands();
  cable.near.close();
  EXPECT_EQ(cable.read(cable.near.take_output()), "");
  EXPECT_EQ(cable.far.state(), State::ended);
  EXPECT_EQ(cable.far.failure(), "");
  EXPECT_FALSE(cable.near.write("after"));
}

// -- strangers, played with OpenSSL itself -----------------------------------------------------------------------

SSL_CTX* with_a_certificate() {
  SSL_CTX* const context = SSL_CTX_new(TLS_method());
  EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* const certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  EXPECT_EQ(SSL_CTX_use_certificate(context, certificate), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context, key), 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

TEST(TlsSession, a_server_with_a_certificate_instead_of_the_key_is_refused) {
  Stranger server(with_a_certificate());
  SSL_set_accept_state(server.ssl);
  TlsSession node(context(), Role::dials);
  server.talk_to(node);
  EXPECT_EQ(node.state(), State::failed);
  EXPECT_THAT(node.failure(), HasSubstr("did not prove that it has the cluster key"));
}

TEST(TlsSession, a_client_without_the_key_is_refused) {
  Stranger client(SSL_CTX_new(TLS_method()));
  SSL_set_connect_state(client.ssl);
  TlsSession node(context(), Role::accepts);
  client.talk_to(node);
  EXPECT_EQ(node.state(), State::failed);
  EXPECT_NE(node.failure(), "");
  EXPECT_NE(SSL_is_init_finished(client.ssl), 1);
}

TEST(TlsSession, nothing_older_than_tls_1_3_is_spoken) {
  SSL_CTX* const old = SSL_CTX_new(TLS_method());
  SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
  Stranger client(old);
  SSL_set_connect_state(client.ssl);
  TlsSession node(context(), Role::accepts);
  client.talk_to(node);
  EXPECT_EQ(node.state(), State::failed);
}

}  // namespace
}  // namespace parley::net
