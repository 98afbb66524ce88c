#pragma once

#include <string>

namespace parley::raft::test {

// Runs a scenario file to its first failure: "file:line: command" and what is wrong. Empty: all went as it says.
std::string run_scenario(const std::string& path);

}  // namespace parley::raft::test
