#include "store/archive_connection.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <stdexcept>

#include "base/assert.hpp"
#include "store/archive.hpp"
#include "store/page_checksum.hpp"

namespace parley::store {

namespace {

constexpr int writer_cache_kib = 32 * 1024;
constexpr int reader_cache_kib = 8 * 1024;
constexpr std::uint64_t signed_max = std::numeric_limits<std::int64_t>::max();

// No mutex in SQLite: each connection is used by one thread at a time.
int open_flags(ArchiveConnection::Use use) {
  switch (use) {
    case ArchiveConnection::Use::create:
    case ArchiveConnection::Use::copy: return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX;
    case ArchiveConnection::Use::write: return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX;
    case ArchiveConnection::Use::read: return SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX;
  }
  return 0;
}

}  // namespace

ArchiveConnection::ArchiveConnection(Disk& disk, const std::string& file, Use use)
    : place_(disk.describe(file)), vfs_(Vfs::on(disk)) {
  run([&] {
    database_ = std::make_unique<SQLite::Database>(file, open_flags(use), /*busy timeout*/ 0, vfs_->name());
    configure(use);
  });
}

void ArchiveConnection::configure(Use use) {
  SQLite::Database& db = *database_;
  if (use == Use::create || use == Use::copy) {
    // Before the first page exists; both can't be changed later.
    db.exec("PRAGMA page_size = " + std::to_string(page_size));
    int reserved = static_cast<int>(page_reserved);
    sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  }
  if (use == Use::create) {
    const std::string mode = db.execAndGet("PRAGMA journal_mode = WAL").getString();
    PARLEY_ASSERT(mode == "wal", "our VFS has the shared memory that WAL mode needs");
  } else if (use == Use::copy) {
    db.exec("PRAGMA journal_mode = OFF");
  } else {
    // A last connection that closes would checkpoint, with syncs: only checkpoint() does that (R9).
    sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  const int cache_kib = use == Use::read ? reader_cache_kib : writer_cache_kib;
  sqlite3_wal_autocheckpoint(db.getHandle(), 0);
  if (use != Use::read) {
    db.exec(use == Use::copy ? "PRAGMA synchronous = OFF"
                             : "PRAGMA synchronous = NORMAL");   // in WAL mode: syncs at checkpoints only
    db.exec("PRAGMA secure_delete = ON");          // a deleted text is overwritten; and no page is a hole in the file
  }
  db.exec("PRAGMA cell_size_check = ON");
  db.exec("PRAGMA temp_store = MEMORY");
  db.exec("PRAGMA mmap_size = 0");                 // a mapped page would not pass the checksum
  db.exec("PRAGMA cache_size = -" + std::to_string(cache_kib));
}

void ArchiveConnection::fail(const SQLite::Exception& error) const {
  if (const auto cause = Vfs::take_failure()) std::rethrow_exception(cause);
  const std::string said = place_ + ": SQLite says: " + error.what();
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL: throw DiskError("extend", place_, ENOSPC);
    case SQLITE_NOMEM: throw std::bad_alloc();
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_CONSTRAINT:   // a row contradicts one that is there already
    case SQLITE_ERROR:        // a table that should be there isn't
      throw ArchiveDamaged(said);
    default: throw std::logic_error(said);   // busy, misuse and the like: our mistake
  }
}

// -- statements -----------------------------------------------------------------------------------------------

Using& Using::number(std::uint64_t value) {
  PARLEY_ASSERT(value <= signed_max, "ids and positions are log indexes or counts");
  return signed_number(static_cast<std::int64_t>(value));
}

Using& Using::signed_number(std::int64_t value) {
  statement_.bind(next_++, value);
  return *this;
}

Using& Using::bound(std::uint64_t value) { return number(std::min(value, signed_max)); }

Using& Using::text(const std::string& value) {
  statement_.bindNoCopy(next_++, value);
  return *this;
}

Using& Using::blob(std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();   // a null pointer would bind NULL
  statement_.bindNoCopy(next_++, bytes, static_cast<int>(value.size()));
  return *this;
}

Using& Using::null() {
  statement_.bind(next_++);
  return *this;
}

std::uint64_t Using::number_at(int column) const {
  return static_cast<std::uint64_t>(statement_.getColumn(column).getInt64());
}

std::int64_t Using::signed_at(int column) const { return statement_.getColumn(column).getInt64(); }

std::string Using::bytes_at(int column) const { return statement_.getColumn(column).getString(); }

bool Using::null_at(int column) const { return statement_.getColumn(column).isNull(); }

}  // namespace parley::store
