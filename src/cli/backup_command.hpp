#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace parley::cli {

struct BackupOptions {
  std::string file;
  std::vector<std::string> servers;   // these three: operator_door.hpp
  std::string token_file;
  std::string config_file;
  bool force = false;                 // replace the file
  bool json = false;
  milliseconds timeout{600'000};      // for the node to make its copy
};

// An online, consistent backup from whichever node answers. Exit code: 0 done; 1 it failed, and there is no file; 2
// usage or configuration.
int backup_command(const BackupOptions& options);

struct RestoreOptions {
  std::string file;
  std::string config_file = "cluster_config.json";
  std::uint32_t id = 0;
  std::string data;                   // "": as the configuration says
  bool json = false;
};

// A new cluster from a backup: makes the data directory of its first node. Exit code: 0 done; 1 it failed, and nothing
// was made; 2 usage or configuration.
int restore_command(const RestoreOptions& options);

}  // namespace parley::cli
