#pragma once

#include <sqlite3.h>

#include <exception>
#include <functional>
#include <memory>
#include <new>

#include "store/disk.hpp"
#include "store/vfs_file.hpp"

namespace parley::store {

// The object that SQLite allocates for each open file; `methods` first, as SQLite wants.
struct SqliteFile {
  sqlite3_file base;
  OpenFile* file;
  Disk* delete_on_close;   // null: the file stays
};

extern const sqlite3_io_methods io_methods;

// Keeps what is being thrown for Vfs::take_failure and says how SQLite calls it.
int remember_failure(int code_for_sqlite) noexcept;

// Runs a method's body; nothing may be thrown through SQLite, which is C.
template <class Body>
int answer_sqlite(int code_on_failure, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return remember_failure(code_on_failure);
  }
}

}  // namespace parley::store
