#include "cli/cluster_layout.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <random>
#include <set>

#include "node/config_reader.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t default_peer_port = 7101;
constexpr std::uint16_t default_proxy_port = 7151;
constexpr std::uint16_t default_client_port = 7201;

bool can_bind(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::listen(fd, 1) == 0;
  ::close(fd);
  return bound;
}

std::string loopback(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::optional<std::uint16_t> port_of(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const long port = std::strtol(address.c_str() + colon + 1, nullptr, 10);
  if (port <= 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

LocalLayout empty_layout(const fs::path& directory) {
  LocalLayout layout;
  layout.directory = fs::absolute(directory);
  layout.config_file = layout.directory / "cluster_config.json";
  return layout;
}

fs::path data_of(const LocalLayout& layout, std::size_t id) {
  return layout.directory / ("node-" + std::to_string(id));
}

LocalLayout with_default_ports(LocalLayout layout, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto offset = static_cast<std::uint16_t>(i);
    layout.nodes.push_back({NodeId(static_cast<std::uint32_t>(i + 1)), loopback(default_peer_port + offset),
                            loopback(default_proxy_port + offset), loopback(default_client_port + offset),
                            data_of(layout, i + 1)});
  }
  return layout;
}

LocalLayout with_free_ports(LocalLayout layout, std::size_t count) {
  std::set<std::uint16_t> taken;
  const auto draw = [&taken] {
    for (;;) {
      const std::uint16_t port = free_port();
      if (taken.insert(port).second) return loopback(port);
    }
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = NodeId(static_cast<std::uint32_t>(i + 1));
    std::string peer = draw();
    std::string proxy = draw();
    std::string client = draw();
    layout.nodes.push_back({id, std::move(peer), std::move(proxy), std::move(client), data_of(layout, i + 1)});
  }
  return layout;
}

bool all_free(const LocalLayout& layout) {
  for (const auto& node : layout.nodes) {
    for (const auto* address : {&node.peer, &node.proxy, &node.client}) {
      const auto port = port_of(*address);
      if (!port || !can_bind(*port)) return false;
    }
  }
  return true;
}

std::string to_json(const LocalLayout& layout, const std::string& extra) {
  std::string text = "{\n  \"nodes\": [\n";
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    const auto& node = layout.nodes[i];
    text += "    { \"id\": " + std::to_string(node.id.value) + ", \"peer\": { \"listen\": \"" + node.peer +
            "\", \"advertise\": \"" + node.proxy + "\" },\n      \"client\": { \"listen\": \"" + node.client +
            "\" }, \"data\": \"" + node.data.filename().string() + "\" }";
    text += i + 1 < layout.nodes.size() ? ",\n" : "\n";
  }
  text += "  ]";
  if (!layout.cluster_key_file.empty()) {
    text += ",\n  \"cluster_key_file\": " + node::quoted_json(layout.cluster_key_file);
  }
  const auto& certificates = layout.cluster_certificates;
  if (certificates.given()) {
    text += ",\n  \"cluster_certificates\": { \"ca_file\": " + node::quoted_json(certificates.ca) +
            ", \"certificate_file\": " + node::quoted_json(certificates.certificate) +
            ", \"private_key_file\": " + node::quoted_json(certificates.private_key) + " }";
  }
  if (!extra.empty()) text += ",\n  " + extra;
  return text + "\n}\n";
}

Result<LocalLayout> read_layout(LocalLayout layout) {
  const auto config = node::load_cluster_config(layout.config_file);
  if (!config.ok()) return config.error();
  layout.cluster_key_file = config->cluster_key_file;
  layout.cluster_certificates = config->cluster_certificates;
  for (const auto& node : config->nodes) {
    layout.nodes.push_back({node.id, node.peer.listen, node.peer.advertise, node.client.listen, node.data});
  }
  return layout;
}

}  // namespace

std::uint16_t free_port() {
  static std::mt19937 random{std::random_device{}()};
  for (;;) {
    const auto port = static_cast<std::uint16_t>(std::uniform_int_distribution<int>(20'000, 32'000)(random));
    if (can_bind(port)) return port;
  }
}

Result<LocalLayout> prepare_layout(const fs::path& directory, const LayoutOptions& options) {
  if (options.nodes == 0 || options.nodes > local_nodes_max) {
    return Error{"a local cluster has 1 to " + std::to_string(local_nodes_max) + " nodes, not " +
                 std::to_string(options.nodes)};
  }
  LocalLayout layout = empty_layout(directory);
  std::error_code failure;
  fs::create_directories(layout.directory, failure);
  if (failure) return Error{"cannot make the directory " + layout.directory.string() + ": " + failure.message()};

  std::size_t count = options.nodes;
  if (fs::exists(layout.config_file)) {
    auto existing = read_layout(layout);
    if (!existing.ok() || all_free(*existing)) return existing;
    count = existing->nodes.size();   // the cluster keeps its nodes and what they prove themselves with; ports move
    layout.cluster_key_file = existing->cluster_key_file;
    layout.cluster_certificates = existing->cluster_certificates;
  }
  LocalLayout chosen = with_default_ports(layout, count);
  if (!options.prefer_default_ports || !all_free(chosen)) chosen = with_free_ports(layout, count);
  std::ofstream file(chosen.config_file, std::ios::trunc);
  file << to_json(chosen, options.extra_json);
  file.close();
  if (!file) return Error{"cannot write " + chosen.config_file.string() + ": is the disk full or read-only?"};
  return chosen;
}

}  // namespace parley::cli
