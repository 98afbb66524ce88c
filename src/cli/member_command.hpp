#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace parley::cli {

struct MemberOptions {
  enum class Action : std::uint8_t { list, add, remove, promote, transfer };
  Action action = Action::list;
  std::uint32_t node = 0;
  std::string peer;                   // add
  std::string client;                 // add
  bool force = false;                 // remove
  std::string config_file;            // "": ./cluster_config.json
  bool json = false;
  milliseconds timeout{15'000};       // all in all
};

// Asks a node whose data directory (and so its operator.token) can be read here; any will do, the leader carries it
// out. Exit code: 0 done; 1 refused, or not known; 2 usage or configuration.
int member_command(const MemberOptions& options);

}  // namespace parley::cli
