#include "cli/state_directory.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include "cli/file_outbox.hpp"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t servers_max = 64;
constexpr std::size_t line_max = 512;

// Names that came over the network become names of files: only what can't leave the directory.
bool is_plain(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path choose(std::string given) {
  if (!given.empty()) return fs::path(std::move(given));
  if (const auto state = environment("XDG_STATE_HOME"); state.starts_with('/')) return fs::path(state) / "parley";
  if (const auto home = environment("HOME"); home.starts_with('/')) return fs::path(home) / ".local/state/parley";
  return {};
}

std::vector<std::string> read_lines(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; lines.size() < servers_max && std::getline(in, line);) {
    if (!line.empty() && line.size() <= line_max) lines.push_back(line);
  }
  return lines;
}

void write_lines(const fs::path& file, const std::vector<std::string>& lines) {
  const fs::path fresh = file.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    for (const auto& line : lines) out << line << '\n';
    if (!out.flush()) return;
  }
  std::error_code ignored;
  fs::rename(fresh, file, ignored);
}

}  // namespace

StateDirectory::StateDirectory(std::string given) : path_(choose(std::move(given))) {}

Result<fs::path> StateDirectory::make_directory(const std::string& below) const {
  if (path_.empty()) return Error{"there is no home directory: set XDG_STATE_HOME or give --state-dir"};
  const fs::path directory = below.empty() ? path_ : path_ / below;
  std::error_code failure;
  fs::create_directories(directory, failure);
  if (failure) return Error{directory.string() + " can't be created: " + failure.message()};
  ::chmod(path_.c_str(), S_IRWXU);
  ::chmod(directory.c_str(), S_IRWXU);
  return directory;
}

std::vector<std::string> StateDirectory::last_servers() const {
  return path_.empty() ? std::vector<std::string>() : read_lines(path_ / "servers");
}

void StateDirectory::remember_servers(const std::vector<std::string>& servers) const {
  if (const auto directory = make_directory({})) write_lines(*directory / "servers", servers);
}

std::string StateDirectory::last_account(const std::string& cluster) const {
  if (path_.empty() || !is_plain(cluster)) return {};
  const auto lines = read_lines(path_ / cluster / "account");
  return lines.empty() || !is_plain(lines.front()) ? std::string() : lines.front();
}

void StateDirectory::remember_account(const std::string& cluster, const std::string& account) const {
  if (!is_plain(cluster)) return;
  std::vector<std::string> lines;
  if (!account.empty()) lines.push_back(account);
  if (const auto directory = make_directory(cluster)) write_lines(*directory / "account", lines);
}

Result<std::unique_ptr<OutboxStore>> StateDirectory::open_outbox(const std::string& cluster,
                                                                 const std::string& account) const {
  if (!is_plain(cluster) || !is_plain(account)) return Error{"\"" + account + "\" is no name of an account"};
  auto directory = make_directory(cluster);
  if (!directory) return directory.error();
  return FileOutbox::open(*directory / (account + ".outbox"));
}

}  // namespace parley::cli
