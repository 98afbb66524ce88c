#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/state_directory.hpp"

namespace parley::cli {

struct FoundServers {
  std::vector<std::string> addresses;   // "host:port"
  std::string source;                   // for people: where they come from
};

// --server, else PARLEY_SERVERS, else the configuration file (`config_file`, or ./cluster_config.json if it is there),
// else those used last. The error says what was looked at and what to do.
Result<FoundServers> find_servers(const std::vector<std::string>& given, const std::string& config_file,
                                  const StateDirectory& state);

// "a:1,b:2" and several such; the error names the one that isn't "host:port".
Result<std::vector<std::string>> read_addresses(const std::vector<std::string>& lists, const std::string& source);

}  // namespace parley::cli
