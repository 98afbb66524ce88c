#include "store/set_aside.hpp"

#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "store/identity.hpp"

namespace parley::store {
namespace {

constexpr const char* log_directory = "log";

std::string aside(const std::string& path) { return path + aside_suffix; }

bool is_aside(std::string_view name) { return name.ends_with(aside_suffix); }

// Of the archive: the database, its write-ahead log, and whatever a copy of another node's left there.
std::vector<std::string> used_files(Disk& disk) {
  std::vector<std::string> files;
  for (const auto& name : disk.list("")) {
    if (name.starts_with("archive.db") && !is_aside(name)) files.push_back(name);
  }
  if (!disk.exists(log_directory)) return files;
  for (const auto& name : disk.list(log_directory)) {
    if (!is_aside(name)) files.push_back(std::string(log_directory) + "/" + name);
  }
  return files;
}

void remove_earlier(Disk& disk) {
  for (const auto& name : disk.list("")) {
    if (is_aside(name)) disk.remove(name);
  }
  if (disk.exists(log_directory)) {
    for (const auto& name : disk.list(log_directory)) {
      if (is_aside(name)) disk.remove(std::string(log_directory) + "/" + name);
    }
    disk.sync_directory(log_directory);
  }
  disk.sync_directory("");
}

}  // namespace

void set_aside(Disk& disk) {
  PARLEY_ASSERT(disk.exists(identity_file), "only a directory that belongs to a node is set aside");
  remove_earlier(disk);
  disk.rename(identity_file, aside(identity_file));
  disk.sync_directory("");   // from here on it is decided
  finish_set_aside(disk);
}

bool finish_set_aside(Disk& disk) {
  if (disk.exists(identity_file) || !disk.exists(aside(identity_file))) return false;
  const auto files = used_files(disk);
  for (const auto& file : files) disk.rename(file, aside(file));
  if (disk.exists(log_directory)) disk.sync_directory(log_directory);
  disk.sync_directory("");
  return !files.empty();
}

Result<std::optional<Identity>> identity_set_aside(Disk& disk) { return load_identity(disk, aside(identity_file)); }

void discard_data(Disk& disk) {
  const auto files = used_files(disk);
  if (files.empty()) return;
  for (const auto& file : files) disk.remove(file);
  if (disk.exists(log_directory)) disk.sync_directory(log_directory);
  disk.sync_directory("");
}

void mark_unfilled(Disk& disk, Incarnation incarnation) {
  mark_filled(disk);   // of an earlier incarnation
  const auto file = disk.open(unfilled_file, OpenMode::create);
  file->write_at(0, std::to_string(incarnation.value));
  file->sync();
  disk.sync_directory("");
}

bool is_unfilled(Disk& disk, Incarnation incarnation) {
  if (!disk.exists(unfilled_file)) return false;
  const std::string expected = std::to_string(incarnation.value);
  std::string content(expected.size() + 1, '\0');
  content.resize(disk.open(unfilled_file, OpenMode::read)->read_at(0, content.data(), content.size()));
  return content == expected;
}

void mark_filled(Disk& disk) {
  if (!disk.exists(unfilled_file)) return;
  disk.remove(unfilled_file);
  disk.sync_directory("");
}

}  // namespace parley::store
