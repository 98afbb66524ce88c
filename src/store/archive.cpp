#include "store/archive.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "store/archive_connection.hpp"
#include "store/archive_copy.hpp"
#include "store/archive_gate.hpp"
#include "store/archive_install.hpp"
#include "store/archive_mark.hpp"
#include "store/archive_reader.hpp"
#include "store/archive_rows.hpp"
#include "store/archive_schema.hpp"
#include "store/archive_writer.hpp"
#include "store/page_checksum.hpp"

namespace parley::store {

namespace {

class SqliteArchive final : public Archive {
 public:
  SqliteArchive(Disk& disk, std::string file, std::unique_ptr<ArchiveConnection> connection, StoredPosition stored,
                bool installed)
      : disk_(disk),
        file_(std::move(file)),
        installed_(installed),
        connection_(std::move(connection)),
        writer_(connection_->run([&] { return std::make_unique<ArchiveWriter>(*connection_, std::move(stored)); })) {}

  void write(const ArchiveBatch& batch) override {
    PARLEY_ASSERT(!installed_, "an installed archive is joined by the log before it goes on (decision 0010)");
    once_sound([&] { connection_->run([&] { writer_->write(batch); }); });
  }

  void checkpoint() override {
    once_sound([&] {
      // The mark may promise only what a power cut can't take back.
      if (disk_.exists(wal_of(file_))) Vfs::on(disk_)->open_wal(wal_of(file_))->sync();
      Mark mark{writer_->writes(), wal_extent(disk_, wal_of(file_))};
      write_mark(disk_, mark_of(file_), mark);
      const bool whole = connection_->run([&] {
        copy_pages(SQLITE_CHECKPOINT_PASSIVE);   // most of the work, while readers read
        const ReaderGate::Closed nobody_reads(gate_);
        if (gate_.somebody_stays()) return false;   // the write-ahead file, synced above, holds what is not copied
        copy_pages(SQLITE_CHECKPOINT_TRUNCATE);
        return true;
      });
      if (!whole || mark.wal.frames == 0) return;
      mark.wal = {};   // from here on a write-ahead file that is damaged only means what its end would
      write_mark(disk_, mark_of(file_), mark);
    });
  }

  void joined() override {
    once_sound([&] { connection_->run([&] { clear_installed(*connection_); }); });
    checkpoint();   // a mark that came back would let the log begin anew once more, whatever was acknowledged since
    installed_ = false;
  }

  Result<ArchiveCopy> copy(const std::string& path, std::stop_token stop) override {
    if (installed_) return Error{disk_.describe(file_) + " was just installed and is not joined by the log yet"};
    return copy_archive(disk_, file_, path, gate_, std::move(stop));
  }

  std::uint64_t file_bytes() override { return disk_.open(file_, OpenMode::read)->size(); }

  std::unique_ptr<ArchiveReader> reader() override { return SqliteArchiveReader::open(disk_, file_, gate_); }

  Result<Nothing> scrub() override;
  Result<ScrubProgress> scrub_part(std::uint64_t first_page, std::uint64_t pages) override;
  void scrub_wal(Vfs& vfs);

 private:
  void copy_pages(int mode) {
    const int code = sqlite3_wal_checkpoint_v2(connection_->database().getHandle(), "main", mode, nullptr, nullptr);
    if (code != SQLITE_OK) throw SQLite::Exception(connection_->database().getHandle(), code);
  }

  // After a failed write nobody knows what is on the disk, so nothing is written on top of it.
  template <class Work>
  void once_sound(Work work) {
    if (failed_) std::rethrow_exception(failed_);
    try {
      work();
    } catch (...) {
      failed_ = std::current_exception();
      throw;
    }
  }

  Disk& disk_;
  std::string file_;
  ReaderGate gate_;
  std::atomic<bool> installed_;   // written on Lane::archive, read by copy() too
  std::unique_ptr<ArchiveConnection> connection_;
  std::unique_ptr<ArchiveWriter> writer_;
  std::exception_ptr failed_;
};

// -- scrub ----------------------------------------------------------------------------------------------------

// What SQLite's write-ahead file holds, by the copy of its checksums in memory. Throws ArchiveDamaged.
void SqliteArchive::scrub_wal(Vfs& vfs) {
  const std::string wal_file = wal_of(file_);
  if (!disk_.exists(wal_file)) return;
  const auto wal = vfs.open_wal(wal_file);
  wal->forget_cached(0, wal->size());
  std::string frame(WalGuard::frame_header_size + page_size, '\0');
  for (std::uint64_t at = WalGuard::file_header_size; at + frame.size() <= wal->size(); at += frame.size()) {
    wal->read(at, frame.data(), frame.size());
  }
}

Result<ScrubProgress> SqliteArchive::scrub_part(std::uint64_t first_page, std::uint64_t pages) {
  ScrubProgress progress;
  char page[page_size];
  try {
    const auto vfs = Vfs::on(disk_);
    const auto database = vfs->open_database(file_);
    progress.pages = (database->size() + page_size - 1) / page_size;
    std::uint64_t next = std::clamp<std::uint64_t>(first_page, 1, progress.pages + 1);
    const std::uint64_t end = progress.pages + 1 - next < pages ? progress.pages + 1 : next + pages;
    database->forget_cached((next - 1) * page_size, (end - next) * page_size);
    for (; next < end; ++next) {
      if (next != lock_byte_page) database->read((next - 1) * page_size, page, page_size);
    }
    if (next <= progress.pages) progress.next_page = next;
    else scrub_wal(*vfs);
  } catch (const ArchiveDamaged& damage) {
    return Error{damage.what()};
  } catch (const DiskError& error) {   // W11: what can't be read is as good as damaged
    return Error{std::string(error.what()) + ": the archive can't be read"};
  }
  return progress;
}

Result<Nothing> SqliteArchive::scrub() {
  const auto all = scrub_part(1, ~0ULL);
  if (!all.ok()) return all.error();
  return success();
}

// -- open -----------------------------------------------------------------------------------------------------

// The database file is gone, but not what belongs to it: that is no fresh start.
std::optional<Refusal> left_behind(Disk& disk, const std::string& file) {
  for (const std::string& companion : {wal_of(file), mark_of(file)}) {
    if (!disk.exists(companion)) continue;
    return damage(disk.describe(file) + ": the archive is missing, although " + disk.describe(companion) +
                  " belongs to it");
  }
  return std::nullopt;
}

// Before SQLite reads it, and cuts it off. Throws ArchiveDamaged.
void check_write_ahead(Disk& disk, const std::string& file, const std::optional<Mark>& marked) {
  if (!marked) return;
  const std::string wal = wal_of(file);
  if (const auto wrong = wal_lacks(disk, wal, marked->wal)) throw ArchiveDamaged(disk.describe(wal) + " " + *wrong);
}

// Throws ArchiveDamaged where the archive holds less than it once did.
void check_mark(Disk& disk, const std::string& file, const std::optional<Mark>& marked, std::uint64_t writes) {
  if (!marked || writes >= marked->transactions) return;
  throw ArchiveDamaged(disk.describe(file) + ": the archive ends with its transaction " + std::to_string(writes) +
                       ", although a checkpoint had begun with " + std::to_string(marked->transactions) + ": " +
                       disk.describe(wal_of(file)) + " is damaged or missing, or one of the files is an old copy");
}

Result<Archive::Opened, Refusal> open_existing(Disk& disk, const std::string& file) {
  const auto marked = read_mark(disk, mark_of(file));
  check_write_ahead(disk, file, marked);
  auto connection = std::make_unique<ArchiveConnection>(disk, file, ArchiveConnection::Use::write);
  if (auto version = check_version(*connection); !version) return refusal(version.error());
  const auto stored = connection->run([&] { return read_position(*connection); }).value_or(StoredPosition{});
  check_mark(disk, file, marked, stored.writes);
  Archive::Opened opened;
  opened.position = stored.position;
  opened.records = connection->run([&] { return read_records(*connection); });
  const std::string wal = wal_of(file);
  const bool carried_over = disk.exists(wal) && disk.open(wal, OpenMode::read)->size() > 0;
  const auto installed = connection->run([&] { return read_installed(*connection); });
  opened.installed = installed && *installed == stored.position.applied;
  opened.archive = std::make_unique<SqliteArchive>(disk, file, std::move(connection), stored, opened.installed);
  if (carried_over) {
    // Also what makes every page of the database file whole again after a power cut in a checkpoint, so that a
    // scrub may take what it finds at its word.
    opened.archive->checkpoint();
    opened.notes.push_back(disk.describe(wal) + ": what was not yet in the database file is there now");
  } else if (marked) {
    // The checkpoint is over, but its end was perhaps never synced as it is read here (a kill, a failed fsync): the
    // emptied write-ahead file, and the mark that says so. The next round begins without a sync: what a power cut
    // leaves of it must neither mix with the frames of the former one nor look like damage to them.
    if (disk.exists(wal)) disk.open(wal, OpenMode::read)->sync();   // fdatasync(2) asks for no writing descriptor
    write_mark(disk, mark_of(file), {marked->transactions, {}});
  }
  return opened;
}

}  // namespace

Result<Archive::Opened, Refusal> Archive::open(Disk& disk, const std::string& file) {
  std::vector<std::string> notes;
  if (finish_install(disk, file)) {
    notes.push_back(disk.describe(file) + ": finished installing the copy of another node's archive");
  }
  if (!disk.exists(file)) {
    if (auto error = left_behind(disk, file)) return *error;
    create_archive(disk, file);
    notes.push_back(disk.describe(file) + ": a new archive");
  }
  if (auto header = check_header(disk, file); !header) return damage(header.error().message);
  try {
    auto opened = open_existing(disk, file);
    if (opened) opened->notes.insert(opened->notes.begin(), notes.begin(), notes.end());
    return opened;
  } catch (const ArchiveDamaged& damage) {
    return Refusal{{damage.what()}, true};
  }
}

}  // namespace parley::store
