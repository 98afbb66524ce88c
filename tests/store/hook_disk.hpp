#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/disk.hpp"

namespace parley::store {

// Another disk, with a call of the test's before each write to a file whose path contains `path`: what another thread
// would do at that moment, always at that moment.
class HookDisk final : public Disk {
 public:
  HookDisk(Disk& below, std::string path, std::function<void()> before_write)
      : below_(below), path_(std::move(path)), before_write_(std::move(before_write)) {}

  std::unique_ptr<File> open(const std::string& path, OpenMode mode) override {
    auto file = below_.open(path, mode);
    if (path.find(path_) == std::string::npos) return file;
    return std::make_unique<HookFile>(std::move(file), before_write_);
  }
  bool exists(const std::string& path) override { return below_.exists(path); }
  void make_directory(const std::string& path) override { below_.make_directory(path); }
  void rename(const std::string& from, const std::string& to) override { below_.rename(from, to); }
  void remove(const std::string& path) override { below_.remove(path); }
  std::vector<std::string> list(const std::string& directory) override { return below_.list(directory); }
  void sync_directory(const std::string& path) override { below_.sync_directory(path); }
  std::unique_ptr<Lock> lock(const std::string& path) override { return below_.lock(path); }
  std::uint64_t free_bytes() override { return below_.free_bytes(); }
  std::string describe(const std::string& path) const override { return below_.describe(path); }

 private:
  class HookFile final : public File {
   public:
    HookFile(std::unique_ptr<File> below, const std::function<void()>& before_write)
        : below_(std::move(below)), before_write_(before_write) {}
    std::size_t read_at(std::uint64_t offset, char* bytes, std::size_t size) override {
      return below_->read_at(offset, bytes, size);
    }
    void write_at(std::uint64_t offset, std::string_view bytes) override {
      before_write_();
      below_->write_at(offset, bytes);
    }
    void sync() override { below_->sync(); }
    void truncate(std::uint64_t size) override { below_->truncate(size); }
    void allocate(std::uint64_t size) override { below_->allocate(size); }
    std::uint64_t size() override { return below_->size(); }

   private:
    std::unique_ptr<File> below_;
    const std::function<void()>& before_write_;
  };

  Disk& below_;
  std::string path_;
  std::function<void()> before_write_;
};

}  // namespace parley::store
