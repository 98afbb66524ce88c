#pragma once

#include <filesystem>

#include "store/disk.hpp"

namespace parley::store {

// A file descriptor that closes itself. close() after a sync has nothing left to report, so its error is dropped.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// The data directory of one node on a POSIX file system. Made (mode 0700) if absent, its parents too, each synced
// into its own parent (RELIABILITY.md W9). All paths are resolved against the directory's descriptor, so the node
// keeps its files even if somebody renames the directory under it.
class PosixDisk final : public Disk {
 public:
  explicit PosixDisk(const std::filesystem::path& directory);   // throws DiskError

  std::unique_ptr<File> open(const std::string& path, OpenMode mode) override;
  bool exists(const std::string& path) override;
  void make_directory(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& path) override;
  std::vector<std::string> list(const std::string& directory) override;
  void sync_directory(const std::string& path) override;
  // The lock file holds the holder's process id as text, so that a message to people can name it. It is flock(2):
  // released by the kernel however the process ends.
  std::unique_ptr<Lock> lock(const std::string& path) override;
  std::uint64_t free_bytes() override;   // statvfs(3): what root alone may use is not free
  std::string describe(const std::string& path) const override;

 private:
  Descriptor open_directory(const std::string& path) const;
  [[noreturn]] void fail(const char* operation, const std::string& path) const;   // by errno

  std::filesystem::path root_;   // absolute
  Descriptor directory_;
};

}  // namespace parley::store
