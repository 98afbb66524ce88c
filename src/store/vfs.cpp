#include "store/vfs.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "store/vfs_methods.hpp"

namespace parley::store {

namespace {

// For sorting and the like, should SQLite ever ask: we set temp_store = MEMORY.
class HeapFile final : public File {
 public:
  std::size_t read_at(std::uint64_t offset, char* bytes, std::size_t size) override {
    if (offset >= bytes_.size()) return 0;
    const std::size_t count = std::min<std::size_t>(size, bytes_.size() - offset);
    std::memcpy(bytes, bytes_.data() + offset, count);
    return count;
  }
  void write_at(std::uint64_t offset, std::string_view bytes) override {
    if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
    bytes_.replace(offset, bytes.size(), bytes);
  }
  void sync() override {}
  void truncate(std::uint64_t size) override { bytes_.resize(size); }
  void allocate(std::uint64_t size) override { bytes_.resize(std::max<std::size_t>(size, bytes_.size())); }
  std::uint64_t size() override { return bytes_.size(); }

 private:
  std::string bytes_;
};

constexpr int path_max = 512;
constexpr std::int64_t julian_ms_at_1970 = 210'866'760'000'000;   // xCurrentTimeInt64 counts from -4713-11-24 noon

VfsHooks with_defaults(VfsHooks hooks) {
  if (!hooks.randomness) {
    hooks.randomness = [](char* bytes, std::size_t size) {
      constexpr std::size_t at_once = 256;   // getentropy(3)
      for (std::size_t done = 0; done < size; done += at_once) {
        const int failed = ::getentropy(bytes + done, std::min(size - done, at_once));
        PARLEY_ASSERT(failed == 0, "the kernel has random bytes");
      }
    };
  }
  if (!hooks.now_ms) {
    hooks.now_ms = [] {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      return std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
    };
  }
  if (!hooks.sleep) {
    hooks.sleep = [](std::int64_t us) { std::this_thread::sleep_for(std::chrono::microseconds(us)); };
  }
  return hooks;
}

}  // namespace

struct Vfs::Impl {
  Impl(Disk& on, VfsHooks with, std::string called);
  ~Impl() { sqlite3_vfs_unregister(&methods); }

  std::shared_ptr<SharedFile> share(const std::string& path);
  int open(const char* name, SqliteFile& file, int flags, int* flags_out);

  static Impl& of(sqlite3_vfs* vfs) { return *static_cast<Impl*>(vfs->pAppData); }

  // https://www.sqlite.org/c3ref/vfs.html
  static int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out);
  static int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory);
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* answer);
  static int full_pathname(sqlite3_vfs* vfs, const char* name, int size, char* out);
  static int randomness(sqlite3_vfs* vfs, int size, char* out);
  static int sleep(sqlite3_vfs* vfs, int microseconds);
  static int current_time(sqlite3_vfs* vfs, double* days);
  static int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* ms);

  Disk& disk;
  VfsHooks hooks;
  std::string name;
  sqlite3_vfs methods{};
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<SharedFile>> shared_files;   // by path
};

Vfs::Impl::Impl(Disk& on, VfsHooks with, std::string called)
    : disk(on), hooks(with_defaults(std::move(with))), name(std::move(called)) {
  methods.iVersion = 2;
  methods.szOsFile = sizeof(SqliteFile);
  methods.mxPathname = path_max;
  methods.zName = name.c_str();
  methods.pAppData = this;
  methods.xOpen = open_file;
  methods.xDelete = delete_file;
  methods.xAccess = access;
  methods.xFullPathname = full_pathname;
  // No extension is ever loaded.
  methods.xDlOpen = [](sqlite3_vfs*, const char*) -> void* { return nullptr; };
  methods.xDlError = [](sqlite3_vfs*, int size, char* out) { sqlite3_snprintf(size, out, "no extensions"); };
  methods.xDlSym = [](sqlite3_vfs*, void*, const char*) -> void (*)() { return nullptr; };
  methods.xDlClose = [](sqlite3_vfs*, void*) {};
  methods.xRandomness = randomness;
  methods.xSleep = sleep;
  methods.xCurrentTime = current_time;
  methods.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  methods.xCurrentTimeInt64 = current_time_ms;
  const int registered = sqlite3_vfs_register(&methods, /*as the default*/ 0);
  PARLEY_ASSERT(registered == SQLITE_OK, "SQLite takes another VFS");
}

std::shared_ptr<SharedFile> Vfs::Impl::share(const std::string& path) {
  const std::lock_guard lock(mutex);
  std::erase_if(shared_files, [](const auto& file) { return file.second.expired(); });
  auto& known = shared_files[path];
  auto shared = known.lock();
  if (!shared) known = shared = std::make_shared<SharedFile>();
  return shared;
}

int Vfs::Impl::open(const char* file_name, SqliteFile& out, int flags, int* flags_out) {
  if (flags_out != nullptr) *flags_out = flags;
  if (file_name == nullptr) {   // a temporary file of SQLite's
    out.file = new OpenFile(disk, "(temporary)", std::make_unique<HeapFile>(), std::make_shared<SharedFile>());
    out.base.pMethods = &io_methods;
    return SQLITE_OK;
  }
  const std::string path = file_name;
  const bool exists = disk.exists(path);
  if (!exists && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
  if (exists && (flags & SQLITE_OPEN_EXCLUSIVE)) return SQLITE_CANTOPEN;
  OpenMode mode = OpenMode::read_write;
  if (flags & SQLITE_OPEN_READONLY) mode = OpenMode::read;
  if (flags & SQLITE_OPEN_CREATE) mode = OpenMode::open_or_create;
  auto shared = share(path);
  auto file = disk.open(path, mode);
  if (!exists) shared->name_is_new = true;
  std::unique_ptr<OpenFile> opened;
  if (flags & SQLITE_OPEN_MAIN_DB) {
    opened = std::make_unique<DatabaseFile>(disk, path, std::move(file), std::move(shared));
  } else if (flags & SQLITE_OPEN_WAL) {
    opened = std::make_unique<WalFile>(disk, path, std::move(file), std::move(shared));
  } else {
    opened = std::make_unique<OpenFile>(disk, path, std::move(file), std::move(shared));
  }
  out.file = opened.release();
  out.delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) ? &disk : nullptr;
  out.base.pMethods = &io_methods;
  return SQLITE_OK;
}

int Vfs::Impl::open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto& out = *reinterpret_cast<SqliteFile*>(file);
  out = SqliteFile{};   // without methods SQLite does not close what could not be opened
  return answer_sqlite(SQLITE_CANTOPEN, [&] { return of(vfs).open(name, out, flags, flags_out); });
}

int Vfs::Impl::delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  return answer_sqlite(SQLITE_IOERR_DELETE, [=] {
    Disk& disk = of(vfs).disk;
    const std::string path = name;
    if (!disk.exists(path)) return SQLITE_IOERR_DELETE_NOENT;
    disk.remove(path);
    if (sync_directory) disk.sync_directory(directory_of(path));
    return SQLITE_OK;
  });
}

int Vfs::Impl::access(sqlite3_vfs* vfs, const char* name, int, int* answer) {
  return answer_sqlite(SQLITE_IOERR_ACCESS, [=] {
    *answer = of(vfs).disk.exists(name) ? 1 : 0;   // what is in the data directory is ours to read and write
    return SQLITE_OK;
  });
}

int Vfs::Impl::full_pathname(sqlite3_vfs*, const char* name, int size, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  sqlite3_snprintf(size, out, "%s", name);   // paths of a Disk are whole as they are
  return SQLITE_OK;
}

int Vfs::Impl::randomness(sqlite3_vfs* vfs, int size, char* out) {
  of(vfs).hooks.randomness(out, static_cast<std::size_t>(size));
  return size;
}

int Vfs::Impl::sleep(sqlite3_vfs* vfs, int microseconds) {
  of(vfs).hooks.sleep(microseconds);
  return microseconds;
}

int Vfs::Impl::current_time(sqlite3_vfs* vfs, double* days) {
  *days = static_cast<double>(of(vfs).hooks.now_ms() + julian_ms_at_1970) / 86'400'000.0;
  return SQLITE_OK;
}

int Vfs::Impl::current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* ms) {
  *ms = of(vfs).hooks.now_ms() + julian_ms_at_1970;
  return SQLITE_OK;
}

namespace {

struct Registry {
  struct Known {
    Disk* disk;
    std::weak_ptr<Vfs> vfs;
  };
  std::mutex mutex;
  std::vector<Known> known;
  std::uint64_t made = 0;
};

Registry& registry() {
  static Registry one;
  return one;
}

}  // namespace

Vfs::Vfs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Vfs::~Vfs() = default;

std::shared_ptr<Vfs> Vfs::on(Disk& disk, VfsHooks hooks) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.known, [](const Registry::Known& known) { return known.vfs.expired(); });
  for (const Registry::Known& known : all.known) {
    if (known.disk != &disk) continue;
    if (auto vfs = known.vfs.lock()) return vfs;
  }
  auto impl = std::make_unique<Impl>(disk, std::move(hooks), "parley-" + std::to_string(++all.made));
  std::shared_ptr<Vfs> vfs(new Vfs(std::move(impl)));
  all.known.push_back({&disk, vfs});
  return vfs;
}

const char* Vfs::name() const { return impl_->name.c_str(); }

std::unique_ptr<OpenFile> Vfs::open_database(const std::string& path) {
  auto file = impl_->disk.open(path, OpenMode::read);
  return std::make_unique<DatabaseFile>(impl_->disk, path, std::move(file), impl_->share(path));
}

std::unique_ptr<OpenFile> Vfs::open_wal(const std::string& path) {
  auto file = impl_->disk.open(path, OpenMode::read);
  return std::make_unique<WalFile>(impl_->disk, path, std::move(file), impl_->share(path));
}

bool Vfs::in_use(const std::string& path) {
  const std::lock_guard lock(impl_->mutex);
  const auto known = impl_->shared_files.find(path);
  return known != impl_->shared_files.end() && !known->second.expired();
}

void seed_sqlite_for_simulation(std::uint32_t seed) {
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed), nullptr);
}

}  // namespace parley::store
