#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace parley::cli {

struct ChatOptions {
  // --server a,b,c; empty: PARLEY_SERVERS, then the configuration, then the last used.
  std::vector<std::string> servers;
  std::string config_file;            // --config; empty: ./cluster_config.json if it is there
  std::string account;                // --account: whose login to resume; empty: at a terminal the last one used
  bool json = false;                  // --json: one JSON object a line
  bool stay = false;                  // --stay: don't follow the leader
  bool no_resume = false;             // --no-resume: begin logged out
  bool no_store = false;              // --no-store: keep nothing on disk (what is pending ends with the program)
  std::string state_directory;        // --state-dir; empty: $XDG_STATE_HOME/parley or ~/.local/state/parley
  milliseconds drain_timeout{30'000}; // --drain-timeout: with piped input, how long to wait for what is pending
};

// Runs until the user quits or the input ends. Exit code: 0; 1: a command failed (piped input) or nothing could be
// reached at the end; 2: usage or configuration (no servers known, a file that can't be read).
int chat_command(const ChatOptions& options);

}  // namespace parley::cli
