#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "store/disk.hpp"
#include "store/page_checksum.hpp"
#include "store/vfs_locks.hpp"
#include "store/vfs_wal_guard.hpp"

namespace parley::store {

std::string directory_of(const std::string& path);   // "" for a name in the data directory itself

// What the connections that have one file open share: SQLite opens the file once for each of them.
struct SharedFile {
  FileLocks locks;
  SharedIndex index;
  WalGuard wal_guard;
  std::mutex page_mutex;                    // held while a page of the database file is written
  std::atomic<bool> name_is_new = false;    // created, and its directory not synced since
};

// One file as one connection has it open; one thread at a time. All throw DiskError, reads ArchiveDamaged too.
class OpenFile {
 public:
  OpenFile(Disk& disk, std::string path, std::unique_ptr<File> file, std::shared_ptr<SharedFile> shared);
  virtual ~OpenFile() = default;

  virtual std::size_t read(std::uint64_t offset, char* bytes, std::size_t size);   // fewer only at the end
  virtual void write(std::uint64_t offset, std::string_view bytes);
  virtual void truncate(std::uint64_t size);
  virtual void sync();                      // the file, and its name where that is new
  std::uint64_t size() { return file_->size(); }
  void forget_cached(std::uint64_t offset, std::uint64_t size) { file_->forget_cached(offset, size); }

  const std::string& path() const { return path_; }
  SharedFile& shared() { return *shared_; }
  FileLocks::Held& file_lock() { return file_lock_; }
  SharedIndex::Held& index_lock() { return index_lock_; }

 protected:
  File& file() { return *file_; }
  std::string place() const { return disk_.describe(path_); }

 private:
  Disk& disk_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::shared_ptr<SharedFile> shared_;
  FileLocks::Held file_lock_;
  SharedIndex::Held index_lock_;
};

// The database file: pages are sealed on the way out and verified on the way in (R11).
class DatabaseFile final : public OpenFile {
 public:
  using OpenFile::OpenFile;
  std::size_t read(std::uint64_t offset, char* bytes, std::size_t size) override;
  void write(std::uint64_t offset, std::string_view bytes) override;

 private:
  std::size_t read_page(PageNumber number, char* page);   // page_size bytes, or 0 in an empty file
  std::size_t read_header(char* bytes, std::size_t size);
};

// SQLite's write-ahead file: reads are compared with what was written.
class WalFile final : public OpenFile {
 public:
  using OpenFile::OpenFile;
  std::size_t read(std::uint64_t offset, char* bytes, std::size_t size) override;
  void write(std::uint64_t offset, std::string_view bytes) override;
  void truncate(std::uint64_t size) override;   // and syncs
  void sync() override;
};

}  // namespace parley::store
