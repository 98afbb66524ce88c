#include "store/vfs_file.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "store/archive.hpp"

namespace parley::store {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

OpenFile::OpenFile(Disk& disk, std::string path, std::unique_ptr<File> file, std::shared_ptr<SharedFile> shared)
    : disk_(disk), path_(std::move(path)), file_(std::move(file)), shared_(std::move(shared)) {}

std::size_t OpenFile::read(std::uint64_t offset, char* bytes, std::size_t size) {
  return file_->read_at(offset, bytes, size);
}

void OpenFile::write(std::uint64_t offset, std::string_view bytes) { file_->write_at(offset, bytes); }

void OpenFile::truncate(std::uint64_t size) { file_->truncate(size); }

void OpenFile::sync() {
  file_->sync();
  if (!shared_->name_is_new) return;
  disk_.sync_directory(directory_of(path_));
  shared_->name_is_new = false;
}

// -- the database file ----------------------------------------------------------------------------------------

std::size_t DatabaseFile::read_page(PageNumber number, char* page) {
  const std::uint64_t offset = std::uint64_t{number - 1} * page_size;
  std::size_t count = file().read_at(offset, page, page_size);
  if (count == page_size && page_is_whole({page, page_size}, number)) return page_size;
  // A connection that opens reads the header without any lock, perhaps while a checkpoint writes page 1: half old
  // and half new is no damage, so look again while nobody writes.
  const std::lock_guard nobody_writes(shared().page_mutex);
  count = file().read_at(offset, page, page_size);
  if (count == page_size && page_is_whole({page, page_size}, number)) return page_size;
  const std::uint64_t size = file().size();
  if (size == 0) return 0;
  const std::string where = place() + ": page " + std::to_string(number);
  // SQLite takes what lies beyond the end for zeros; but it asks only for pages that it believes to be there.
  if (count < page_size) {
    throw ArchiveDamaged(where + " is missing: the file ends after " + std::to_string(size) + " bytes");
  }
  throw ArchiveDamaged(where + " is damaged: its checksum does not fit");
}

// A connection that opens reads the header before it looks at the write-ahead file. A power cut in a checkpoint may
// have left page 1 half written; the whole of it is in the write-ahead file then. SQLite takes nothing from the
// header but the page's size and reserve (fileformat2.html, 1.3), so these are verified here in place of the
// checksum; when it reads page 1 as a page, that is verified as every other.
std::size_t DatabaseFile::read_header(char* bytes, std::size_t size) {
  const std::size_t count = file().read_at(0, bytes, size);
  if (count == 0) return 0;
  if (count < size || !has_our_page_layout({bytes, count})) {
    throw ArchiveDamaged(place() + ": page 1 is damaged, or not of a Parley archive: it does not say pages of " +
                         std::to_string(page_size) + " bytes with " + std::to_string(page_reserved) + " reserved");
  }
  return count;
}

std::size_t DatabaseFile::read(std::uint64_t offset, char* bytes, std::size_t size) {
  if (offset % page_size == 0 && size == page_size) {
    return read_page(static_cast<PageNumber>(offset / page_size + 1), bytes);
  }
  if (offset == 0 && size == database_header_size) return read_header(bytes, size);
  char page[page_size];   // part of a page: SQLite looks whether the change counter moved
  std::size_t done = 0;
  while (done < size) {
    const std::uint64_t at = offset + done;
    if (read_page(static_cast<PageNumber>(at / page_size + 1), page) == 0) break;
    const std::size_t within = at % page_size;
    const std::size_t count = std::min(size - done, page_size - within);
    std::memcpy(bytes + done, page + within, count);
    done += count;
  }
  return done;
}

void DatabaseFile::write(std::uint64_t offset, std::string_view bytes) {
  if (offset % page_size != 0 || bytes.size() != page_size) {
    throw ArchiveDamaged(place() + ": SQLite wrote part of a page, or pages of another size");
  }
  if (offset == 0 && !has_our_page_layout(bytes)) {
    throw ArchiveDamaged(place() + ": SQLite wrote pages that have no room for a checksum");
  }
  // A copy: the caller's buffer is SQLite's page cache, and the write-ahead file's checksums cover it.
  char page[page_size];
  std::memcpy(page, bytes.data(), page_size);
  seal_page(page, static_cast<PageNumber>(offset / page_size + 1));
  const std::lock_guard lock(shared().page_mutex);
  file().write_at(offset, {page, page_size});
}

// -- the write-ahead file -------------------------------------------------------------------------------------

std::size_t WalFile::read(std::uint64_t offset, char* bytes, std::size_t size) {
  const std::size_t count = file().read_at(offset, bytes, size);
  if (const auto changed = shared().wal_guard.changed_since(offset, {bytes, count})) {
    throw ArchiveDamaged(place() + ": the bytes at offset " + std::to_string(*changed) +
                         " are not those that were written there");
  }
  return count;
}

void WalFile::write(std::uint64_t offset, std::string_view bytes) {
  file().write_at(offset, bytes);
  shared().wal_guard.written(offset, bytes);
}

// SQLite does not sync a truncation. Were it lost in a power cut, the frames of the next round could mix with old
// ones that were thought gone; done here, the file is known to be empty when the next round begins.
void WalFile::truncate(std::uint64_t size) {
  file().truncate(size);
  file().sync();
  shared().wal_guard.truncated(size);
}

// SQLite syncs a new header before the first frame, so that no old frame is taken for one of the new round
// (https://www.sqlite.org/src/info/ff5be73dee). A file that holds nothing else has no old frames, and R9 wants no
// sync outside a checkpoint.
void WalFile::sync() {
  if (file().size() > WalGuard::file_header_size) OpenFile::sync();
}

}  // namespace parley::store
