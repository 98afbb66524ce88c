#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace parley::store {

// The locks on one database file among the connections of this process (https://www.sqlite.org/lockingv3.html,
// section 3). Other processes are kept out by the data directory's lock file, so no system lock is taken: POSIX
// ones would be dropped whenever any descriptor of the file is closed. Thread-safe.
class FileLocks {
 public:
  enum class Level : std::uint8_t { none = 0, shared = 1, reserved = 2, pending = 3, exclusive = 4 };

  struct Held {   // by one connection
    Level level = Level::none;
    bool reserved = false;
  };

  bool acquire(Held& held, Level wanted);   // false: busy; towards exclusive, `pending` may be kept
  void release(Held& held, Level kept);     // down to `shared` or `none`
  bool is_reserved();

 private:
  std::mutex mutex_;
  std::size_t shared_ = 0;
  bool reserved_ = false;
  bool pending_ = false;
  bool exclusive_ = false;
};

// What SQLite wants shared between the connections of a database in WAL mode: the wal-index and eight locks
// (https://www.sqlite.org/walformat.html, section 2). Heap memory: it holds nothing that the WAL file doesn't, and
// SQLite rebuilds it from there when the first connection opens. Thread-safe.
class SharedIndex {
 public:
  static constexpr int slots = 8;   // SQLITE_SHM_NLOCK

  struct Held {   // by one connection; bit n is slot n
    std::uint8_t shared = 0;
    std::uint8_t exclusive = 0;
    bool joined = false;
  };

  // Regions stay where they are until the last connection left. Null: not there, and `extend` was not asked.
  char* region(Held& held, std::size_t number, std::size_t size, bool extend);
  void leave(Held& held);

  bool lock_shared(Held& held, std::uint8_t slot_mask);      // false: busy
  bool lock_exclusive(Held& held, std::uint8_t slot_mask);
  void unlock(Held& held, std::uint8_t slot_mask);
  void barrier();

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<char[]>> regions_;
  std::size_t joined_ = 0;
  std::array<std::uint32_t, slots> shared_{};
  std::uint8_t exclusive_ = 0;
};

}  // namespace parley::store
