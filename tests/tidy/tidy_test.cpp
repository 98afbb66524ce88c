// Our own rules, enforced: a rule nobody runs is a wish.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "tidy/source_tree.hpp"

namespace parley::tidy {
namespace {

const std::vector<SourceFile>& product() {
  static const auto files = read_sources(PARLEY_SOURCE_DIR, {"src"});
  return files;
}

const std::vector<SourceFile>& everything() {
  static const auto files = read_sources(PARLEY_SOURCE_DIR, {"src", "tests", "benchmarks"});
  return files;
}

std::string place(const SourceFile& file, std::size_t line) { return file.path + ":" + std::to_string(line); }

std::string folder_of(const std::string& path) {   // "src/raft/log.cpp" -> "raft"
  const auto begin = path.find('/') + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

TEST(Tidy, TheTreeIsThere) { ASSERT_GT(product().size(), 20U); }

TEST(Tidy, EachFolderIncludesOnlyWhatStandsBelowIt) {
  // docs/ARCHITECTURE.md: base -> raft -> wire -> net -> node -> cli, base -> chat -> wire -> store -> node
  const std::map<std::string, std::set<std::string>> may_include = {
      {"base", {"base"}},
      {"raft", {"base", "raft"}},
      {"chat", {"base", "chat"}},
      {"wire", {"base", "raft", "chat", "wire"}},
      {"net", {"base", "raft", "chat", "wire", "net"}},
      {"store", {"base", "raft", "chat", "wire", "store"}},
      {"node", {"base", "raft", "chat", "wire", "net", "store", "node"}},
      {"cli", {"base", "raft", "chat", "wire", "net", "store", "node", "cli"}}};
  static const std::regex include(R"re(^\s*#include "(\w+)/)re");
  for (const auto& file : product()) {
    const auto allowed = may_include.find(folder_of(file.path));
    ASSERT_NE(allowed, may_include.end()) << file.path << " is in a folder without a layer";
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.lines[i], match, include)) continue;
      EXPECT_TRUE(allowed->second.contains(match[1])) << place(file, i + 1) << " includes " << match[1];
    }
  }
}

TEST(Tidy, PureCodeKnowsNoSocketFileClockThreadOrRandomDevice) {
  static const std::regex forbidden(
      "#include <(boost/asio|boost/beast|sqlite3|SQLiteCpp|thread|mutex|fstream|random|unistd|sys/)"
      R"(|std::chrono::\w+_clock|\bgetenv\b)");
  for (const auto& file : product()) {
    if (!std::set<std::string>{"base", "raft", "chat", "wire"}.contains(folder_of(file.path))) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.code[i], forbidden)) << place(file, i + 1) << ": " << file.lines[i];
    }
  }
}

TEST(Tidy, BeastStaysInTheSourcesOfNet) {
  for (const auto& file : everything()) {
    if (file.path.starts_with("src/net/") && file.path.ends_with(".cpp")) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      EXPECT_EQ(file.code[i].find("#include <boost/beast"), std::string::npos) << place(file, i + 1);
    }
  }
}

TEST(Tidy, OpenSslStaysBehindTheTlsSession) {
  const std::set<std::string> with_it = {
      "src/net/tls_context.hpp", "src/net/tls_context.cpp", "src/net/tls_session.cpp", "src/net/tls_key.cpp",
      "src/net/tls_certificates.hpp", "src/net/tls_certificates.cpp", "src/net/peer_certificates.cpp",
      "tests/net/certificate_maker.cpp",   // and these play strangers with it
      "tests/net/tls_stranger.hpp", "tests/net/tls_session_test.cpp", "tests/net/certified_strangers_test.cpp"};
  for (const auto& file : everything()) {
    if (with_it.contains(file.path)) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      EXPECT_EQ(file.code[i].find("#include <openssl/"), std::string::npos) << place(file, i + 1);
      EXPECT_EQ(file.code[i].find("#include <boost/asio/ssl"), std::string::npos) << place(file, i + 1);
    }
  }
}

TEST(Tidy, HeadersBeginWithPragmaOnce) {
  for (const auto& file : everything()) {
    if (!file.path.ends_with(".hpp")) continue;
    EXPECT_EQ(file.lines.at(0), "#pragma once") << file.path;
  }
}

TEST(Tidy, LinesHaveAtMost120Columns) {
  for (const auto& file : everything()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      EXPECT_LE(columns, 120) << place(file, i + 1);
      EXPECT_EQ(line.find('\t'), std::string::npos) << place(file, i + 1) << " has a tab";
    }
  }
}

TEST(Tidy, FilesHaveOneDutyAndAtMost400Lines) {
  const std::map<std::string, std::size_t> exceptions = {};   // with the reason beside each
  for (const auto& file : product()) {
    const auto exception = exceptions.find(file.path);
    const std::size_t limit = exception == exceptions.end() ? 400 : exception->second;
    EXPECT_LE(file.lines.size(), limit) << file.path;
  }
}

TEST(Tidy, FunctionsFitAScreen) {
  for (const auto& file : product()) {
    for (const auto& function : functions(file.code)) {
      EXPECT_LE(function.length, 70U) << place(file, function.first_line);
    }
  }
}

// GCC 12 destroys twice what is written as a braced temporary, lambda or ?: inside a co_await expression.
TEST(Tidy, InsideCoAwaitThereAreOnlyNamesCallsAndMoves) {
  for (const auto& file : everything()) {
    std::string text;
    std::vector<std::size_t> line_of;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      text += file.code[i] + "\n";
      line_of.resize(text.size(), i + 1);
    }
    for (auto at = text.find("co_await "); at != std::string::npos; at = text.find("co_await ", at + 1)) {
      int depth = 0;
      for (auto i = at; i < text.size() && text[i] != ';'; ++i) {
        if (text[i] == '(') ++depth;
        if (text[i] == ')' && --depth < 0) break;   // the end of an if (…) or while (…) around it
        const bool lambda = text[i] == '[' && i > 0 && (text[i - 1] == '(' || text[i - 1] == ' ');
        EXPECT_FALSE(text[i] == '{' || text[i] == '?' || lambda)
            << place(file, line_of[at]) << ": name it before the co_await";
        if (text[i] == '{') break;
      }
    }
  }
}

// Where a sleep, a skip or a disabled test is meant, and why.
bool is_meant(const SourceFile& file, const std::string& line) {
  if (file.path == "src/store/vfs.cpp") return line.find("hooks.sleep") != std::string::npos;   // SQLite's xSleep
  if (file.path == "tests/net/peer_connection_test.cpp") return line.find("no IPv6 here") != std::string::npos;
  if (file.path == "tests/scenarios/disk_test.cpp") return line.find("GTEST_SKIP() << *missing") != std::string::npos;
  return file.path.starts_with("tests/store/") && line.find("DISABLED_Write") != std::string::npos;   // golden
}

TEST(Tidy, NothingSleepsAndHopesOrIsLeftUndone) {
  static const std::regex forbidden(R"(\b(sleep_for|sleep_until|usleep|GTEST_SKIP|DISABLED_\w+|std::rand|srand)\b)");
  static const std::regex unfinished(R"(\b(TODO|FIXME|XXX|HACK)\b)");
  for (const auto& file : everything()) {
    if (file.path.starts_with("tests/tidy/")) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      const bool hopes = std::regex_search(file.code[i], forbidden) && !is_meant(file, file.lines[i]);
      EXPECT_FALSE(hopes) << place(file, i + 1) << ": " << file.lines[i];
      EXPECT_FALSE(std::regex_search(file.lines[i], unfinished)) << place(file, i + 1) << ": " << file.lines[i];
    }
  }
}

TEST(Tidy, NoLoopIsDetached) {   // detached swallows exceptions: a dead loop must be a dead node
  for (const auto& file : product()) {
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      EXPECT_EQ(file.code[i].find("detached"), std::string::npos) << place(file, i + 1);
    }
  }
}

TEST(TidyItself, FindsFunctionsAndBlanksLiterals) {
  const auto code = code_only({"namespace a {", "int f() {  // {", "  return '{' + \"}\"[0];", "}", "}"});
  EXPECT_EQ(code[2], "  return ' ' + \" \"[0];");
  const auto found = functions(code);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].first_line, 2U);
  EXPECT_EQ(found[0].length, 3U);
}

}  // namespace
}  // namespace parley::tidy
