#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace parley::cli {

struct StatusOptions {
  std::vector<std::string> servers;   // as in ChatOptions
  std::string config_file;
  std::string state_directory;
  bool json = false;
  milliseconds timeout{2000};         // per node
};

// Asks every node that is known for its status and prints a table. Exit code: 0; 1: no leader, or nobody answered;
// 2: usage or configuration.
int status_command(const StatusOptions& options);

}  // namespace parley::cli
