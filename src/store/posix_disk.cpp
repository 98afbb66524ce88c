#include "store/posix_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/assert.hpp"

namespace parley::store {
namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;
constexpr std::size_t zeros_at_once = 1024 * 1024;

// Repeats a call that a signal interrupted. Not for close(2), which must not be repeated on Linux.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

void check_path(const std::string& path) {
  PARLEY_ASSERT(!path.empty() && path.front() != '/', "a path is relative to the data directory");
  for (const auto& part : std::filesystem::path(path)) PARLEY_ASSERT(part != "..", "a path has no \"..\"");
}

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

void sync_descriptor(int fd, const std::string& name) {
  if (uninterrupted([fd] { return ::fsync(fd); }) != 0) throw DiskError("fsync", name, errno);
}

// mkdir -p with the sync that makes each new name last (RELIABILITY.md W9, cockroach#117383).
void make_directories_from_root(const std::filesystem::path& directory) {
  std::filesystem::path made;
  for (const auto& part : directory) {
    if (part.empty()) continue;   // a trailing slash
    const std::filesystem::path parent = made;
    made /= part;
    if (::mkdir(made.c_str(), directory_mode) != 0) {
      const int reason = errno;
      struct stat status{};   // what exists already may refuse with EACCES or EROFS instead of EEXIST
      if (::stat(made.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
      throw DiskError("mkdir", made.string(), reason);
    }
    const Descriptor fd(uninterrupted([&] { return ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (fd.get() < 0) throw DiskError("open", parent.string(), errno);
    sync_descriptor(fd.get(), parent.string());
  }
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  std::size_t read_at(std::uint64_t offset, char* bytes, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = uninterrupted(
          [&] { return ::pread(fd_.get(), bytes + done, size - done, static_cast<off_t>(offset + done)); });
      if (count < 0) fail("pread");
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count =
          uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (count < 0) fail("pwrite");
      offset += static_cast<std::uint64_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void sync() override {
    if (uninterrupted([this] { return ::fdatasync(fd_.get()); }) != 0) fail("fdatasync");
  }

  void truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) fail("ftruncate");
  }

  // fallocate(2) meets a full disk before anything is written; writing the zeros too spares every later fdatasync
  // the conversion of unwritten extents, which costs the file system a journal commit.
  void allocate(std::uint64_t size_wanted) override {
    std::uint64_t at = size();
    if (at >= size_wanted) return;
    const int result = uninterrupted([&] {
      return ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at), static_cast<off_t>(size_wanted - at));
    });
    const bool unsupported = result != 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL);
    if (result != 0 && !unsupported) fail("fallocate");
    const std::string zeros(std::min<std::uint64_t>(zeros_at_once, size_wanted - at), '\0');
    while (at < size_wanted) {
      const auto piece = std::string_view(zeros).substr(0, size_wanted - at);
      write_at(at, piece);
      at += piece.size();
    }
  }

  // Pages that wait to be written stay (posix_fadvise(2)).
  void forget_cached(std::uint64_t offset, std::uint64_t size) override {
    static_cast<void>(::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size),
                                      POSIX_FADV_DONTNEED));
  }

  std::uint64_t size() override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) fail("fstat");
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  [[noreturn]] void fail(const char* operation) const {
    const int reason = errno;
    throw DiskError(operation, name_, reason);
  }

  Descriptor fd_;
  std::string name_;
};

class PosixLock final : public Lock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;   // closing it releases the lock
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read: return O_RDONLY;
    case OpenMode::read_write: return O_RDWR;
    case OpenMode::create: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::open_or_create: return O_RDWR | O_CREAT;
  }
  PARLEY_ASSERT(false, "an open mode that isn't one");
}

Descriptor open_root(const std::filesystem::path& root) {
  make_directories_from_root(root);
  const int fd = uninterrupted([&] { return ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) throw DiskError("open", root.string(), errno);
  return Descriptor(fd);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

PosixDisk::PosixDisk(const std::filesystem::path& directory)
    : root_(std::filesystem::absolute(directory).lexically_normal()), directory_(open_root(root_)) {}

std::unique_ptr<File> PosixDisk::open(const std::string& path, OpenMode mode) {
  check_path(path);
  const int flags = flags_of(mode) | O_CLOEXEC;
  const int fd = uninterrupted([&] { return ::openat(directory_.get(), path.c_str(), flags, file_mode); });
  if (fd < 0) fail("open", path);
  return std::make_unique<PosixFile>(Descriptor(fd), describe(path));
}

bool PosixDisk::exists(const std::string& path) {
  check_path(path);
  struct stat status{};
  if (::fstatat(directory_.get(), path.c_str(), &status, 0) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  fail("stat", path);
}

void PosixDisk::make_directory(const std::string& path) {
  check_path(path);
  std::filesystem::path made;
  for (const auto& part : std::filesystem::path(path)) {
    if (part.empty()) continue;   // a trailing slash
    made /= part;
    const std::string name = made.string();
    if (::mkdirat(directory_.get(), name.c_str(), directory_mode) == 0) sync_directory(parent_of(name));
    else if (errno != EEXIST) fail("mkdir", name);
  }
  open_directory(path);   // throws if what exists there is no directory
}

void PosixDisk::rename(const std::string& from, const std::string& to) {
  check_path(from);
  check_path(to);
  if (::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) != 0) fail("rename", from);
}

void PosixDisk::remove(const std::string& path) {
  check_path(path);
  if (::unlinkat(directory_.get(), path.c_str(), 0) != 0 && errno != ENOENT) fail("unlink", path);
}

std::vector<std::string> PosixDisk::list(const std::string& directory) {
  Descriptor opened = open_directory(directory);
  // fdopendir(3) takes the descriptor over; a copy keeps ownership simple when it fails.
  const int copy = ::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0);
  DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
  if (stream == nullptr) fail("opendir", directory);
  std::vector<std::string> names;
  errno = 0;   // readdir(3) tells its end from an error by errno alone
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int reason = errno;
  ::closedir(stream);
  if (reason != 0) throw DiskError("readdir", describe(directory), reason);
  std::sort(names.begin(), names.end());
  return names;
}

void PosixDisk::sync_directory(const std::string& path) {
  const Descriptor opened = open_directory(path);
  sync_descriptor(opened.get(), describe(path));
}

std::unique_ptr<Lock> PosixDisk::lock(const std::string& path) {
  check_path(path);
  Descriptor fd(uninterrupted(
      [&] { return ::openat(directory_.get(), path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode); }));
  if (fd.get() < 0) fail("open", path);
  if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return nullptr;
    fail("flock", path);
  }
  PosixFile file(Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)), describe(path));
  file.truncate(0);
  file.write_at(0, std::to_string(::getpid()) + "\n");
  return std::make_unique<PosixLock>(std::move(fd));
}

std::uint64_t PosixDisk::free_bytes() {
  struct statvfs status{};
  if (uninterrupted([&] { return ::fstatvfs(directory_.get(), &status); }) != 0) fail("fstatvfs", "");
  if (status.f_blocks == 0) throw DiskError("find out what is free at", describe(""), ENOTSUP);
  return static_cast<std::uint64_t>(status.f_bavail) * static_cast<std::uint64_t>(status.f_frsize);
}

std::string PosixDisk::describe(const std::string& path) const {
  return path.empty() ? root_.string() : (root_ / path).string();
}

Descriptor PosixDisk::open_directory(const std::string& path) const {
  if (!path.empty()) check_path(path);
  const char* name = path.empty() ? "." : path.c_str();
  const int fd = uninterrupted(
      [&] { return ::openat(directory_.get(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) fail("open", path);
  return Descriptor(fd);
}

void PosixDisk::fail(const char* operation, const std::string& path) const {
  const int reason = errno;   // before describe() allocates
  throw DiskError(operation, describe(path), reason);
}

}  // namespace parley::store
