#include "node/config.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "net/peer_security.hpp"
#include "node/config_reader.hpp"
#include "raft/configuration.hpp"

namespace parley::node {
namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::string_view id_pattern = "{id}";

// Reads one endpoint: {"listen": "host:port", "advertise": "host:port"}.
Endpoint read_endpoint(ConfigReader& reader, const JsonAt& at) {
  reader.only_keys(at, {"listen", "advertise"});
  Endpoint endpoint;
  endpoint.listen = reader.address(at, "listen", reader.required_string(at, "listen"));
  endpoint.advertise = endpoint.listen;
  if (const auto advertise = reader.optional_string(at, "advertise")) {
    endpoint.advertise = reader.address(at, "advertise", *advertise);
  } else if (is_wildcard(endpoint.listen)) {
    reader.fail(at.path, "\"advertise\", because nobody can dial " + endpoint.listen);
  }
  if (is_wildcard(endpoint.advertise)) reader.fail(at.path + ".advertise", "an address that others can dial");
  return endpoint;
}

// A relative path is relative to the configuration file.
std::string placed(const std::string& text, const std::filesystem::path& directory) {
  const auto path = std::filesystem::path(text);
  return (path.is_absolute() ? path : directory / path).lexically_normal().string();
}

NodeConfig read_node(ConfigReader& reader, const JsonAt& at, const std::filesystem::path& directory) {
  NodeConfig node;
  reader.only_keys(at, {"id", "peer", "client", "data"});
  node.id = NodeId(static_cast<std::uint32_t>(reader.required_number(at, "id", 1, 65535)));
  node.peer = read_endpoint(reader, reader.required_object(at, "peer"));
  node.client = read_endpoint(reader, reader.required_object(at, "client"));
  const std::string data = reader.required_string(at, "data");
  if (data.empty()) reader.fail(at.path + ".data", "a directory");
  node.data = placed(data, directory);
  return node;
}

void read_timings(ConfigReader& reader, const JsonAt& root, ClusterConfig& config) {
  const auto heartbeat = static_cast<std::uint64_t>(config.heartbeat_interval.count());
  const auto timeout = static_cast<std::uint64_t>(config.election_timeout.count());
  config.heartbeat_interval = milliseconds(reader.optional_number(root, "heartbeat_interval_ms", 1, 10'000, heartbeat));
  config.election_timeout = milliseconds(reader.optional_number(root, "election_timeout_ms", 3, 60'000, timeout));
  if (config.election_timeout < 3 * config.heartbeat_interval) {
    reader.fail("election_timeout_ms",
                "at least three times heartbeat_interval_ms (" + std::to_string(config.heartbeat_interval.count()) +
                    " ms), so that one lost heartbeat deposes nobody");
  }
}

void read_limits(ConfigReader& reader, const JsonAt& root, ClusterConfig& config) {
  config.sessions_max = reader.optional_number(root, "sessions_max", 1, 1'000'000, config.sessions_max);
  config.session_outbox_max =
      reader.optional_number(root, "session_outbox_max", 16, 1'000'000, config.session_outbox_max);
  config.archive_lag_max = reader.optional_number(root, "archive_lag_max", 1'000, 10'000'000, config.archive_lag_max);
  const auto checkpoint = static_cast<std::uint64_t>(config.checkpoint_interval.count());
  config.checkpoint_interval =
      milliseconds(reader.optional_number(root, "checkpoint_interval_ms", 100, 3'600'000, checkpoint));
  const auto scrub = static_cast<std::uint64_t>(config.scrub_interval.count());
  config.scrub_interval =
      milliseconds(reader.optional_number(root, "scrub_interval_ms", 1'000, 366ULL * 86'400'000, scrub));
  config.disk_free_min_mb = reader.optional_number(root, "disk_free_min_mb", 0, 16'777'216, config.disk_free_min_mb);
  config.snapshot_rate_mb = reader.optional_number(root, "snapshot_rate_mb", 0, 1'000'000, config.snapshot_rate_mb);
  const auto stale = static_cast<std::uint64_t>(config.stale_read_max.count());
  config.stale_read_max =
      milliseconds(reader.optional_number(root, "stale_read_max_ms", 0, 366ULL * 86'400'000, stale));
  const auto grace = static_cast<std::uint64_t>(config.planned_stop_grace.count());
  config.planned_stop_grace =
      milliseconds(reader.optional_number(root, "planned_stop_grace_ms", 0, 3'600'000, grace));
  config.log_keep_entries = reader.optional_number(root, "log_keep_entries", 100, 100'000'000, config.log_keep_entries);
  config.log_keep_mb = reader.optional_number(root, "log_keep_mb", 1, 1'048'576, config.log_keep_mb);
}

// A path in which the id of a node may stand, and no other pattern.
std::string certificate_path(ConfigReader& reader, const JsonAt& at, std::string_view key,
                             const std::filesystem::path& directory) {
  const std::string path = reader.required_string(at, key);
  const std::string name = at.path + "." + std::string(key);
  if (path.empty()) reader.fail(name, "a file");
  for (auto brace = path.find_first_of("{}"); brace != std::string::npos; brace = path.find_first_of("{}", brace)) {
    if (path.compare(brace, id_pattern.size(), id_pattern) != 0) {
      reader.fail(name, "a file; braces are for {id} only, which stands for the node's id");
      break;
    }
    brace += id_pattern.size();
  }
  return placed(path, directory);
}

// How nodes prove themselves to each other.
void read_proofs(ConfigReader& reader, const JsonAt& root, const std::filesystem::path& directory,
                 ClusterConfig& config) {
  if (const auto key_file = reader.optional_string(root, "cluster_key_file")) {
    if (key_file->empty()) reader.fail("cluster_key_file", "a file");
    config.cluster_key_file = placed(*key_file, directory);
  }
  const auto at = reader.optional_object(root, "cluster_certificates");
  if (!at) return;
  reader.only_keys(*at, {"ca_file", "certificate_file", "private_key_file"});
  config.cluster_certificates.ca = certificate_path(reader, *at, "ca_file", directory);
  config.cluster_certificates.certificate = certificate_path(reader, *at, "certificate_file", directory);
  config.cluster_certificates.private_key = certificate_path(reader, *at, "private_key_file", directory);
  if (config.cluster_key_file.empty()) return;
  reader.fail("cluster_certificates", "no certificates beside a cluster_key_file: nodes prove themselves in one way. "
                                      "Leave one of the two out, the same one in the files of all nodes");
}

// Off the loopback nodes have to prove themselves, and clients' links need a word that plain text is meant (P10).
void check_exposure(ConfigReader& reader, const ClusterConfig& config, const NodeConfig& node, const std::string& at) {
  const auto addresses = {std::pair("listen", &node.peer.listen), std::pair("advertise", &node.peer.advertise)};
  const bool proved = !config.cluster_key_file.empty() || config.cluster_certificates.given();
  for (const auto& [key, address] : addresses) {
    if (proved || is_loopback(*address)) continue;
    reader.fail(at + ".peer." + key,
                "a loopback address, because there is no key: " + net::plain_text_refusal(*address));
  }
  if (!config.allow_plaintext && !is_loopback(node.client.listen)) {
    reader.fail(at + ".client.listen",
                "a loopback address: clients' links are not encrypted yet, so anybody on the way to " +
                    node.client.listen + " could read and change everything. On a network that you trust add "
                    "\"allow_plaintext\": true at the top of the file");
  }
}

// What no single key can show: two nodes that claim one id, one address or one directory.
void check_across_nodes(ConfigReader& reader, const ClusterConfig& config) {
  std::set<NodeId> ids;
  std::set<std::string> listens;
  std::set<std::string> advertised;
  std::set<std::string> directories;
  for (std::size_t i = 0; i < config.nodes.size(); ++i) {
    const NodeConfig& node = config.nodes[i];
    const std::string at = "nodes[" + std::to_string(i) + "]";
    if (!ids.insert(node.id).second) {
      reader.fail(at + ".id", "an id of its own; another node has " + std::to_string(node.id.value) + " already");
    }
    if (!directories.insert(node.data).second) {
      reader.fail(at + ".data", "a directory of its own; another node has " + node.data + " already");
    }
    for (const auto& [key, endpoint] : {std::pair("peer", &node.peer), std::pair("client", &node.client)}) {
      // Nodes on several machines may all listen at one wildcard address; what is dialled must be unique.
      if (!is_wildcard(endpoint->listen) && !listens.insert(endpoint->listen).second) {
        reader.fail(at + "." + key + ".listen", "an address of its own; " + endpoint->listen + " is used twice");
      }
      if (!advertised.insert(endpoint->advertise).second) {
        reader.fail(at + "." + key + ".advertise",
                    "an address of its own; " + endpoint->advertise + " is used twice");
      }
    }
    check_exposure(reader, config, node, at);
  }
}

std::string with_id(std::string path, NodeId node) {
  for (auto at = path.find(id_pattern); at != std::string::npos; at = path.find(id_pattern)) {
    path.replace(at, id_pattern.size(), std::to_string(node.value));
  }
  return path;
}

}  // namespace

CertificateFiles CertificateFiles::of(NodeId node) const {
  return {with_id(ca, node), with_id(certificate, node), with_id(private_key, node)};
}

const NodeConfig* ClusterConfig::find(NodeId id) const {
  for (const auto& node : nodes) {
    if (node.id == id) return &node;
  }
  return nullptr;
}

Result<ClusterConfig> parse_cluster_config(std::string_view text, const std::filesystem::path& file) {
  ConfigReader reader(file.string());
  ClusterConfig config;
  const auto parsed = reader.parse(text);
  if (!parsed.ok()) return parsed.error();
  const JsonAt root{&parsed.value(), ""};
  reader.only_keys(root, {"nodes", "heartbeat_interval_ms", "election_timeout_ms", "sessions_max",
                          "session_outbox_max", "archive_lag_max", "log_keep_entries", "log_keep_mb",
                          "checkpoint_interval_ms", "scrub_interval_ms", "disk_free_min_mb", "snapshot_rate_mb",
                          "stale_read_max_ms", "planned_stop_grace_ms", "cluster_key_file", "cluster_certificates",
                          "allow_plaintext"});
  config.allow_plaintext = reader.optional_boolean(root, "allow_plaintext", false);
  read_proofs(reader, root, file.parent_path(), config);
  read_timings(reader, root, config);
  read_limits(reader, root, config);
  for (const auto& node : reader.required_objects(root, "nodes", 1, raft::members_max)) {
    config.nodes.push_back(read_node(reader, node, file.parent_path()));
  }
  check_across_nodes(reader, config);
  if (reader.failed()) return reader.error();
  std::ranges::sort(config.nodes, {}, &NodeConfig::id);
  return config;
}

Result<ClusterConfig> load_cluster_config(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return Error{file.string() + " is a directory; give the configuration file itself"};
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Error{"cannot open the configuration " + file.string() +
                 ": give its place with --config FILE; `parley up` writes one for three local nodes"};
  }
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > file_bytes_max) return Error{file.string() + ": more than 1 MiB; that is no cluster configuration"};
  return parse_cluster_config(text, file);
}

std::string default_cluster_config(std::size_t nodes, std::uint16_t first_peer_port, std::uint16_t first_client_port,
                                   std::string_view data_directory) {
  const ClusterConfig defaults;
  std::ostringstream out;
  out << "{\n  \"nodes\": [\n";
  for (std::size_t i = 0; i < nodes; ++i) {
    out << "    { \"id\": " << i + 1                                                                     //
        << ", \"peer\": { \"listen\": \"127.0.0.1:" << first_peer_port + i << "\" }"                      //
        << ", \"client\": { \"listen\": \"127.0.0.1:" << first_client_port + i << "\" }"                  //
        << ", \"data\": " << quoted_json(std::string(data_directory) + "/node" + std::to_string(i + 1))   //
        << " }" << (i + 1 < nodes ? ",\n" : "\n");
  }
  out << "  ],\n  \"heartbeat_interval_ms\": " << defaults.heartbeat_interval.count()
      << ",\n  \"election_timeout_ms\": " << defaults.election_timeout.count() << "\n}\n";
  return out.str();
}

}  // namespace parley::node
