#pragma once

#include <cstdio>
#include <string>

namespace parley::cli {

// How a command that asked for one thing ends: 1, it could not be done; 2, it was asked for wrongly.
inline constexpr int exit_failed = 1;
inline constexpr int exit_wrong = 2;

// "parley COMMAND: MESSAGE" to stderr; returns `code`.
inline int complain(const char* command, const std::string& message, int code) {
  std::fprintf(stderr, "parley %s: %s\n", command, message.c_str());
  return code;
}

}  // namespace parley::cli
