#include "store/archive_incoming.hpp"

#include <utility>

#include "base/checksum.hpp"
#include "base/codec.hpp"
#include "store/archive_copy.hpp"
#include "store/archive_schema.hpp"
#include "store/vfs_file.hpp"

namespace parley::store {

namespace {

constexpr std::string_view magic = "PRLYINCO";
constexpr std::uint32_t version = 1;
constexpr std::size_t about_size = 76;
constexpr std::uint64_t sync_every = 8 * 1024 * 1024;   // bytes: a page cache full of them would stall the log's syncs

std::string encode(const ArchiveCopyId& id) {
  std::string bytes(magic);
  Writer out(bytes);
  out.u32(version);
  out.u64(id.applied.term.value);
  out.u64(id.applied.index.value);
  out.u64(id.bytes);
  out.raw(id.digest.view());
  out.u64(checksum(bytes));
  return bytes;
}

// nullopt: none, or half written; then the file beside it means nothing.
std::optional<ArchiveCopyId> read_about(Disk& disk, const std::string& path) {
  if (!disk.exists(path)) return std::nullopt;
  std::string bytes(about_size, '\0');
  if (disk.open(path, OpenMode::read)->read_at(0, bytes.data(), about_size) != about_size) return std::nullopt;
  Reader in(std::string_view(bytes).substr(magic.size() + sizeof(version)));
  ArchiveCopyId id;
  id.applied.term = Term(in.u64());
  id.applied.index = Index(in.u64());
  id.bytes = in.u64();
  id.digest = Digest::from_view(in.raw(id.digest.bytes.size()));
  if (bytes != encode(id)) return std::nullopt;
  return id;
}

// The bytes first: what they are said to be must never be newer than they are.
void remove_both(Disk& disk, const std::string& archive_file) {
  disk.remove(incoming_of(archive_file));
  disk.sync_directory(directory_of(archive_file));
  disk.remove(about_incoming_of(archive_file));
}

// Of the file as it is now; a new one where there is none of this copy.
std::unique_ptr<File> open_file(Disk& disk, const std::string& archive_file, const ArchiveCopyId& id) {
  const std::string path = incoming_of(archive_file);
  const std::string about = about_incoming_of(archive_file);
  if (read_about(disk, about) == id && disk.exists(path)) return disk.open(path, OpenMode::read_write);
  remove_both(disk, archive_file);
  const auto written = disk.open(about, OpenMode::create);
  written->write_at(0, encode(id));
  written->sync();
  auto file = disk.open(path, OpenMode::create);
  disk.sync_directory(directory_of(archive_file));
  return file;
}

}  // namespace

std::optional<ArchiveCopyId> IncomingArchive::found(Disk& disk, const std::string& archive_file) {
  try {
    if (!disk.exists(incoming_of(archive_file))) return std::nullopt;
    return read_about(disk, about_incoming_of(archive_file));
  } catch (const DiskError&) {
    return std::nullopt;   // it can be sent again
  }
}

Result<IncomingArchive> IncomingArchive::open(Disk& disk, const std::string& archive_file, const ArchiveCopyId& id,
                                              std::uint64_t bytes_max) {
  if (id.bytes > bytes_max) {
    return Error{"the archive offered has " + std::to_string(id.bytes) + " bytes, more than the " +
                 std::to_string(bytes_max) + " that are allowed"};
  }
  try {
    auto file = open_file(disk, archive_file, id);
    const std::uint64_t whole = whole_pages(disk, incoming_of(archive_file));
    const std::uint64_t offset = whole <= id.bytes ? whole : 0;
    if (file->size() != offset) file->truncate(offset);
    return IncomingArchive(std::move(file), id, offset);
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

Result<Nothing> IncomingArchive::discard(Disk& disk, const std::string& archive_file) {
  try {
    remove_both(disk, archive_file);
    return success();
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
}

Result<Nothing> IncomingArchive::write(std::uint64_t offset, std::string_view bytes) {
  if (offset != offset_ || bytes.size() > id_.bytes - offset_) {
    return Error{"bytes " + std::to_string(offset) + " to " + std::to_string(offset + bytes.size()) +
                 " of the archive came, but " + std::to_string(offset_) + " is the next of " +
                 std::to_string(id_.bytes)};
  }
  try {
    file_->write_at(offset, bytes);
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
  offset_ += bytes.size();
  unsynced_ += bytes.size();
  return unsynced_ >= sync_every ? sync() : success();
}

Result<Nothing> IncomingArchive::sync() {
  unsynced_ = 0;
  try {
    file_->sync();
    return success();
  } catch (const DiskError& error) {
    begin_again();
    return Error{error.what()};
  }
}

// After a failed sync the kernel shows what the disk never got, and the next sync succeeds (RELIABILITY.md section 3):
// only what is written again can be relied on.
void IncomingArchive::begin_again() {
  offset_ = 0;
  try {
    file_->truncate(0);
  } catch (const DiskError&) {   // then it is overwritten from its beginning
  }
}

}  // namespace parley::store
