#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace parley::cli {

// A node that an operator can ask: where it is, and the token that it takes.
struct Door {
  std::string address;
  std::string token;
};

struct DoorOptions {
  std::vector<std::string> servers;   // client addresses; empty: those of the configuration file whose token is here
  std::string token_file;             // the operator.token of those servers' node; "": looked for as above
  std::string config_file;            // "": ./cluster_config.json
};

// The nodes whose data directory, and so whose operator.token, can be read here; or the servers given, with the token
// given. The error says what is missing and what would do.
Result<std::vector<Door>> find_doors(const DoorOptions& options);

}  // namespace parley::cli
