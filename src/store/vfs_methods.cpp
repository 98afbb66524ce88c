#include "store/vfs_methods.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include "store/archive.hpp"
#include "store/vfs.hpp"

namespace parley::store {

namespace {

// A VFS method is called on the thread that called SQLite, so this is where the caller finds it.
thread_local std::exception_ptr failure_of_this_thread;

OpenFile& opened(sqlite3_file* file) { return *reinterpret_cast<SqliteFile*>(file)->file; }

// The methods below are described at https://www.sqlite.org/c3ref/io_methods.html.

int close_file(sqlite3_file* file) {
  return answer_sqlite(SQLITE_IOERR_CLOSE, [file] {
    auto* const self = reinterpret_cast<SqliteFile*>(file);
    const std::unique_ptr<OpenFile> closing(self->file);
    closing->shared().index.leave(closing->index_lock());
    closing->shared().locks.release(closing->file_lock(), FileLocks::Level::none);
    if (self->delete_on_close != nullptr) self->delete_on_close->remove(closing->path());
    return SQLITE_OK;
  });
}

int read_file(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  return answer_sqlite(SQLITE_IOERR_READ, [=] {
    auto* const out = static_cast<char*>(bytes);
    const auto wanted = static_cast<std::size_t>(size);
    const std::size_t count = opened(file).read(static_cast<std::uint64_t>(offset), out, wanted);
    if (count == wanted) return SQLITE_OK;
    std::memset(out + count, 0, wanted - count);   // demanded: "the remainder must be filled with zeros"
    return SQLITE_IOERR_SHORT_READ;
  });
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  return answer_sqlite(SQLITE_IOERR_WRITE, [=] {
    const std::string_view view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
    opened(file).write(static_cast<std::uint64_t>(offset), view);
    return SQLITE_OK;
  });
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return answer_sqlite(SQLITE_IOERR_TRUNCATE, [=] {
    opened(file).truncate(static_cast<std::uint64_t>(size));
    return SQLITE_OK;
  });
}

int sync_file(sqlite3_file* file, int) {
  return answer_sqlite(SQLITE_IOERR_FSYNC, [=] {
    opened(file).sync();
    return SQLITE_OK;
  });
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return answer_sqlite(SQLITE_IOERR_FSTAT, [=] {
    *size = static_cast<sqlite3_int64>(opened(file).size());
    return SQLITE_OK;
  });
}

static_assert(SQLITE_LOCK_SHARED == static_cast<int>(FileLocks::Level::shared));
static_assert(SQLITE_LOCK_EXCLUSIVE == static_cast<int>(FileLocks::Level::exclusive));

int lock_file(sqlite3_file* file, int level) {
  OpenFile& self = opened(file);
  const bool locked = self.shared().locks.acquire(self.file_lock(), static_cast<FileLocks::Level>(level));
  return locked ? SQLITE_OK : SQLITE_BUSY;
}

int unlock_file(sqlite3_file* file, int level) {
  OpenFile& self = opened(file);
  self.shared().locks.release(self.file_lock(), static_cast<FileLocks::Level>(level));
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* reserved) {
  *reserved = opened(file).shared().locks.is_reserved() ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }   // none is obligatory

int sector_size(sqlite3_file*) { return static_cast<int>(page_size); }

int device_characteristics(sqlite3_file*) { return 0; }   // nothing is promised beyond the methods' own words

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return answer_sqlite(SQLITE_IOERR_SHMMAP, [=] {
    OpenFile& self = opened(file);
    *memory = self.shared().index.region(self.index_lock(), static_cast<std::size_t>(region),
                                         static_cast<std::size_t>(size), extend != 0);
    return SQLITE_OK;
  });
}

int lock_shared_index(sqlite3_file* file, int first, int count, int flags) {
  OpenFile& self = opened(file);
  SharedIndex& index = self.shared().index;
  const auto mask = static_cast<std::uint8_t>(((1U << count) - 1U) << first);
  if (flags & SQLITE_SHM_UNLOCK) {
    index.unlock(self.index_lock(), mask);
    return SQLITE_OK;
  }
  const bool locked = (flags & SQLITE_SHM_EXCLUSIVE) ? index.lock_exclusive(self.index_lock(), mask)
                                                     : index.lock_shared(self.index_lock(), mask);
  return locked ? SQLITE_OK : SQLITE_BUSY;
}

void shared_barrier(sqlite3_file* file) { opened(file).shared().index.barrier(); }

int unmap_shared(sqlite3_file* file, int) {
  OpenFile& self = opened(file);
  self.shared().index.leave(self.index_lock());
  return SQLITE_OK;
}

}  // namespace

int remember_failure(int code_for_sqlite) noexcept {
  if (!failure_of_this_thread) failure_of_this_thread = std::current_exception();
  try {
    throw;
  } catch (const ArchiveDamaged&) {
    return SQLITE_IOERR_DATA;
  } catch (const DiskError& error) {
    return error.error_number() == ENOSPC ? SQLITE_FULL : code_for_sqlite;
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  } catch (...) {
    return code_for_sqlite;
  }
}

std::exception_ptr Vfs::take_failure() { return std::exchange(failure_of_this_thread, nullptr); }

// Version 2: shared memory, so WAL mode; but no xFetch, so no page can reach SQLite past read_file.
const sqlite3_io_methods io_methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared_index,
    .xShmBarrier = shared_barrier,
    .xShmUnmap = unmap_shared,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace parley::store
