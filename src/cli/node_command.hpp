#pragma once

#include <cstdint>
#include <string>

namespace parley::cli {

struct NodeOptions {
  std::string config_file = "cluster_config.json";   // --config
  std::uint32_t id = 0;                              // --id
  std::string log_level = "info";                    // --log-level
  std::string log_format = "text";                   // --log-format
};

// Runs one node in the foreground until SIGTERM or SIGINT. Exit code: 0: stopped as asked; 1: failed at run time (data
// directory, port, disk); 2: usage or configuration.
int node_command(const NodeOptions& options);

}  // namespace parley::cli
