// A node's own certificates, as it reads them: what it takes, and what it says about what it doesn't.
#include "net/peer_certificates.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "net/certificate_maker.hpp"

namespace parley::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr long a_day = 86'400;

std::string fault_of(const PeerCertificates& files, unsigned self = 1) {
  const auto made = make_tls_context(files, NodeId(self));
  if (made.ok()) return "(accepted)";
  const char* const parts[] = {"authorities", "certificate", "private_key"};
  return std::string(parts[static_cast<std::size_t>(made.error().part)]) + ": " + made.error().reason;
}

MadeCertificate issue(const Authority& authority, const std::vector<std::string>& names) {
  CertificateWish wish;
  wish.dns_names = names;
  return authority.issue(wish);
}

std::int64_t seconds_from_now(WallTime time) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return time.ms / 1000 - std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

TEST(CertificateName, is_one_form_of_one_id) {
  EXPECT_EQ(certificate_name(NodeId(1)), "node-1.parley");
  for (const std::uint32_t id : {1U, 9U, 10U, 65'535U}) {
    EXPECT_EQ(node_of_certificate_name(certificate_name(NodeId(id))), NodeId(id));
  }
  for (const char* const name : {"", "node-.parley", "node-0.parley", "node-01.parley", "node-65536.parley",
                                 "NODE-1.parley", "node-1.parley.", "node-1", "xnode-1.parley", "*.parley",
                                 "node-1.parley.example.org", "node-*.parley", "node--1.parley", "node-+1.parley",
                                 "node-123456.parley", "node-4294967297.parley", "node-1 .parley"}) {
    EXPECT_EQ(node_of_certificate_name(name), std::nullopt) << name;
  }
  EXPECT_EQ(node_of_certificate_name(std::string_view("node-1.parley\0", 14)), std::nullopt);
}

TEST(PeerCertificates, what_the_ca_made_for_this_node_is_taken) {
  const Authority authority;
  EXPECT_EQ(fault_of(authority.files(1)), "(accepted)");
  EXPECT_EQ(fault_of(authority.files(65'535), 65'535), "(accepted)");
}

TEST(PeerCertificates, other_names_beside_the_nodes_are_no_harm) {
  const Authority authority;
  const auto made = issue(authority, {"chat-a.example.org", "node-1.parley", "10.example"});
  EXPECT_EQ(fault_of(authority.files(made)), "(accepted)");
}

TEST(PeerCertificates, a_certificate_speaks_for_exactly_one_node_and_that_is_this_one) {
  const Authority authority;
  EXPECT_THAT(fault_of(authority.files(3)),
              AllOf(HasSubstr("certificate: "), HasSubstr("speaks for node 3, and this is node 1"),
                    HasSubstr("node-1.parley")));
  for (const auto& names : {std::vector<std::string>{"host-1.example.org"}, std::vector<std::string>{},
                            std::vector<std::string>{"node-1.parley", "node-2.parley"}}) {
    EXPECT_THAT(fault_of(authority.files(issue(authority, names))),
                AllOf(HasSubstr("for no node, or for several"), HasSubstr("for this node node-1.parley")));
  }
}

TEST(PeerCertificates, a_certificate_of_another_ca_is_not_taken) {
  const Authority ours;
  const Authority theirs;   // of the same name, which proves nothing
  const Authority other("Another CA");
  for (const auto* authority : {&theirs, &other}) {
    auto files = authority->files(1);
    files.authorities = ours.certificate();
    EXPECT_THAT(fault_of(files), HasSubstr("certificate: the first in it is of another CA than"));
  }
}

TEST(PeerCertificates, several_cas_may_be_trusted_while_one_replaces_the_other) {
  const Authority former;
  const Authority next("Parley CA 2");
  for (const auto* authority : {&former, &next}) {
    auto files = authority->files(1);
    files.authorities = "# in use until March\n" + former.certificate() + next.certificate();
    EXPECT_EQ(fault_of(files), "(accepted)");
  }
}

TEST(PeerCertificates, the_ca_may_stand_below_another_that_is_not_trusted) {
  const Authority root("Company root");
  const auto ours = root.below("Parley CA");
  EXPECT_EQ(fault_of(ours->files(1)), "(accepted)");
}

TEST(PeerCertificates, certificates_between_the_nodes_and_the_ca_stand_behind_it) {
  const Authority root("Company root");
  const auto between = root.below("Signer");
  auto made = between->issue();
  EXPECT_THAT(fault_of(root.files(made)), HasSubstr("is of another CA"));
  made.certificate += between->certificate();
  EXPECT_EQ(fault_of(root.files(made)), "(accepted)");
}

TEST(PeerCertificates, a_certificate_that_is_no_cas_is_not_trusted_as_one) {
  const Authority authority;
  auto files = authority.files(1);
  files.authorities = files.certificate;
  EXPECT_THAT(fault_of(files), AllOf(HasSubstr("authorities: \"CN=a node\" in it is no CA"), HasSubstr("CA:TRUE")));
}

TEST(PeerCertificates, a_node_both_dials_and_accepts) {
  const Authority authority;
  for (const char* const usage : {"serverAuth", "clientAuth", "codeSigning"}) {
    CertificateWish wish;
    wish.usage = usage;
    EXPECT_THAT(fault_of(authority.files(authority.issue(wish))), HasSubstr("serverAuth and clientAuth")) << usage;
  }
  CertificateWish any;
  any.usage = "";
  EXPECT_EQ(fault_of(authority.files(authority.issue(any))), "(accepted)");
}

TEST(PeerCertificates, the_key_belongs_to_the_certificate) {
  const Authority authority;
  auto files = authority.files(1);
  files.private_key = authority.issue().private_key;
  EXPECT_EQ(fault_of(files), "private_key: it does not belong to the certificate");
}

TEST(PeerCertificates, a_key_under_a_passphrase_is_refused_without_asking_anybody) {
  const Authority authority;
  auto files = authority.files(1);
  files.private_key = encrypted(files.private_key, "correct horse");
  EXPECT_THAT(fault_of(files), AllOf(HasSubstr("private_key: "), HasSubstr("passphrase"), Not(HasSubstr("horse"))));
}

TEST(PeerCertificates, what_is_no_pem_is_named) {
  const Authority authority;
  const auto right = authority.files(1);
  for (const std::string& text : {std::string(), std::string("hello\n"), std::string(3, '\0'), right.private_key}) {
    auto files = right;
    files.authorities = text;
    EXPECT_THAT(fault_of(files), HasSubstr("authorities: it holds no certificate in PEM form"));
    files = right;
    files.certificate = text;
    EXPECT_THAT(fault_of(files), HasSubstr("certificate: it holds no certificate in PEM form"));
  }
  for (const std::string& text : {std::string(), std::string("hello\n"), right.certificate}) {
    auto files = right;
    files.private_key = text;
    EXPECT_THAT(fault_of(files), HasSubstr("private_key: it holds no private key in PEM form"));
  }
}

TEST(PeerCertificates, a_file_that_was_cut_short_or_has_rotted_is_no_file) {
  const Authority authority;
  const auto right = authority.files(1);
  auto files = right;
  files.certificate.resize(files.certificate.size() / 2);
  EXPECT_THAT(fault_of(files), HasSubstr("certificate: "));
  files = right;
  const auto middle = files.certificate.size() / 2;
  files.certificate[middle] = files.certificate[middle] == 'A' ? 'B' : 'A';
  EXPECT_THAT(fault_of(files), Not(HasSubstr("(accepted)")));
  files = right;
  files.authorities += right.authorities.substr(0, right.authorities.size() / 2);
  EXPECT_THAT(fault_of(files), HasSubstr("authorities: a certificate in it is damaged"));
}

TEST(PeerCertificates, more_certificates_than_anybody_needs_are_refused) {
  const Authority authority;
  auto files = authority.files(1);
  for (int doubled = 0; doubled < 7; ++doubled) files.authorities += files.authorities;
  EXPECT_THAT(fault_of(files), HasSubstr("authorities: it holds more than 64 certificates"));
}

TEST(PeerCertificates, it_is_valid_as_long_as_all_up_to_the_ca_are) {
  const Authority root("Company root");
  const auto between = root.below("Signer", 20 * a_day);
  CertificateWish wish;
  wish.begins = -60;
  wish.expires = 40 * a_day;
  auto made = between->issue(wish);
  made.certificate += between->certificate();
  const auto short_ca = make_tls_context(root.files(made), NodeId(1));
  ASSERT_TRUE(short_ca.ok());
  EXPECT_NEAR(static_cast<double>(seconds_from_now(short_ca->expires)), 20 * a_day, 60);
  const auto own = make_tls_context(root.files(root.issue(wish)), NodeId(1));
  ASSERT_TRUE(own.ok());
  EXPECT_NEAR(static_cast<double>(seconds_from_now(own->expires)), 40 * a_day, 60);
  EXPECT_NEAR(static_cast<double>(seconds_from_now(own->begins)), -60, 60);
}

TEST(PeerCertificates, one_that_has_expired_is_read_all_the_same) {   // and said; another may take its place any time
  const Authority authority;
  CertificateWish wish;
  wish.begins = -2 * a_day;
  wish.expires = -a_day;
  const auto made = make_tls_context(authority.files(authority.issue(wish)), NodeId(1));
  ASSERT_TRUE(made.ok()) << made.error().reason;
  EXPECT_LT(seconds_from_now(made->expires), 0);
}

}  // namespace
}  // namespace parley::net
