#include "store/memory_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "store/memory_disk_inode.hpp"

namespace parley::store {
namespace {

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

void check_path(const std::string& path) {
  PARLEY_ASSERT(!path.empty() && path.front() != '/' && path.find("..") == std::string::npos,
                "a path is relative to the data directory and has no \"..\"");
}

using InodePtr = std::shared_ptr<MemoryInode>;
using Names = std::map<std::string, InodePtr>;

// One change of one directory; atomic at a crash. A null inode takes the name away.
struct NameChange {
  std::string directory;
  std::vector<std::pair<std::string, InodePtr>> sets;
};

void apply_change(const NameChange& change, Names& names) {
  for (const auto& [name, inode] : change.sets) {
    if (inode) names[name] = inode;
    else names.erase(name);
  }
}

}  // namespace

struct MemoryDisk::Core {
  mutable std::mutex mutex;
  Names names;                      // what the process sees
  Names synced_names;               // what is on the platter
  std::vector<NameChange> changed;  // between the two, in order
  std::set<std::string> directories;
  std::set<std::string> locked;
  std::vector<Fault> faults;
  std::uint64_t free_bytes = plenty;
  std::uint64_t changes = 0;
  std::uint64_t stop_bytes = 0;
  std::optional<std::uint64_t> stop_at;   // count of changes at which the power fails
  std::uint64_t life = 1;                 // handles of an earlier one are dead

  // Throws if this call is to fail; `bytes` is how much of a failing write happens all the same.
  void attempt(Operation operation, const std::string& path, std::uint64_t* bytes = nullptr) {
    if (operation != Operation::read) ++changes;
    if (stop_at && changes > *stop_at) {
      if (bytes && changes == *stop_at + 1) *bytes = stop_bytes;
      throw DiskError("the power failed: use", path, EIO);
    }
    for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
      if (fault->operation != operation || path.find(fault->path) == std::string::npos) continue;
      if (--fault->nth > 0) continue;
      const Fault met = *fault;
      faults.erase(fault);
      if (bytes) *bytes = met.bytes_done;
      throw DiskError("injected fault: use", path, met.error_number);
    }
  }

  void expect_room(const std::string& path) const {
    if (free_bytes == 0) throw DiskError("no space is left: use", path, ENOSPC);
  }

  void change_names(NameChange change) {
    apply_change(change, names);
    changed.push_back(std::move(change));
  }

  InodePtr find(const std::string& path) const {
    const auto found = names.find(path);
    return found == names.end() ? nullptr : found->second;
  }

  void end_process() {
    ++life;
    locked.clear();
    faults.clear();
    stop_at.reset();
  }

  std::vector<InodePtr> inodes() const {   // each once, in the order of its first name
    std::vector<InodePtr> all;
    const auto add = [&all](const InodePtr& inode) {
      if (inode && std::find(all.begin(), all.end(), inode) == all.end()) all.push_back(inode);
    };
    for (const auto& [name, inode] : names) add(inode);
    for (const auto& [name, inode] : synced_names) add(inode);
    for (const auto& change : changed) {
      for (const auto& [name, inode] : change.sets) add(inode);
    }
    return all;
  }

  void lose_unsynced_names() {
    names = synced_names;
    changed.clear();
  }
};

class MemoryDisk::MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<Core> core, InodePtr inode, std::string path, bool writable)
      : core_(std::move(core)), inode_(std::move(inode)), path_(std::move(path)), life_(core_->life),
        writable_(writable) {}

  std::size_t read_at(std::uint64_t offset, char* bytes, std::size_t size) override {
    const auto guard = begin(Operation::read);
    return inode_->current.read(offset, bytes, size);
  }

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard guard(core_->mutex);
    check_alive();
    PARLEY_ASSERT(writable_, "a write to a file opened for reading");
    std::uint64_t bytes_done = 0;
    try {
      core_->attempt(Operation::write, path_, &bytes_done);
    } catch (const DiskError&) {
      inode_->write(offset, bytes.substr(0, bytes_done));
      throw;
    }
    if (offset + bytes.size() > inode_->current.size()) core_->expect_room(path_);
    inode_->write(offset, bytes);
  }

  void sync() override {
    const std::lock_guard guard(core_->mutex);
    check_alive();
    try {
      core_->attempt(Operation::sync, path_);
    } catch (const DiskError&) {
      // As ext4 and XFS do (RELIABILITY.md section 3): the pages are clean now, the next sync succeeds, the bytes
      // stay readable until the power goes, and never reach the platter.
      if (!core_->stop_at || core_->changes <= *core_->stop_at) inode_->dirty.clear();
      throw;
    }
    inode_->sync();
  }

  void truncate(std::uint64_t size) override {
    const auto guard = begin(Operation::truncate);
    inode_->resize(size);
  }

  void allocate(std::uint64_t size) override {
    const auto guard = begin(Operation::allocate);
    if (size <= inode_->current.size()) return;
    core_->expect_room(path_);
    inode_->resize(size);
  }

  std::uint64_t size() override {
    const std::lock_guard guard(core_->mutex);
    check_alive();
    return inode_->current.size();
  }

 private:
  std::unique_lock<std::mutex> begin(Operation operation) {
    std::unique_lock guard(core_->mutex);
    check_alive();
    core_->attempt(operation, path_);
    return guard;
  }
  void check_alive() const {
    if (life_ != core_->life) throw DiskError("the process ended: use", path_, EBADF);
  }

  std::shared_ptr<Core> core_;
  InodePtr inode_;
  std::string path_;
  std::uint64_t life_;
  bool writable_;
};

class MemoryDisk::MemoryLock final : public Lock {
 public:
  MemoryLock(std::shared_ptr<Core> core, std::string path)
      : core_(std::move(core)), path_(std::move(path)), life_(core_->life) {}
  ~MemoryLock() override {
    const std::lock_guard guard(core_->mutex);
    if (life_ == core_->life) core_->locked.erase(path_);
  }
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;

 private:
  std::shared_ptr<Core> core_;
  std::string path_;
  std::uint64_t life_;
};

MemoryDisk::MemoryDisk() : core_(std::make_shared<Core>()) { core_->directories.insert(""); }
MemoryDisk::~MemoryDisk() = default;

std::unique_ptr<MemoryDisk> MemoryDisk::clone() const {
  auto copy = std::make_unique<MemoryDisk>();
  const std::lock_guard guard(core_->mutex);
  std::map<InodePtr, InodePtr> copies;   // keyed for look-up only, never iterated
  const auto copied = [&copies](const InodePtr& inode) {
    auto& place = copies[inode];
    if (!place && inode) place = std::make_shared<MemoryInode>(*inode);
    return place;
  };
  for (const auto& [name, inode] : core_->names) copy->core_->names[name] = copied(inode);
  for (const auto& [name, inode] : core_->synced_names) copy->core_->synced_names[name] = copied(inode);
  for (NameChange change : core_->changed) {
    for (auto& [name, inode] : change.sets) inode = copied(inode);
    copy->core_->changed.push_back(std::move(change));
  }
  copy->core_->directories = core_->directories;
  return copy;
}

std::unique_ptr<File> MemoryDisk::open(const std::string& path, OpenMode mode) {
  check_path(path);
  const std::lock_guard guard(core_->mutex);
  InodePtr inode = core_->find(path);
  if (inode && mode == OpenMode::create) throw DiskError("open", describe(path), EEXIST);
  if (core_->directories.count(path) > 0) throw DiskError("open", describe(path), EISDIR);
  if (!inode) {
    const bool creates = mode == OpenMode::create || mode == OpenMode::open_or_create;
    if (!creates || core_->directories.count(parent_of(path)) == 0) throw DiskError("open", describe(path), ENOENT);
    core_->attempt(Operation::create, path);
    core_->expect_room(path);
    inode = std::make_shared<MemoryInode>();
    core_->change_names({parent_of(path), {{path, inode}}});
  }
  return std::make_unique<MemoryFile>(core_, inode, path, mode != OpenMode::read);
}

bool MemoryDisk::exists(const std::string& path) {
  check_path(path);
  const std::lock_guard guard(core_->mutex);
  return core_->find(path) != nullptr || core_->directories.count(path) > 0;
}

void MemoryDisk::make_directory(const std::string& path) {
  check_path(path);
  const std::lock_guard guard(core_->mutex);
  for (std::string at = path; !at.empty(); at = parent_of(at)) {
    if (core_->find(at)) throw DiskError("mkdir", describe(at), EEXIST);
    core_->directories.insert(at);
  }
}

void MemoryDisk::rename(const std::string& from, const std::string& to) {
  check_path(from);
  check_path(to);
  PARLEY_ASSERT(parent_of(from) == parent_of(to), "a rename stays within its directory");
  const std::lock_guard guard(core_->mutex);
  const InodePtr inode = core_->find(from);
  if (!inode) throw DiskError("rename", describe(from), ENOENT);
  core_->attempt(Operation::rename, from);
  core_->change_names({parent_of(from), {{from, nullptr}, {to, inode}}});
}

void MemoryDisk::remove(const std::string& path) {
  check_path(path);
  const std::lock_guard guard(core_->mutex);
  if (!core_->find(path)) return;
  core_->attempt(Operation::remove, path);
  core_->change_names({parent_of(path), {{path, nullptr}}});
}

std::vector<std::string> MemoryDisk::list(const std::string& directory) {
  const std::lock_guard guard(core_->mutex);
  if (core_->directories.count(directory) == 0) throw DiskError("opendir", describe(directory), ENOENT);
  std::vector<std::string> result;
  const std::size_t skip = directory.empty() ? 0 : directory.size() + 1;
  for (const auto& [path, inode] : core_->names) {
    if (parent_of(path) == directory) result.push_back(path.substr(skip));
  }
  for (const auto& path : core_->directories) {
    if (!path.empty() && parent_of(path) == directory) result.push_back(path.substr(skip));
  }
  std::sort(result.begin(), result.end());
  return result;
}

void MemoryDisk::sync_directory(const std::string& path) {
  const std::lock_guard guard(core_->mutex);
  if (core_->directories.count(path) == 0) throw DiskError("open", describe(path), ENOENT);
  core_->attempt(Operation::sync_directory, path);
  std::vector<NameChange> others;
  for (auto& change : core_->changed) {
    if (change.directory == path) apply_change(change, core_->synced_names);
    else others.push_back(std::move(change));
  }
  core_->changed = std::move(others);
}

std::unique_ptr<Lock> MemoryDisk::lock(const std::string& path) {
  check_path(path);
  const std::lock_guard guard(core_->mutex);
  if (!core_->locked.insert(path).second) return nullptr;
  return std::make_unique<MemoryLock>(core_, path);
}

std::string MemoryDisk::describe(const std::string& path) const { return "memory:/" + path; }

void MemoryDisk::fail(Fault fault) {
  PARLEY_ASSERT(fault.nth > 0, "faults are counted from 1");
  const std::lock_guard guard(core_->mutex);
  core_->faults.push_back(std::move(fault));
}

void MemoryDisk::set_free_bytes(std::uint64_t bytes) {
  const std::lock_guard guard(core_->mutex);
  core_->free_bytes = bytes;
}

std::uint64_t MemoryDisk::free_bytes() {
  const std::lock_guard guard(core_->mutex);
  return core_->free_bytes;
}

void MemoryDisk::stop_after(std::uint64_t changes, std::uint64_t bytes) {
  const std::lock_guard guard(core_->mutex);
  core_->stop_at = core_->changes + changes;
  core_->stop_bytes = bytes;
}

std::uint64_t MemoryDisk::changes() const {
  const std::lock_guard guard(core_->mutex);
  return core_->changes;
}

void MemoryDisk::expect_power() const {
  const std::lock_guard guard(core_->mutex);
  if (core_->stop_at && core_->changes > *core_->stop_at) throw DiskError("the power failed: use", "anything", EIO);
}

bool MemoryDisk::forgive() {
  const std::lock_guard guard(core_->mutex);
  core_->faults.clear();
  if (core_->stop_at && core_->changes <= *core_->stop_at) core_->stop_at.reset();
  return core_->stop_at.has_value();
}

void MemoryDisk::kill() {
  const std::lock_guard guard(core_->mutex);
  core_->end_process();
}

void MemoryDisk::crash(Random& random) {
  const std::lock_guard guard(core_->mutex);
  core_->end_process();
  for (const auto& inode : core_->inodes()) inode->crash(random);
  const auto pattern = random.below(4);
  const std::uint64_t prefix = random.below(core_->changed.size() + 1);
  for (std::size_t i = 0; i < core_->changed.size(); ++i) {
    const bool draw = random.chance(0.5);
    const bool survives = pattern == 1 || (pattern == 2 && i < prefix) || (pattern == 3 && draw);
    if (survives) apply_change(core_->changed[i], core_->synced_names);
  }
  core_->lose_unsynced_names();
}

void MemoryDisk::crash_losing_all_unsynced() {
  const std::lock_guard guard(core_->mutex);
  core_->end_process();
  for (const auto& inode : core_->inodes()) inode->lose_unsynced();
  core_->lose_unsynced_names();
}

void MemoryDisk::lose_everything() {
  const std::lock_guard guard(core_->mutex);
  core_->end_process();
  core_->names.clear();
  core_->synced_names.clear();
  core_->changed.clear();
  std::erase_if(core_->directories, [](const auto& path) { return !path.empty(); });
}

void MemoryDisk::go_back_to(const MemoryDisk& earlier) {
  const auto copy = earlier.clone();
  const std::lock_guard guard(core_->mutex);
  core_->end_process();
  core_->names = std::move(copy->core_->names);
  core_->synced_names = std::move(copy->core_->synced_names);
  core_->changed = std::move(copy->core_->changed);
  core_->directories = std::move(copy->core_->directories);
}

std::string MemoryDisk::contents(const std::string& path) const {
  const std::lock_guard guard(core_->mutex);
  const InodePtr inode = core_->find(path);
  PARLEY_ASSERT(inode != nullptr, "contents() of a file that exists");
  return inode->current.read(0, static_cast<std::size_t>(inode->current.size()));
}

void MemoryDisk::overwrite(const std::string& path, std::string bytes) {
  check_path(path);
  const std::lock_guard guard(core_->mutex);
  auto inode = std::make_shared<MemoryInode>();
  inode->write(0, bytes);
  inode->sync();
  core_->names[path] = inode;
  core_->synced_names[path] = inode;
}

void MemoryDisk::flip(const std::string& path, std::uint64_t bit) {
  const std::lock_guard guard(core_->mutex);
  const InodePtr inode = core_->find(path);
  PARLEY_ASSERT(inode != nullptr && bit / 8 < inode->current.size(), "flip() of a bit that exists");
  for (auto* image : {&inode->current, &inode->synced}) {
    auto byte = image->read(bit / 8, 1);
    if (byte.empty()) continue;
    byte[0] = static_cast<char>(byte[0] ^ (1 << (bit % 8)));
    image->write(bit / 8, byte);
  }
}

}  // namespace parley::store
