#include "node/config.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace parley::node {
namespace {

using ::testing::HasSubstr;

const char* const two_nodes = R"({
  "nodes": [
    {"id": 2, "peer": {"listen": "127.0.0.1:7102"}, "client": {"listen": "127.0.0.1:8102"}, "data": "d/two"},
    {"id": 1, "peer": {"listen": "[::1]:7101", "advertise": "localhost:7101"},
     "client": {"listen": "127.0.0.1:8101"}, "data": "/abs/one"}
  ],
  "heartbeat_interval_ms": 20,
  "election_timeout_ms": 150,
  "sessions_max": 7,
  "disk_free_min_mb": 0,
  "snapshot_rate_mb": 5
})";

std::string error_of(std::string_view text) {
  const auto parsed = parse_cluster_config(text, "/etc/parley/c.json");
  return parsed.ok() ? "(accepted)" : parsed.error().message;
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ConfigTest, ReadsNodesInTheOrderOfTheirIds) {
  const auto config = parse_cluster_config(two_nodes, "/etc/parley/c.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->nodes.size(), 2U);
  EXPECT_EQ(config->nodes[0].id, NodeId(1));
  EXPECT_EQ(config->nodes[0].peer.listen, "[::1]:7101");
  EXPECT_EQ(config->nodes[0].peer.advertise, "localhost:7101");
  EXPECT_EQ(config->nodes[1].peer.advertise, "127.0.0.1:7102");
  EXPECT_EQ(config->heartbeat_interval, milliseconds(20));
  EXPECT_EQ(config->election_timeout, milliseconds(150));
  EXPECT_EQ(config->sessions_max, 7U);
  EXPECT_EQ(config->disk_free_min_mb, 0U);
  EXPECT_EQ(config->snapshot_rate_mb, 5U);
  EXPECT_EQ(config->session_outbox_max, ClusterConfig{}.session_outbox_max);
  EXPECT_EQ(config->find(NodeId(2)), &config->nodes[1]);
  EXPECT_EQ(config->find(NodeId(3)), nullptr);
}

TEST(ConfigTest, RelativeDataDirectoriesAreRelativeToTheFile) {
  const auto config = parse_cluster_config(two_nodes, "/etc/parley/c.json");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->find(NodeId(2))->data, "/etc/parley/d/two");
  EXPECT_EQ(config->find(NodeId(1))->data, "/abs/one");
}

TEST(ConfigTest, TheDefaultFileIsReadBackAsThreeLoopbackNodes) {
  const auto config = parse_cluster_config(default_cluster_config(3, 7101, 8101, "data"), "/tmp/c.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->nodes.size(), 3U);
  EXPECT_EQ(config->nodes[2].peer.listen, "127.0.0.1:7103");
  EXPECT_EQ(config->nodes[2].client.listen, "127.0.0.1:8103");
  EXPECT_EQ(config->nodes[2].data, "/tmp/data/node3");
  EXPECT_FALSE(config->allow_plaintext);
}

TEST(ConfigTest, ASyntaxErrorNamesLineAndColumn) {
  EXPECT_THAT(error_of("{\n  \"nodes\": [,\n"), HasSubstr("/etc/parley/c.json:2:13: not valid JSON"));
  EXPECT_THAT(error_of("{\"nodes\": []"), HasSubstr(":1:13: not valid JSON"));
  EXPECT_THAT(error_of("{} x"), HasSubstr(":1:4: not valid JSON"));
  EXPECT_THAT(error_of(""), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of(std::string(100, '[')), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("expected an object"));
}

TEST(ConfigTest, AnUnknownKeyIsNamedWithTheKnownOnes) {
  EXPECT_THAT(error_of(with(two_nodes, "\"sessions_max\"", "\"sesions_max\"")),
              HasSubstr("sesions_max: expected no such key here; known are: nodes, heartbeat_interval_ms,"));
  EXPECT_THAT(error_of(with(two_nodes, "\"advertise\"", "\"advertize\"")), HasSubstr("nodes[1].peer.advertize"));
}

TEST(ConfigTest, AMissingOrWrongValueIsNamedByItsPath) {
  EXPECT_THAT(error_of("{}"), HasSubstr("nodes: expected a list of 1 to 64 objects"));
  EXPECT_THAT(error_of(R"({"nodes": [7]})"), HasSubstr("nodes[0]: expected an object"));
  EXPECT_THAT(error_of(with(two_nodes, "\"id\": 2, ", "")), HasSubstr("nodes[0].id: expected this key"));
  EXPECT_THAT(error_of(with(two_nodes, "\"id\": 2", "\"id\": 70000")), HasSubstr("from 1 to 65535"));
  EXPECT_THAT(error_of(with(two_nodes, "\"id\": 2", "\"id\": 2.5")), HasSubstr("nodes[0].id: expected a whole number"));
  EXPECT_THAT(error_of(with(two_nodes, "\"d/two\"", "17")), HasSubstr("nodes[0].data: expected a string"));
  EXPECT_THAT(error_of(with(two_nodes, ": 150", ": 40")),
              HasSubstr("election_timeout_ms: expected at least three"));
  EXPECT_THAT(error_of(with(two_nodes, "\"disk_free_min_mb\": 0", "\"disk_free_min_mb\": 16777217")),
              HasSubstr("disk_free_min_mb: expected a whole number from 0 to 16777216"));
}

TEST(ConfigTest, AddressesAreChecked) {
  for (const char* bad : {"127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", ":7102", "::1:7102", "a b:1", "h:7x", ""}) {
    EXPECT_THAT(error_of(with(two_nodes, "127.0.0.1:7102", bad)),
                HasSubstr("nodes[0].peer.listen: expected \"host:port\""))
        << bad;
  }
}

TEST(ConfigTest, DuplicateIdsAddressesAndDirectoriesAreRefused) {
  EXPECT_THAT(error_of(with(two_nodes, "\"id\": 2", "\"id\": 1")), HasSubstr("nodes[1].id: expected an id of its own"));
  EXPECT_THAT(error_of(with(two_nodes, "127.0.0.1:7102", "127.0.0.1:8101")), HasSubstr("127.0.0.1:8101 is used twice"));
  EXPECT_THAT(error_of(with(two_nodes, "d/two", "/abs/../abs/one")), HasSubstr("a directory of its own"));
}

TEST(ConfigTest, NothingListensOffTheLoopbackWithoutBeingAskedByName) {
  const auto public_address = with(two_nodes, "127.0.0.1:8102", "192.0.2.7:8102");
  EXPECT_THAT(error_of(public_address), HasSubstr("nodes[0].client.listen"));
  EXPECT_THAT(error_of(public_address), HasSubstr("allow_plaintext"));
  EXPECT_THAT(error_of(with(two_nodes, "127.0.0.1:8102", "127.example.org:8102")), HasSubstr("allow_plaintext"));
  EXPECT_THAT(error_of(with(public_address, "{", "{\"cluster_key_file\": \"k\",")), HasSubstr("allow_plaintext"));
  EXPECT_EQ(error_of(with(public_address, "{", "{\"allow_plaintext\": true,")), "(accepted)");
  EXPECT_EQ(error_of(with(two_nodes, "127.0.0.1:8102", "127.9.9.9:8102")), "(accepted)");
}

TEST(ConfigTest, NodesOffTheLoopbackNeedAKeyWhateverElseIsAllowed) {
  for (const char* const other : {"192.0.2.7:7102", "127.example.org:7102", "[2001:db8::1]:7102"}) {
    const auto listens = with(two_nodes, "127.0.0.1:7102", other);
    EXPECT_THAT(error_of(listens), HasSubstr("nodes[0].peer.listen")) << other;
    EXPECT_THAT(error_of(listens), HasSubstr("openssl rand -hex 32")) << other;
    EXPECT_THAT(error_of(with(listens, "{", "{\"allow_plaintext\": true,")), HasSubstr("cluster_key_file")) << other;
    EXPECT_EQ(error_of(with(listens, "{", "{\"cluster_key_file\": \"cluster.key\",")), "(accepted)") << other;
  }
  const auto advertised = with(two_nodes, "localhost:7101", "node-1.example:7101");
  EXPECT_THAT(error_of(advertised), HasSubstr("nodes[1].peer.advertise"));
}

TEST(ConfigTest, TheKeyFileIsRelativeToTheConfiguration) {
  const auto relative = with(two_nodes, "{", "{\"cluster_key_file\": \"secret/cluster.key\",");
  const auto config = parse_cluster_config(relative, "/etc/parley/c.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->cluster_key_file, "/etc/parley/secret/cluster.key");
  const auto absolute = parse_cluster_config(with(relative, "secret/", "/run/"), "/etc/parley/c.json");
  ASSERT_TRUE(absolute.ok());
  EXPECT_EQ(absolute->cluster_key_file, "/run/cluster.key");
  EXPECT_EQ(parse_cluster_config(two_nodes, "/etc/parley/c.json")->cluster_key_file, "");
  EXPECT_THAT(error_of(with(relative, "secret/cluster.key", "")), HasSubstr("cluster_key_file: expected a file"));
  EXPECT_THAT(error_of(with(relative, "\"secret/cluster.key\"", "7")), HasSubstr("cluster_key_file: expected a str"));
}

const char* const certificates = R"({"cluster_certificates": { "ca_file": "certs/ca.crt",
    "certificate_file": "certs/node-{id}.crt", "private_key_file": "/run/{id}/node-{id}.key" },)";

TEST(ConfigTest, TheCertificatesAreRelativeToTheConfigurationAndEachNodesOwn) {
  const auto config = parse_cluster_config(with(two_nodes, "{", certificates), "/etc/parley/c.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_TRUE(config->cluster_certificates.given());
  const auto own = config->cluster_certificates.of(NodeId(12));
  EXPECT_EQ(own.ca, "/etc/parley/certs/ca.crt");
  EXPECT_EQ(own.certificate, "/etc/parley/certs/node-12.crt");
  EXPECT_EQ(own.private_key, "/run/12/node-12.key");
  EXPECT_FALSE(parse_cluster_config(two_nodes, "/etc/parley/c.json")->cluster_certificates.given());
}

TEST(ConfigTest, CertificatesAreGivenWholeAndWithoutAKeyBesideThem) {
  const auto given = with(two_nodes, "{", certificates);
  EXPECT_THAT(error_of(with(given, R"("ca_file": "certs/ca.crt",)", "")),
              HasSubstr("cluster_certificates.ca_file: expected this key, with a string"));
  EXPECT_THAT(error_of(with(given, "certs/ca.crt", "")), HasSubstr("cluster_certificates.ca_file: expected a file"));
  EXPECT_THAT(error_of(with(given, "ca_file", "crl_file")), HasSubstr("cluster_certificates.crl_file"));
  for (const char* const pattern : {"{ID}", "{name}", "{", "}", "{id"}) {
    EXPECT_THAT(error_of(with(given, "node-{id}.crt", "node-" + std::string(pattern) + ".crt")),
                HasSubstr("cluster_certificates.certificate_file: expected a file; braces are for {id} only"))
        << pattern;
  }
  EXPECT_THAT(error_of(with(given, "{\"cluster_cert", "{\"cluster_key_file\": \"k\", \"cluster_cert")),
              HasSubstr("cluster_certificates: expected no certificates beside a cluster_key_file"));
  EXPECT_THAT(error_of(with(two_nodes, "{", "{\"cluster_certificates\": \"certs\",")),
              HasSubstr("cluster_certificates: expected an object"));
}

TEST(ConfigTest, WithCertificatesNodesListenOffTheLoopback) {
  const auto listens = with(two_nodes, "127.0.0.1:7102", "192.0.2.7:7102");
  EXPECT_THAT(error_of(listens), HasSubstr("cluster_certificates"));
  EXPECT_EQ(error_of(with(listens, "{", certificates)), "(accepted)");
}

TEST(ConfigTest, AWildcardNeedsAnAddressToAdvertise) {
  const auto wildcard = with(with(two_nodes, "127.0.0.1:7102", "0.0.0.0:7102"), "{", "{\"cluster_key_file\": \"k\",");
  EXPECT_THAT(error_of(wildcard), HasSubstr("nodes[0].peer: expected \"advertise\""));
  const char* const both = R"("0.0.0.0:7102", "advertise": "10.0.0.2:7102")";
  EXPECT_EQ(error_of(with(wildcard, "\"0.0.0.0:7102\"", both)), "(accepted)");
}

TEST(ConfigTest, AMissingFileSaysWhatToDo) {
  const auto loaded = load_cluster_config("/nowhere/cluster_config.json");
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/cluster_config.json"));
  EXPECT_THAT(loaded.error().message, HasSubstr("--config"));
  const auto directory = load_cluster_config("/");
  ASSERT_FALSE(directory.ok());
  EXPECT_THAT(directory.error().message, HasSubstr("is a directory"));
}

}  // namespace
}  // namespace parley::node
