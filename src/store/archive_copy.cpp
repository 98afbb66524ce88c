#include "store/archive_copy.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/mutant.hpp"
#include "store/archive_connection.hpp"
#include "store/archive_rows.hpp"
#include "store/archive_schema.hpp"
#include "store/page_checksum.hpp"

namespace parley::store {

namespace {

constexpr int pages_a_step = 1024;             // between two looks at `stop`
constexpr std::size_t bytes_a_read = 256 * page_size;

Error stopped() { return Error{"copying the archive was stopped"}; }

PageNumber page_at(std::uint64_t offset) { return static_cast<PageNumber>(offset / page_size + 1); }

// Bytes of whole pages with fitting checksums at the beginning of `bytes`, which begin at a page of the file.
std::size_t whole_prefix(std::string_view bytes, std::uint64_t offset) {
  std::size_t at = 0;
  for (; at + page_size <= bytes.size(); at += page_size) {
    const PageNumber number = page_at(offset + at);
    if (number != lock_byte_page && !page_is_whole(bytes.substr(at, page_size), number)) break;
  }
  return at;
}

Error damaged_page(const Disk& disk, const std::string& path, std::uint64_t offset) {
  return Error{disk.describe(path) + ": page " + std::to_string(page_at(offset)) +
               " is damaged or cut off: its checksum does not fit"};
}

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

// All pages, as the source's read transaction sees them. False: stopped.
bool back_up(ArchiveConnection& source, ArchiveConnection& target, const std::stop_token& stop) {
  sqlite3* const into = target.database().getHandle();
  const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(into, "main", source.database().getHandle(), "main"));
  if (!backup) throw SQLite::Exception(into, sqlite3_errcode(into));
  int code = SQLITE_OK;
  while (code == SQLITE_OK && !stop.stop_requested()) code = sqlite3_backup_step(backup.get(), pages_a_step);
  if (code == SQLITE_OK) return false;
  if (code != SQLITE_DONE) throw SQLite::Exception(into, code);
  return true;
}

// nullopt: stopped.
std::optional<ArchivePosition> write_copy(Disk& disk, const std::string& file, const std::string& path,
                                          ReaderGate& gate, const std::stop_token& stop) {
  auto pass = std::make_unique<const ReaderGate::Pass>(gate);   // no checkpoint may end until the state is chosen
  ArchiveConnection source(disk, file, ArchiveConnection::Use::read);
  return source.run([&]() -> std::optional<ArchivePosition> {
    SQLite::Transaction transaction(source.database());   // rolled back: it only reads
    const auto stored = read_position(source).value_or(StoredPosition{});
    const ReaderGate::Stay stay(gate);
    pass.reset();
    ArchiveConnection target(disk, path, ArchiveConnection::Use::copy);
    const bool whole = target.run([&] { return back_up(source, target, stop); });
    return whole ? std::optional(stored.position) : std::nullopt;
  });
}

}  // namespace

Result<ArchiveCopy> copy_archive(Disk& disk, const std::string& file, const std::string& path, ReaderGate& gate,
                                 std::stop_token stop) {
  const auto give_up = [&](Error error) {
    try {
      disk.remove(path);
    } catch (const DiskError&) {   // it means nothing, and goes when the next copy is made
    }
    return error;
  };
  try {
    disk.remove(path);
    const auto position = write_copy(disk, file, path, gate, stop);
    if (!position) return give_up(stopped());
    disk.open(path, OpenMode::read_write)->sync();
    auto sum = sum_archive_file(disk, path, stop);
    if (!sum.ok()) return give_up(sum.error());
    raft::EntryId held = position->applied;
    if (PARLEY_MUTANT(copies_are_named_by_a_later_index)) held.index = held.index.next();
    return ArchiveCopy{{held, sum->digest, sum->bytes}, *position};
  } catch (const DiskError& error) {
    return give_up(Error{std::string("copying the archive failed: ") + error.what()});
  } catch (const ArchiveDamaged&) {
    give_up(Error{});
    throw;
  }
}

Result<FileSum> sum_archive_file(Disk& disk, const std::string& path, std::stop_token stop) {
  const auto file = disk.open(path, OpenMode::read);
  FileSum sum;
  Hasher hasher;
  std::string bytes(bytes_a_read, '\0');
  while (!stop.stop_requested()) {
    const std::size_t count = file->read_at(sum.bytes, bytes.data(), bytes.size());
    const auto read = std::string_view(bytes).substr(0, count);
    const std::size_t whole = whole_prefix(read, sum.bytes);
    if (whole < count) return damaged_page(disk, path, sum.bytes + whole);
    hasher.add(read);
    sum.bytes += count;
    if (count == bytes.size()) continue;
    sum.digest = hasher.finish();
    return sum;
  }
  return stopped();
}

std::uint64_t whole_pages(Disk& disk, const std::string& path) {
  const auto file = disk.open(path, OpenMode::read);
  std::string bytes(bytes_a_read, '\0');
  for (std::uint64_t at = 0;;) {
    const std::size_t count = file->read_at(at, bytes.data(), bytes.size());
    const std::size_t whole = whole_prefix(std::string_view(bytes).substr(0, count), at);
    at += whole;
    if (whole < bytes.size()) return at;
  }
}

Result<std::string> read_archive_file(Disk& disk, const std::string& path, std::uint64_t offset, std::size_t size) {
  const auto file = disk.open(path, OpenMode::read);
  const std::uint64_t begin = offset - offset % page_size;
  const std::uint64_t bytes_there = file->size();
  if (offset >= bytes_there) return std::string();
  const std::uint64_t end = offset + std::min<std::uint64_t>(size, bytes_there - offset);
  std::string bytes(static_cast<std::size_t>((end + page_size - 1) / page_size * page_size - begin), '\0');
  bytes.resize(file->read_at(begin, bytes.data(), bytes.size()));
  const std::size_t whole = whole_prefix(bytes, begin);
  if (whole < bytes.size() || begin + whole < end) return damaged_page(disk, path, begin + whole);
  return bytes.substr(static_cast<std::size_t>(offset - begin), static_cast<std::size_t>(end - offset));
}

Result<ArchiveContent> read_archive_content(Disk& disk, const std::string& path) {
  if (auto header = check_header(disk, path); !header) return header.error();
  ArchiveContent content;
  try {
    ArchiveConnection connection(disk, path, ArchiveConnection::Use::read);
    if (auto version = check_version(connection); !version) return version.error();
    content.position = connection.run([&] { return read_position(connection); }).value_or(StoredPosition{}).position;
    content.records = connection.run([&] { return read_records(connection); });
  } catch (const ArchiveDamaged& damage) {
    return Error{damage.what()};
  }
  disk.remove(wal_of(path));   // SQLite made it to look into, and it is empty
  return content;
}

}  // namespace parley::store
