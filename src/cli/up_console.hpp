#pragma once

#include <string>
#include <vector>

#include "cli/local_cluster.hpp"

namespace parley::cli {

// The words that the console of `parley up` takes, for `help` and for the dispatch.
struct ConsoleCommand {
  const char* name;
  const char* argument;   // "" or what follows the name
  const char* help;
};
const std::vector<ConsoleCommand>& console_commands();

// Carries out one line; the text is the answer to print ("" for nothing). Unknown words get an answer that names them.
// `quit` is the caller's.
awaitable<std::string> console_answer(LocalCluster& cluster, std::string line);

// Each node's id, address, process, folder and start command, as printed at the start.
std::string describe_nodes(LocalCluster& cluster);

}  // namespace parley::cli
