// Nodes with certificates as processes, without a proxy between them: members, strangers, impostors, and new
// certificates while they run.
#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "net/certificate_maker.hpp"
#include "net/spawn.hpp"
#include "net/steady_clock.hpp"
#include "net/tcp_network.hpp"
#include "program/program.hpp"
#include "wire/peer_frame.hpp"

namespace parley::program {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const std::string with_certificates = R"(, "cluster_certificates": { "ca_file": "ca.crt",
    "certificate_file": "node-{id}.crt", "private_key_file": "node-{id}.key" })";
const std::string with_a_key = R"(, "cluster_key_file": "cluster.key")";

// A folder with the nodes' configuration, data and certificates.
class Nodes {
 public:
  explicit Nodes(std::size_t count) {
    FreeAddresses fresh;
    for (std::size_t i = 0; i < 2 * count; ++i) addresses_.push_back(fresh.next());
    folder_.write("cluster.key", "9f3c1e5b7a2d4806f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778f\n");
    std::filesystem::permissions(folder_.path() / "cluster.key", std::filesystem::perms(0600));
  }
  // `places`: which of the peer addresses each node has, where the configuration is to be wrong.
  std::filesystem::path configure(const std::string& name, const std::string& proof,
                                  std::vector<std::size_t> places = {0, 1, 2}) const {
    std::string list;
    for (std::size_t i = 0; i < addresses_.size() / 2; ++i) {
      const std::string id = std::to_string(i + 1);
      list += std::string(i == 0 ? "" : ", ") + "{ \"id\": " + id + ", \"peer\": { \"listen\": \"" + peer(places[i]) +
              "\" }, \"client\": { \"listen\": \"" + client(i) + "\" }, \"data\": \"node-" + id + "\" }";
    }
    return folder_.write(name, "{ \"nodes\": [" + list + "]" + proof + " }");
  }
  const std::string& peer(std::size_t place) const { return addresses_[2 * place]; }
  const std::string& client(std::size_t place) const { return addresses_[2 * place + 1]; }

  // As operators put files in place: each whole, by a rename.
  void put(const std::string& name, const std::string& text, int mode = 0644) const {
    const auto path = folder_.write(name + ".new", text);
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    std::filesystem::rename(path, folder_.path() / name);
  }
  void put_certificate(unsigned node, const net::Authority& authority,
                       const net::CertificateWish* wish = nullptr) const {
    const auto made = wish != nullptr ? authority.files(authority.issue(*wish)) : authority.files(node);
    const std::string name = "node-" + std::to_string(node);
    put(name + ".crt", made.certificate);
    put(name + ".key", made.private_key, 0600);
  }
  std::unique_ptr<RunningNode> start(int id, const std::filesystem::path& config) const {
    const auto log = folder_.path() / ("node-" + std::to_string(id) + "-" + std::to_string(++started_) + ".log");
    return std::make_unique<RunningNode>(config, id, log);
  }
  Ended run_to_its_end(int id, const std::filesystem::path& config) const {
    Call call;
    call.arguments = {"node", "--config", config.string(), "--id", std::to_string(id)};
    return run(call);
  }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> addresses_;
  mutable int started_ = 0;
};

bool knows_a_leader(const RunningNode& node) {
  return node.wait_for_log("leads in term", 20s) || node.wait_for_log("now leader", 1s);
}

TEST(ClusterCertificates, NodesWithCertificatesOfOneCaFindEachOtherAndALeader) {
  const Nodes nodes(3);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  const auto config = nodes.configure("c.json", with_certificates);
  std::vector<std::unique_ptr<RunningNode>> running;
  for (unsigned id = 1; id <= 3; ++id) {
    nodes.put_certificate(id, authority);
    running.push_back(nodes.start(static_cast<int>(id), config));
  }
  for (const auto& node : running) EXPECT_TRUE(knows_a_leader(*node)) << node->log();
}

TEST(ClusterCertificates, NodesOfDifferentCasSaySoOnBothSides) {
  const Nodes nodes(2);
  std::vector<std::unique_ptr<RunningNode>> running;
  for (unsigned id = 1; id <= 2; ++id) {
    const net::Authority own;
    const std::string ca = "ca-" + std::to_string(id) + ".crt";
    nodes.put(ca, own.certificate());
    nodes.put_certificate(id, own);
    auto proof = with_certificates;
    proof.replace(proof.find("ca.crt"), 6, ca);
    running.push_back(nodes.start(static_cast<int>(id), nodes.configure("c-" + ca + ".json", proof)));
  }
  for (const auto& node : running) {
    EXPECT_TRUE(node->wait_for_log("its certificate is of another CA than this node's ca_file", 20s)) << node->log();
    EXPECT_TRUE(node->wait_for_log("does not accept this node's certificate: the ca_file there", 20s)) << node->log();
  }
}

TEST(ClusterCertificates, ANodeWithAnExpiredOneStartsAndBothSidesSayWhatIsWrong) {
  const Nodes nodes(2);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  const auto config = nodes.configure("c.json", with_certificates);
  nodes.put_certificate(1, authority);
  const net::CertificateWish expired{{"node-2.parley"}, "", -7000, -60};
  nodes.put_certificate(2, authority, &expired);
  const auto well = nodes.start(1, config);
  const auto late = nodes.start(2, config);
  EXPECT_TRUE(late->wait_for_log("[certificate_expired]", 20s)) << late->log();
  EXPECT_TRUE(well->wait_for_log("its certificate has expired", 20s)) << well->log();
  EXPECT_TRUE(late->wait_for_log("it has expired by the clock there", 20s)) << late->log();
  nodes.put_certificate(2, authority);   // and needs no restart to be let in
  EXPECT_TRUE(late->wait_for_log("[certificates_renewed]", 30s)) << late->log();
  EXPECT_TRUE(knows_a_leader(*well)) << well->log();
  EXPECT_TRUE(knows_a_leader(*late)) << late->log();
}

TEST(ClusterCertificates, ANodeWithAKeyAndOneWithCertificatesSaySoOnBothSides) {
  const Nodes nodes(2);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  nodes.put_certificate(1, authority);
  const auto certificates = nodes.start(1, nodes.configure("certificates.json", with_certificates));
  const auto key = nodes.start(2, nodes.configure("key.json", with_a_key));
  EXPECT_TRUE(certificates->wait_for_log("it has a cluster_key_file, and this node cluster_certificates", 20s))
      << certificates->log();
  EXPECT_TRUE(certificates->wait_for_log("it shows no certificate: it has a cluster_key_file", 20s))
      << certificates->log();
  EXPECT_TRUE(key->wait_for_log("it takes no cluster key: it has cluster_certificates", 20s)) << key->log();
  EXPECT_TRUE(key->wait_for_log("did not offer to prove that it has the cluster key", 20s)) << key->log();
}

TEST(ClusterCertificates, OneWithoutAndOneWithSaySoOnBothSides) {
  const Nodes nodes(2);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  nodes.put_certificate(1, authority);
  const auto secured = nodes.start(1, nodes.configure("certificates.json", with_certificates));
  const auto plain = nodes.start(2, nodes.configure("plain.json", ""));
  EXPECT_TRUE(secured->wait_for_log("it speaks plain text: it has no cluster_certificates", 20s)) << secured->log();
  EXPECT_TRUE(plain->wait_for_log("it has a cluster_key_file or cluster_certificates", 20s)) << plain->log();
  EXPECT_TRUE(plain->wait_for_log("this node needs the same cluster_certificates", 20s)) << plain->log();
}

// -- who speaks for whom -----------------------------------------------------------------------------------------

TEST(ClusterCertificates, ANodeDoesNotStartWithAnothersCertificate) {
  const Nodes nodes(3);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  const auto made = authority.files(3);   // stolen from node 3
  nodes.put("node-1.crt", made.certificate);
  nodes.put("node-1.key", made.private_key, 0600);
  const auto ended = nodes.run_to_its_end(1, nodes.configure("c.json", with_certificates));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("cluster_certificates.certificate_file"), HasSubstr("node-1.crt"),
                               HasSubstr("speaks for node 3, and this is node 1")));
}

TEST(ClusterCertificates, AKeyThatOthersMayReadIsRefused) {
  const Nodes nodes(3);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  nodes.put_certificate(1, authority);
  nodes.put("node-1.key", authority.issue().private_key, 0644);
  const auto ended = nodes.run_to_its_end(1, nodes.configure("c.json", with_certificates));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("cluster_certificates.private_key_file"), HasSubstr("chmod 600")));
}

net::awaitable<void> claim(net::Network& network, net::Clock& clock, std::string address, wire::Hello hello,
                           std::optional<std::string>& answer) {
  auto result = co_await network.connect(net::Transport::peer, address, clock.now() + Duration(10s));
  if (!result.connection) throw std::runtime_error(result.detail);
  auto frame = wire::encode(wire::PeerFrame(std::move(hello)));
  co_await result.connection->write(std::move(frame));
  answer = co_await result.connection->read();
}

// What node 1 answers to who shows the certificate of `shown` and says that it is `claimed`.
std::string answer_to(const Nodes& nodes, const net::Authority& authority, unsigned shown, unsigned claimed) {
  boost::asio::io_context io;
  net::SteadyClock clock(io.get_executor());
  net::TcpNetwork network(io.get_executor());
  network.use(*net::make_tls_context(authority.files(shown), NodeId(shown)));
  wire::Hello hello;
  hello.from = ServerId{NodeId(claimed), Incarnation(7)};
  hello.to = NodeId(1);
  std::optional<std::string> answer;
  net::spawn(io.get_executor(), claim(network, clock, nodes.peer(0), std::move(hello), answer));
  io.run_for(20s);
  if (!answer) return "(none)";
  const auto frame = wire::decode_peer_frame(*answer);
  if (!frame.ok()) return "(no frame)";
  if (std::holds_alternative<wire::Welcome>(*frame)) return "(welcome)";
  const auto* rejected = std::get_if<wire::Rejected>(&*frame);
  return rejected != nullptr ? rejected->reason : "(another frame)";
}

TEST(ClusterCertificates, WhoHasStolenANodesCertificateIsNoOtherNode) {
  const Nodes nodes(3);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  nodes.put_certificate(1, authority);
  const auto victim = nodes.start(1, nodes.configure("c.json", with_certificates));
  ASSERT_TRUE(victim->wait_for_log("waiting for node", 20s)) << victim->log();
  EXPECT_THAT(answer_to(nodes, authority, 3, 2),
              HasSubstr("says that it is node 2, and its certificate speaks for node 3"));
  EXPECT_TRUE(victim->wait_for_log("and its certificate speaks for node 3", 20s)) << victim->log();
  EXPECT_EQ(answer_to(nodes, authority, 3, 3), "(welcome)");   // as itself it is let in
}

TEST(ClusterCertificates, WhoDialsMakesSureWhomItHasReached) {
  const Nodes nodes(3);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  for (unsigned id = 1; id <= 3; ++id) nodes.put_certificate(id, authority);
  const auto right = nodes.configure("c.json", with_certificates);
  const auto confused = nodes.start(1, nodes.configure("wrong.json", with_certificates, {0, 2, 1}));
  const auto third = nodes.start(3, right);
  EXPECT_TRUE(confused->wait_for_log("is node 3 by its certificate, not node 2", 20s)) << confused->log();
}

// -- while they run ----------------------------------------------------------------------------------------------

// The whole way from one CA to the next; nobody is stopped, and links that break in any age come back.
TEST(ClusterCertificates, ARunningClusterChangesItsCaWithoutARestart) {
  const Nodes nodes(3);
  const net::Authority former("Parley CA 1");
  const net::Authority next("Parley CA 2");
  nodes.put("ca.crt", former.certificate());
  const auto config = nodes.configure("c.json", with_certificates);
  std::vector<std::unique_ptr<RunningNode>> running;
  for (unsigned id = 1; id <= 3; ++id) {
    nodes.put_certificate(id, former);
    running.push_back(nodes.start(static_cast<int>(id), config));
  }
  for (const auto& node : running) ASSERT_TRUE(knows_a_leader(*node)) << node->log();
  const auto renewed = [&](std::size_t times) {
    const std::string event = "[certificates_renewed]";
    return std::all_of(running.begin(), running.end(), [&](const auto& node) {
      return node->wait_for_log(event, 30s, times);
    });
  };
  nodes.put("ca.crt", former.certificate() + next.certificate());
  ASSERT_TRUE(renewed(1)) << running[0]->log();
  for (unsigned id = 1; id <= 3; ++id) nodes.put_certificate(id, next);
  ASSERT_TRUE(renewed(2)) << running[0]->log();
  nodes.put("ca.crt", next.certificate());
  ASSERT_TRUE(renewed(3)) << running[0]->log();

  running[2].reset();   // killed
  running[2] = nodes.start(3, config);   // knows the next CA only, and so do those whom it meets
  EXPECT_TRUE(knows_a_leader(*running[2])) << running[2]->log();
  EXPECT_TRUE(running[2]->wait_for_log("connected to node 1", 20s)) << running[2]->log();
  EXPECT_TRUE(running[2]->wait_for_log("connected to node 2", 20s)) << running[2]->log();
}

TEST(ClusterCertificates, AFileThatCannotBeUsedLeavesTheFormerOneInUse) {
  const Nodes nodes(2);
  const net::Authority authority;
  nodes.put("ca.crt", authority.certificate());
  const auto config = nodes.configure("c.json", with_certificates);
  nodes.put_certificate(1, authority);
  nodes.put_certificate(2, authority);
  const auto first = nodes.start(1, config);
  ASSERT_TRUE(first->wait_for_log("waiting for node", 20s)) << first->log();
  nodes.put("node-1.crt", "-----BEGIN CERTIFICATE-----\nhalf of a fil");
  ASSERT_TRUE(first->wait_for_log("[certificates_refused]", 30s)) << first->log();
  EXPECT_THAT(first->log(), HasSubstr("The former ones stay in use, until "));
  const auto second = nodes.start(2, config);
  EXPECT_TRUE(knows_a_leader(*first)) << first->log();
}

}  // namespace
}  // namespace parley::program
