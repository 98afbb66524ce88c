#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace parley::node {

// Where to listen and what others should dial; `advertise` equals `listen` unless given.
struct Endpoint {
  std::string listen;      // "host:port", "[::1]:port"
  std::string advertise;
};

struct NodeConfig {
  NodeId id;
  Endpoint peer;
  Endpoint client;
  std::string data;        // data directory; relative ones are relative to the configuration file
};

// Where the certificates of the nodes lie. "{id}" in a path stands for the node's id, so that one configuration serves
// all nodes; on several machines the paths may as well be the same. Empty: there are none.
struct CertificateFiles {
  std::string ca;
  std::string certificate;
  std::string private_key;

  bool given() const { return !ca.empty(); }
  CertificateFiles of(NodeId node) const;   // with its id in place
};

// cluster_config.json (docs/OPERATIONS.md). Membership counts at the cluster's birth only (R6).
struct ClusterConfig {
  std::vector<NodeConfig> nodes;                 // by id
  milliseconds heartbeat_interval{50};
  milliseconds election_timeout{300};
  std::size_t sessions_max = 1024;               // client connections per node
  std::size_t session_outbox_max = 1024;         // messages waiting for one slow reader
  std::size_t archive_lag_max = 100'000;         // entries applied but not yet in the archive: then `later`
  std::size_t archive_lag_bytes_max = 64 * 1024 * 1024;   // likewise, of the log; not in the file
  std::uint64_t log_keep_entries = 20'000;       // of the log, below the archive's checkpoint, for who was away
  std::uint64_t log_keep_mb = 128;               // and MiB of them at most, in memory and on disk
  milliseconds checkpoint_interval{30'000};      // of the archive, while anything is written
  milliseconds scrub_interval{86'400'000};       // everything on the disk is read again so often
  std::uint64_t disk_free_min_mb = 256;          // MiB; with less a node is no leader if another can be; 0: never
  std::uint64_t snapshot_rate_mb = 32;           // MiB a second that a node sends of its archive to others; 0: no bound
  milliseconds stale_read_max{86'400'000};       // reads without a leader are older than that: then `later`
  milliseconds planned_stop_grace{60'000};       // for a node that stops on purpose its seat as a voter is kept
  std::uint64_t log_segment_bytes = 16 * 1024 * 1024;   // not in the file: small ones make the simulator rotate
  std::string cluster_key_file;                  // relative ones are relative to the configuration file; empty: none
  CertificateFiles cluster_certificates;         // likewise; one of the two at most
  bool allow_plaintext = false;                  // off the loopback no client is listened to without it (P10)

  const NodeConfig* find(NodeId id) const;
  std::uint64_t disk_free_min_bytes() const { return disk_free_min_mb * mebibyte; }
  std::uint64_t log_keep_bytes() const { return log_keep_mb * mebibyte; }
  std::uint64_t snapshot_rate_bytes() const { return snapshot_rate_mb * mebibyte; }   // a second

  static constexpr std::uint64_t mebibyte = 1024 * 1024;
};

// The error names the line and column, or the key, and what was expected.
Result<ClusterConfig> parse_cluster_config(std::string_view text, const std::filesystem::path& file);
Result<ClusterConfig> load_cluster_config(const std::filesystem::path& file);

// What `parley up` and a first `./run` write: `nodes` nodes on loopback, ports counted from the two given.
std::string default_cluster_config(std::size_t nodes, std::uint16_t first_peer_port, std::uint16_t first_client_port,
                                   std::string_view data_directory);

}  // namespace parley::node
