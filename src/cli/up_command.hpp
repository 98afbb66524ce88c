#pragma once

#include <filesystem>
#include <string>

namespace parley::cli {

struct UpOptions {
  std::size_t nodes = 3;
  std::filesystem::path directory = "parley-data";   // the cluster's: configuration, logs, data of each node
  bool fresh = false;                                // removes what the cluster in it has kept, first
  bool temporary = false;                            // a directory of its own on free ports, removed at the end
};

// `parley up`: a local cluster of child processes and a console on stdin to do the failure tests by hand. Until `quit`,
// the end of the input, or Ctrl-C. Exit code: 0; 1: a node could not be started; 2: the directory can't be used.
int up_command(const UpOptions& options);

}  // namespace parley::cli
