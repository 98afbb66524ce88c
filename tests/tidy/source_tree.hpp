#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace parley::tidy {

struct SourceFile {
  std::string path;                  // relative to the project, "src/raft/log.cpp"
  std::vector<std::string> lines;    // as written
  std::vector<std::string> code;     // the same lines with comments and the insides of literals blanked out
};

// Every .hpp and .cpp below the folders, sorted by path.
std::vector<SourceFile> read_sources(const std::filesystem::path& project, const std::vector<std::string>& folders);

// Blanks comments and the insides of string and character literals, keeping lines and columns.
std::vector<std::string> code_only(const std::vector<std::string>& lines);

struct Function {
  std::size_t first_line = 0;   // of its opening brace, from 1
  std::size_t length = 0;       // lines from there to its closing brace
};

// The bodies that begin at namespace or class level, found by counting braces.
std::vector<Function> functions(const std::vector<std::string>& code);

}  // namespace parley::tidy
