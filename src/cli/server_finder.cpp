#include "cli/server_finder.hpp"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "node/config.hpp"

namespace parley::cli {
namespace {

constexpr const char* default_config = "cluster_config.json";

bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos && !(host.starts_with('[') && host.ends_with(']'))) return false;
  const auto port = text.substr(colon + 1);
  unsigned number = 0;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
  return read.ec == std::errc() && read.ptr == port.data() + port.size() && number >= 1 && number <= 65535;
}

std::vector<std::string> client_addresses(const node::ClusterConfig& config) {
  std::vector<std::string> addresses;
  for (const auto& node : config.nodes) {
    addresses.push_back(node.client.advertise.empty() ? node.client.listen : node.client.advertise);
  }
  return addresses;
}

}  // namespace

Result<std::vector<std::string>> read_addresses(const std::vector<std::string>& lists, const std::string& source) {
  std::vector<std::string> addresses;
  for (const auto& list : lists) {
    std::string_view rest(list);
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      const auto one = rest.substr(0, comma);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      if (one.empty()) continue;
      if (!is_address(one))
        return Error{source + ": \"" + std::string(one) + "\" is not an address; expected host:port, or [IPv6]:port"};
      addresses.emplace_back(one);
    }
  }
  return addresses;
}

Result<FoundServers> find_servers(const std::vector<std::string>& given, const std::string& config_file,
                                  const StateDirectory& state) {
  const auto from_lists = [](const std::vector<std::string>& lists, const std::string& source) -> Result<FoundServers> {
    auto addresses = read_addresses(lists, source);
    if (!addresses) return addresses.error();
    if (addresses->empty()) return Error{source + ": names no server; expected host:port, or several with commas"};
    return FoundServers{std::move(*addresses), source};
  };
  if (!given.empty()) return from_lists(given, "--server");
  const char* variable = std::getenv("PARLEY_SERVERS");
  if (config_file.empty() && variable && *variable) return from_lists({variable}, "PARLEY_SERVERS");

  const std::string file = config_file.empty() ? default_config : config_file;
  std::error_code ignored;
  if (!config_file.empty() || std::filesystem::exists(file, ignored)) {
    const auto config = node::load_cluster_config(file);
    if (!config) return config.error();
    return FoundServers{client_addresses(*config), file};
  }
  auto last = state.last_servers();
  if (!last.empty()) return FoundServers{std::move(last), "the servers used last"};
  return Error{std::string("no servers known: no --server, no PARLEY_SERVERS, no ./") + default_config +
               ", none used before. Start a cluster with ./run or parley up, or give --server host:port"};
}

}  // namespace parley::cli
