// TLS between nodes that have certificates: who is let in, who is not, and what both sides say about it.
#include <gmock/gmock.h>

#include <vector>

#include "net/certificate_maker.hpp"
#include "net/peer_certificates.hpp"
#include "net/tls_cable.hpp"

namespace parley::net {
namespace {

using ::testing::HasSubstr;
using State = TlsSession::State;

std::shared_ptr<const TlsContext> context(const PeerCertificates& files, unsigned self) {
  const auto made = make_tls_context(files, NodeId(self));
  if (!made.ok()) throw std::runtime_error(made.error().reason);
  return made->tls;
}

// What became of a handshake, and what each side has to say. Who dials is through before the other side has looked at
// its certificate (RFC 8446, 2): it hears of it with its first read.
struct Outcome {
  explicit Outcome(TlsCable& cable) {
    cable.shake_hands();
    std::array<char, 100> space;
    cable.near.read(space);
    dialled = cable.near.state();
    accepted = cable.far.state();
    dialler_says = cable.near.failure();
    acceptor_says = cable.far.failure();
  }
  State dialled;
  State accepted;
  std::string dialler_says;
  std::string acceptor_says;
};

Outcome between(std::shared_ptr<const TlsContext> dials, std::shared_ptr<const TlsContext> accepts) {
  TlsCable cable(std::move(dials), std::move(accepts));
  return Outcome(cable);
}

class CertifiedSession : public ::testing::Test {
 protected:
  std::shared_ptr<const TlsContext> node(unsigned id) const { return context(authority.files(id), id); }
  // Node 2 with a certificate of the same CA that is valid at another time.
  std::shared_ptr<const TlsContext> with(const CertificateWish& wish) const {
    return context(authority.files(authority.issue(wish)), 2);
  }
  CertificateWish wish(long begins, long expires) const { return {{"node-2.parley"}, "", begins, expires}; }

  Authority authority;
};

TEST_F(CertifiedSession, members_talk_and_each_knows_who_the_other_is) {
  TlsCable cable(node(1), node(2));
  cable.shake_hands();
  ASSERT_EQ(cable.near.state(), State::open) << cable.near.failure();
  ASSERT_EQ(cable.far.state(), State::open) << cable.far.failure();
  EXPECT_EQ(cable.near.certified(), NodeId(2));
  EXPECT_EQ(cable.far.certified(), NodeId(1));
  EXPECT_EQ(cable.carry("hello"), "hello");
  const std::string long_one(200'000, 'x');
  EXPECT_EQ(cable.carry(long_one), long_one);
}

TEST_F(CertifiedSession, nobody_is_known_before_the_handshake_or_by_a_key) {
  TlsCable cable(node(1), node(2));
  EXPECT_EQ(cable.near.certified(), std::nullopt);
  TlsCable keys(make_tls_context(PeerKey("key")), make_tls_context(PeerKey("key")));
  keys.shake_hands();
  EXPECT_EQ(keys.near.state(), State::open);
  EXPECT_EQ(keys.near.certified(), std::nullopt);
}

TEST_F(CertifiedSession, nothing_of_who_talks_or_of_what_is_said_is_on_the_cable) {
  TlsCable cable(node(1), node(2));
  cable.shake_hands();
  cable.carry("a secret of anna");
  for (const auto* sent : {&cable.to_far, &cable.to_near}) {
    EXPECT_GT(sent->size(), 200U);
    EXPECT_EQ(sent->find("secret"), std::string::npos);
    EXPECT_EQ(sent->find("node-"), std::string::npos);
  }
}

TEST_F(CertifiedSession, another_ca_is_refused_whoever_dials) {   // who is dialled shows its own first
  const Authority namesake;   // by its name the same
  const Authority other("Another CA");
  for (const auto* stranger : {&namesake, &other}) {
    const auto strangers = context(stranger->files(2), 2);
    for (const bool out : {true, false}) {
      const auto met = out ? between(node(1), strangers) : between(strangers, node(1));
      EXPECT_EQ(met.dialled, State::failed);
      EXPECT_EQ(met.accepted, State::failed);
      EXPECT_THAT(met.dialler_says, HasSubstr("its certificate is of another CA than this node's ca_file holds"));
      EXPECT_THAT(met.acceptor_says, HasSubstr("accept this node's certificate: the ca_file there holds another CA"));
    }
  }
}

TEST_F(CertifiedSession, one_side_alone_that_trusts_the_other_is_not_enough) {
  const Authority other("Another CA");
  auto files = other.files(2);
  files.authorities += authority.certificate();   // it takes ours; we don't take it
  const auto credulous = context(files, 2);
  const auto in = between(credulous, node(1));
  EXPECT_EQ(in.accepted, State::failed);
  EXPECT_THAT(in.acceptor_says, HasSubstr("its certificate is of another CA"));
  EXPECT_EQ(in.dialled, State::failed);
  EXPECT_THAT(in.dialler_says, HasSubstr("accept this node's certificate: the ca_file there holds another"));
  const auto out = between(node(1), credulous);
  EXPECT_EQ(out.dialled, State::failed);
  EXPECT_EQ(out.accepted, State::failed);
}

TEST_F(CertifiedSession, expired_is_refused_and_said_on_both_sides) {
  const auto expired = with(wish(-7000, -60));
  const auto in = between(expired, node(1));
  EXPECT_EQ(in.accepted, State::failed);
  EXPECT_THAT(in.acceptor_says, HasSubstr("its certificate has expired"));
  EXPECT_THAT(in.dialler_says, HasSubstr("this node's certificate: it has expired by the clock there"));
  const auto out = between(node(1), expired);
  EXPECT_THAT(out.dialler_says, HasSubstr("its certificate has expired"));
  EXPECT_THAT(out.acceptor_says, HasSubstr("this node's certificate: it has expired by the clock there"));
}

TEST_F(CertifiedSession, not_yet_valid_is_refused_and_said_on_both_sides) {
  const auto early = with(wish(3600, 7200));
  const auto in = between(early, node(1));
  EXPECT_EQ(in.accepted, State::failed);
  EXPECT_THAT(in.acceptor_says, HasSubstr("its certificate is not yet valid by this machine's clock"));
  EXPECT_THAT(in.dialler_says, HasSubstr("not yet valid by the clock there"));
  const auto out = between(node(1), early);
  EXPECT_THAT(out.dialler_says, HasSubstr("its certificate is not yet valid"));
}

TEST_F(CertifiedSession, a_key_and_certificates_do_not_fit_and_both_sides_know_why) {
  const auto key = make_tls_context(PeerKey("the key of the cluster"));
  const auto in = between(key, node(1));
  EXPECT_EQ(in.dialled, State::failed);
  EXPECT_EQ(in.accepted, State::failed);
  EXPECT_THAT(in.acceptor_says, HasSubstr("it has a cluster_key_file, and this node cluster_certificates"));
  EXPECT_THAT(in.dialler_says, HasSubstr("it takes no cluster key: it has cluster_certificates"));
  const auto out = between(node(1), key);
  EXPECT_EQ(out.dialled, State::failed);
  EXPECT_EQ(out.accepted, State::failed);
  EXPECT_THAT(out.acceptor_says, HasSubstr("did not offer to prove that it has the cluster key: it has cluster_cert"));
  EXPECT_THAT(out.dialler_says, HasSubstr("it shows no certificate: it has a cluster_key_file"));
}

TEST_F(CertifiedSession, plain_text_is_told_by_its_first_bytes) {
  for (const auto role : {TlsSession::Role::dials, TlsSession::Role::accepts}) {
    TlsSession session(node(1), role);
    session.shake_hands();
    session.receive(std::string_view("\x5a\0\0\0", 4));
    EXPECT_EQ(session.shake_hands(), State::failed);
    EXPECT_TRUE(session.heard_plain_text());
    EXPECT_THAT(session.failure(), HasSubstr("it has no cluster_certificates, or is no node"));
  }
}

TEST_F(CertifiedSession, an_altered_byte_of_a_record_ends_it_and_nothing_of_that_record_is_read) {
  TlsCable first(node(1), node(2));
  first.shake_hands();
  first.near.write("pay 10");
  const std::size_t size = first.near.take_output().size();
  for (std::size_t at = 5; at < size; ++at) {
    TlsCable cable(node(1), node(2));
    cable.shake_hands();
    ASSERT_TRUE(cable.near.write("pay 10"));
    std::string record = cable.near.take_output();
    record[at] = static_cast<char>(record[at] ^ 0x20);
    EXPECT_EQ(cable.read(record), "") << at;
    EXPECT_EQ(cable.far.state(), State::failed) << at;
  }
}

// Every record of it in turn: hellos, certificates, proofs of their keys, the ends.
TEST_F(CertifiedSession, a_handshake_with_an_altered_byte_never_opens_on_the_side_that_gets_it) {
  const auto first = node(1);
  const auto second = node(2);
  TlsCable sample(first, second);
  sample.near.shake_hands();
  const std::size_t hello = sample.near.take_output().size();
  for (std::size_t at = 5; at < hello; at += 11) {
    TlsCable cable(first, second);
    cable.near.shake_hands();
    std::string bytes = cable.near.take_output();
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    cable.far.receive(bytes);
    cable.shake_hands();
    EXPECT_NE(cable.far.state(), State::open) << at;
  }
  for (std::size_t at = 5; at < 1'000; at += 13) {   // the other side's answer, with its certificate
    TlsCable cable(first, second);
    cable.near.shake_hands();
    cable.far.receive(cable.near.take_output());
    cable.far.shake_hands();
    std::string bytes = cable.far.take_output();
    if (at >= bytes.size()) break;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    cable.near.receive(bytes);
    cable.shake_hands();
    EXPECT_NE(cable.near.state(), State::open) << at;
  }
  for (std::size_t at = 5; at < 1'000; at += 13) {   // the dialler's certificate
    TlsCable cable(first, second);
    cable.near.shake_hands();
    cable.far.receive(cable.near.take_output());
    cable.far.shake_hands();
    cable.near.receive(cable.far.take_output());
    cable.near.shake_hands();
    std::string bytes = cable.near.take_output();
    if (at >= bytes.size()) break;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    cable.far.receive(bytes);
    cable.shake_hands();
    EXPECT_NE(cable.far.state(), State::open) << at;
  }
}

TEST_F(CertifiedSession, a_recording_played_to_another_session_delivers_nothing) {
  TlsCable cable(node(1), node(2));
  cable.shake_hands();
  EXPECT_EQ(cable.carry("vote for me"), "vote for me");
  TlsSession victim(node(2), TlsSession::Role::accepts);
  victim.receive(cable.to_far);
  EXPECT_NE(victim.shake_hands(), State::open);
  victim.shake_hands();
  EXPECT_EQ(victim.state(), State::failed);
  std::array<char, 100> space;
  EXPECT_EQ(victim.read(space), 0U);
}

TEST_F(CertifiedSession, certificates_between_a_nodes_and_the_ca_are_shown_by_the_node) {
  const auto between_them = authority.below("Signer");
  auto made = between_them->issue({{"node-2.parley"}, "", -60, 3600});
  made.certificate += between_them->certificate();
  const auto chained = context(authority.files(made), 2);
  EXPECT_EQ(between(chained, node(1)).accepted, State::open);
  EXPECT_EQ(between(node(1), chained).dialled, State::open);
}

TEST_F(CertifiedSession, while_a_ca_replaces_another_nodes_of_both_talk) {
  const Authority next("Parley CA 2");
  auto of_former = authority.files(1);
  auto of_next = next.files(2);
  of_former.authorities += next.certificate();
  of_next.authorities += authority.certificate();
  const auto out = between(context(of_former, 1), context(of_next, 2));
  EXPECT_EQ(out.dialled, State::open) << out.dialler_says;
  EXPECT_EQ(out.accepted, State::open) << out.acceptor_says;
}

TEST_F(CertifiedSession, a_session_keeps_what_it_began_with) {   // a renewal is for new ones
  auto first = node(1);
  TlsCable cable(first, node(2));
  first.reset();
  cable.shake_hands();
  EXPECT_EQ(cable.carry("hello"), "hello");
}

}  // namespace
}  // namespace parley::net
