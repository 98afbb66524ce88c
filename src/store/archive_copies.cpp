#include "store/archive_copies.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "store/archive_copy.hpp"

namespace parley::store {

namespace {

constexpr std::size_t digits = 20;       // any index: names sort as their indexes do
constexpr std::string_view suffix = ".db";
constexpr const char* unfinished = "copy.db.new";

std::string padded(std::uint64_t number) {
  const std::string text = std::to_string(number);
  return std::string(digits - text.size(), '0') + text;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || padded(number) != text) return std::nullopt;
  return number;
}

std::optional<Digest> digest_of(std::string_view hex) {
  Digest digest;
  if (hex.size() != 2 * digest.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const char* const begin = hex.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, digest.bytes[i], 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
  }
  if (digest.hex() != hex) return std::nullopt;
  return digest;
}

// "<index>-<term>-<digest>.db"
std::string name_of(const ArchiveCopyId& id) {
  return padded(id.applied.index.value) + "-" + padded(id.applied.term.value) + "-" + id.digest.hex() +
         std::string(suffix);
}

std::optional<ArchiveCopyId> id_of(std::string_view name) {
  constexpr std::size_t numbers = 2 * (digits + 1);
  if (!name.ends_with(suffix) || name.size() < numbers || name[digits] != '-' || name[numbers - 1] != '-') {
    return std::nullopt;
  }
  name.remove_suffix(suffix.size());
  const auto index = number_of(name.substr(0, digits));
  const auto term = number_of(name.substr(digits + 1, digits));
  const auto digest = digest_of(name.substr(numbers));
  if (!index || !term || !digest) return std::nullopt;
  return ArchiveCopyId{{Term(*term), Index(*index)}, *digest, 0};
}

}  // namespace

ArchiveCopies::ArchiveCopies(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}

std::string ArchiveCopies::path_of(const ArchiveCopyId& id) const { return directory_ + "/" + name_of(id); }

std::vector<ArchiveCopyId> ArchiveCopies::list() const {
  std::vector<ArchiveCopyId> copies;
  if (!disk_.exists(directory_)) return copies;
  for (const auto& name : disk_.list(directory_)) {
    auto id = id_of(name);
    if (!id) continue;
    id->bytes = disk_.open(directory_ + "/" + name, OpenMode::read)->size();
    copies.push_back(*id);
  }
  return copies;
}

Result<ArchiveCopy> ArchiveCopies::make(Archive& archive, const std::optional<ArchiveCopyId>& in_use,
                                        std::stop_token stop) {
  try {
    disk_.make_directory(directory_);
    auto old = list();
    if (in_use) std::stable_partition(old.begin(), old.end(), [&](const auto& id) { return id != *in_use; });
    while (old.size() >= archive_copies_max) {
      disk_.remove(path_of(old.front()));
      old.erase(old.begin());
    }
    const std::string temporary = directory_ + "/" + unfinished;
    auto copy = archive.copy(temporary, std::move(stop));
    if (!copy.ok()) return copy.error();
    disk_.rename(temporary, path_of(copy->id));
    disk_.sync_directory(directory_);
    return copy;
  } catch (const DiskError& error) {
    return Error{std::string("copying the archive failed: ") + error.what()};
  }
}

Result<std::string> ArchiveCopies::read(const ArchiveCopyId& id, std::uint64_t offset, std::size_t size) {
  const std::string path = path_of(id);
  try {
    if (!disk_.exists(path)) return Error{disk_.describe(path) + ": there is no such copy any more"};
    auto bytes = read_archive_file(disk_, path, offset, size);
    if (!bytes.ok()) disk_.remove(path);
    return bytes;
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

void ArchiveCopies::remove_all_but(const std::optional<ArchiveCopyId>& kept) {
  std::optional<DiskError> failure;   // the others still give room
  for (const auto& copy : list()) {
    try {
      if (copy != kept) disk_.remove(path_of(copy));
    } catch (const DiskError& error) {
      failure = error;
    }
  }
  if (failure) throw *failure;
}

}  // namespace parley::store
