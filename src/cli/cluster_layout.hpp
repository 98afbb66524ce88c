#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "node/config.hpp"

namespace parley::cli {

// Where the nodes of a local cluster listen. `proxy` is what the others dial (PeerProxy), `peer` the node itself.
struct LocalNode {
  NodeId id;
  std::string peer;
  std::string proxy;
  std::string client;
  std::filesystem::path data;
};

struct LocalLayout {
  std::filesystem::path directory;     // absolute
  std::filesystem::path config_file;   // directory / cluster_config.json
  std::vector<LocalNode> nodes;
  std::string cluster_key_file;        // of the configuration; empty: none
  node::CertificateFiles cluster_certificates;   // likewise
};

inline constexpr std::size_t local_nodes_max = 9;

// What to add to the configuration file beside the nodes (timings, limits), as JSON members; tests use it.
struct LayoutOptions {
  std::size_t nodes = 3;
  bool prefer_default_ports = true;    // 7101 …, 7151 … and 7201 …, if all are free; else random free ones
  std::string extra_json;              // e.g. "\"election_timeout_ms\": 200"
};

// The layout of the cluster that lives in `directory`; writes the configuration file if there is none, or if a port in
// it is taken by now. The error names what is in the way.
Result<LocalLayout> prepare_layout(const std::filesystem::path& directory, const LayoutOptions& options);

// A loopback TCP port that nobody listened on a moment ago, below the range that outgoing connections draw from.
std::uint16_t free_port();

}  // namespace parley::cli
