#include "cli/operator_door.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include "cli/server_finder.hpp"
#include "node/config.hpp"
#include "node/machine_token.hpp"

namespace parley::cli {
namespace {

constexpr const char* default_config = "cluster_config.json";
constexpr std::size_t token_bytes_max = 256;

std::string read_token(const std::string& file) {
  std::ifstream in(file);
  std::string token(token_bytes_max, '\0');
  in.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(in.gcount()));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  return token;
}

Result<std::vector<Door>> doors_in(const std::string& file) {
  const auto config = node::load_cluster_config(file);
  if (!config.ok()) return config.error();
  std::vector<Door> doors;
  for (const auto& node : config->nodes) {
    const std::string token = read_token(node.data + "/" + std::string(node::operator_token_file));
    if (!token.empty()) doors.push_back({node.client.advertise, token});
  }
  if (!doors.empty()) return doors;
  return Error{"none of the data directories that " + file +
               " names holds an operator.token that can be read here; run it where a node runs, as the user who runs "
               "it"};
}

}  // namespace

Result<std::vector<Door>> find_doors(const DoorOptions& options) {
  const auto servers = read_addresses(options.servers, "--server");
  if (!servers.ok()) return servers.error();
  std::vector<Door> doors;
  if (!options.token_file.empty()) {
    if (servers->empty()) return Error{"--token-file needs --server: whose token is it?"};
    const std::string token = read_token(options.token_file);
    if (token.empty()) return Error{options.token_file + ": no operator token can be read there"};
    for (const auto& server : *servers) doors.push_back({server, token});
    return doors;
  }
  auto known = doors_in(options.config_file.empty() ? default_config : options.config_file);
  if (!known.ok() || servers->empty()) return known;
  for (const auto& server : *servers) {
    const auto found = std::ranges::find(*known, server, &Door::address);
    if (found == known->end()) {
      return Error{"the operator token of " + server + " is not here: give its file with --token-file"};
    }
    doors.push_back(*found);
  }
  return doors;
}

}  // namespace parley::cli
