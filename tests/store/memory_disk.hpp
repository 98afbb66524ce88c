#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "store/disk.hpp"

namespace parley::store {

inline constexpr std::uint64_t sector_size = 512;   // what a disk writes wholly or not at all

// For tests and the simulator: files in memory which know what has reached the disk and what only the cache.
// Deterministic: the same calls and the same Random give the same bytes. Thread-safe like every Disk.
//
// Three images matter: what the process sees (`current`), what is on the platter (`synced`), and the sectors that
// differ. A crash keeps the platter and of the rest whatever Random says: nothing, all, a prefix, any subset;
// directory entries likewise, rename included, unless sync_directory() came after them.
class MemoryDisk final : public Disk {
 public:
  enum class Operation : std::uint8_t {
    read, write, sync, truncate, allocate, create, rename, remove, sync_directory
  };

  // Fails one call: the `nth` (from 1, counted from now) of that operation on a path containing `path`.
  struct Fault {
    Operation operation = Operation::write;
    std::uint64_t nth = 1;
    int error_number = 5;          // EIO
    std::string path;              // "": any
    std::uint64_t bytes_done = 0;  // a failing write has written so many first
  };

  MemoryDisk();
  ~MemoryDisk() override;
  std::unique_ptr<MemoryDisk> clone() const;   // both images; no open handles, locks or faults

  std::unique_ptr<File> open(const std::string& path, OpenMode mode) override;
  bool exists(const std::string& path) override;
  void make_directory(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;   // within one directory
  void remove(const std::string& path) override;
  std::vector<std::string> list(const std::string& directory) override;
  void sync_directory(const std::string& path) override;
  std::unique_ptr<Lock> lock(const std::string& path) override;
  std::uint64_t free_bytes() override;
  std::string describe(const std::string& path) const override;

  // -- faults -------------------------------------------------------------------------------------------------

  void fail(Fault fault);

  // From now on, however the process ends. None: every allocation, every new file and every write beyond the end of its
  // file fails with ENOSPC, as on a disk that others have filled. (It is not counted down by what is written.)
  void set_free_bytes(std::uint64_t bytes);
  static constexpr std::uint64_t plenty = 1ULL << 50;   // as a new one has

  // The power fails at the call after `changes` more changes (any Operation but read): if that is a write, its
  // first `bytes` still reach the cache. That call and all later ones throw, until crash() or kill().
  void stop_after(std::uint64_t changes, std::uint64_t bytes = 0);
  std::uint64_t changes() const;   // so far
  void expect_power() const;       // throws once it has failed
  // No fault and no power failure waits any more. True: the power has failed already, and stays so.
  bool forgive();

  // Both end the process: handles and locks of before throw or mean nothing from now on; faults are forgotten.
  void kill();                       // SIGKILL: the cache survives
  void crash(Random& random);        // power cut: the cache is lost but for what `random` lets through
  void crash_losing_all_unsynced();  // power cut, the plainest one
  void lose_everything();            // another disk in its place: nothing is there
  void go_back_to(const MemoryDisk& earlier);   // a copy of then in its place

  // -- looking and damaging (seen by the process and on the platter alike) ------------------------------------

  std::string contents(const std::string& path) const;
  void overwrite(const std::string& path, std::string bytes);   // the file is made if absent, and is synced
  void flip(const std::string& path, std::uint64_t bit);

 private:
  struct Core;
  class MemoryFile;
  class MemoryLock;
  std::shared_ptr<Core> core_;   // shared with the handles, which may outlive a crash
};

}  // namespace parley::store
