#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace parley::store {

// A failed system call on a file: the operation, the path and errno. After a failed write or sync nobody knows
// what is on the disk (RELIABILITY.md section 3), so it is not handled but ends the process.
class DiskError : public std::runtime_error {
 public:
  DiskError(std::string operation, std::string path, int error_number);
  int error_number() const { return error_number_; }
  bool is_full() const;   // for want of space (ENOSPC, EDQUOT): more of it cures that

 private:
  int error_number_;
};

// One open file. Blocking; one thread at a time unless said otherwise. All throw DiskError.
class File {
 public:
  virtual ~File() = default;   // closes
  // Reads up to `size` bytes; fewer only at the end of the file. Returns the count.
  virtual std::size_t read_at(std::uint64_t offset, char* bytes, std::size_t size) = 0;
  virtual void write_at(std::uint64_t offset, std::string_view bytes) = 0;   // all of it, or throws
  virtual void sync() = 0;                                                   // fdatasync
  virtual void truncate(std::uint64_t size) = 0;
  virtual void allocate(std::uint64_t size) = 0;   // reserves blocks and extends with zeros up to `size`
  virtual std::uint64_t size() = 0;
  // So that the next read looks at the disk and not at the kernel's memory, as far as the system can be asked for
  // that: a scrub. Never fails.
  virtual void forget_cached(std::uint64_t /*offset*/, std::uint64_t /*size*/) {}
};

enum class OpenMode : std::uint8_t {
  read,           // must exist
  read_write,     // must exist
  create,         // must not exist; mode 0600
  open_or_create
};

class Lock {   // held until destroyed
 public:
  virtual ~Lock() = default;
};

// The files of one node. Every path is relative to the node's data directory and has no "..". The real one is
// POSIX; the simulated one loses unsynced bytes and names at a crash. Thread-safe; all throw DiskError.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual std::unique_ptr<File> open(const std::string& path, OpenMode mode) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual void make_directory(const std::string& path) = 0;   // and its parents; existing is fine; synced
  virtual void rename(const std::string& from, const std::string& to) = 0;
  virtual void remove(const std::string& path) = 0;           // absent is fine
  virtual std::vector<std::string> list(const std::string& directory) = 0;   // plain names, sorted
  virtual void sync_directory(const std::string& path) = 0;   // "" is the data directory itself
  virtual std::unique_ptr<Lock> lock(const std::string& path) = 0;   // null: another process holds it
  virtual std::uint64_t free_bytes() = 0;   // of its file system, for this process; throws where that does not say
  virtual std::string describe(const std::string& path) const = 0;   // the full path, for messages to people
};

}  // namespace parley::store
