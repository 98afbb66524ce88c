#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "store/disk.hpp"
#include "store/vfs_file.hpp"

namespace parley::store {

// What SQLite asks of the system beside files. The defaults are the real ones; the simulator gives its own.
struct VfsHooks {
  std::function<void(char* bytes, std::size_t size)> randomness;
  std::function<std::int64_t()> now_ms;                      // since 1970
  std::function<void(std::int64_t microseconds)> sleep;      // SQLite waits only in a busy handler; we set none
};

// SQLite's view of a Disk (https://www.sqlite.org/vfs.html): a whole virtual file system, so that the archive runs
// unchanged on the real and on the simulated disk. Database files get page checksums (page_checksum.hpp), their
// write-ahead files are guarded (vfs_wal_guard.hpp), locks and shared memory live in this process (vfs_locks.hpp),
// memory mapping is not offered. Registered under a name of its own as long as it lives; it and all connections
// must be gone before the Disk is. Thread-safe.
class Vfs {
 public:
  // One for each Disk: connections that don't share it would not see each other's locks. The hooks of the first
  // call hold.
  static std::shared_ptr<Vfs> on(Disk& disk, VfsHooks hooks = {});
  ~Vfs();
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;

  const char* name() const;   // for sqlite3_open_v2

  // Past SQLite, for a scrub: reads are verified as SQLite's are. The file must exist.
  std::unique_ptr<OpenFile> open_database(const std::string& path);
  std::unique_ptr<OpenFile> open_wal(const std::string& path);

  bool in_use(const std::string& path);   // somebody has it open, SQLite or one of these two

  // SQLite knows error numbers only. What a call on this thread really failed of (a DiskError, an ArchiveDamaged)
  // since the last time this was asked; null: nothing. The first failure counts: later ones follow from it.
  static std::exception_ptr take_failure();

 private:
  struct Impl;
  explicit Vfs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// SQLite draws the salts of write-ahead files from a generator of its own, one for the process, seeded by the
// default VFS. This seeds it with a fixed number instead: for the simulator only.
void seed_sqlite_for_simulation(std::uint32_t seed);

}  // namespace parley::store
