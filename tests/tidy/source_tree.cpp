#include "tidy/source_tree.hpp"

#include <algorithm>
#include <fstream>
#include <regex>

namespace parley::tidy {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

bool is_source(const fs::path& path) { return path.extension() == ".hpp" || path.extension() == ".cpp"; }

// A digit separator (1'000) is no character literal.
bool opens_character(const std::string& line, std::size_t at) {
  return at == 0 || !(std::isalnum(static_cast<unsigned char>(line[at - 1])) || line[at - 1] == '_');
}

// Where a raw string literal begins at `at` (R"delimiter( …): its closing text; else empty.
std::string raw_literal_end(const std::string& line, std::size_t at) {
  if (line.compare(at, 2, "R\"") != 0) return {};
  const auto open = line.find('(', at);
  return open == std::string::npos ? std::string() : ")" + line.substr(at + 2, open - at - 2) + "\"";
}

}  // namespace

std::vector<std::string> code_only(const std::vector<std::string>& lines) {
  std::vector<std::string> code;
  bool in_comment = false;
  std::string raw_end;   // not empty: inside a raw literal
  for (const auto& line : lines) {
    std::string out(line.size(), ' ');
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!raw_end.empty()) {
        if (line.compare(i, raw_end.size(), raw_end) == 0) {
          i += raw_end.size() - 1;
          raw_end.clear();
        }
      } else if (in_comment) {
        if (line.compare(i, 2, "*/") == 0) in_comment = false, ++i;
      } else if (quote != 0) {
        if (line[i] == '\\') ++i;
        else if (line[i] == quote) out[i] = quote, quote = 0;
      } else if (line.compare(i, 2, "//") == 0) {
        break;
      } else if (line.compare(i, 2, "/*") == 0) {
        in_comment = true, ++i;
      } else if (raw_end = raw_literal_end(line, i); !raw_end.empty()) {
        i += raw_end.size() - 1;
      } else {
        out[i] = line[i];
        if (line[i] == '"' || (line[i] == '\'' && opens_character(line, i))) quote = line[i];
      }
    }
    code.push_back(std::move(out));
  }
  return code;
}

std::vector<SourceFile> read_sources(const fs::path& project, const std::vector<std::string>& folders) {
  std::vector<SourceFile> files;
  for (const auto& folder : folders) {
    if (!fs::exists(project / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(project / folder)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      auto lines = read_lines(entry.path());
      auto code = code_only(lines);
      files.push_back({fs::relative(entry.path(), project).generic_string(), std::move(lines), std::move(code)});
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::vector<Function> functions(const std::vector<std::string>& code) {
  static const std::regex container(R"(\b(namespace|class|struct|union|enum|extern)\b)");
  std::vector<Function> found;
  std::vector<bool> containers;   // the open braces: is it a namespace or type, whose insides count?
  std::string before;             // code since the last ; { or }
  std::size_t outside = 0;        // open braces that are no container
  std::size_t begin = 0;
  for (std::size_t line = 0; line < code.size(); ++line) {
    for (const char c : code[line]) {
      if (c == '{') {
        const bool is_container = outside == 0 && std::regex_search(before, container) &&
                                  before.find('(') == std::string::npos;
        if (!is_container && outside++ == 0) begin = line;
        containers.push_back(is_container);
        before.clear();
      } else if (c == '}') {
        if (!containers.empty()) {
          if (!containers.back() && --outside == 0) found.push_back({begin + 1, line - begin + 1});
          containers.pop_back();
        }
        before.clear();
      } else if (c == ';') {
        before.clear();
      } else {
        before += c;
      }
    }
    before += ' ';
  }
  return found;
}

}  // namespace parley::tidy
