#include "store/vfs.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "store/archive.hpp"
#include "store/memory_disk.hpp"
#include "store/page_checksum.hpp"
#include "store/vfs_locks.hpp"
#include "store/vfs_wal_guard.hpp"

namespace parley::store {
namespace {

using Level = FileLocks::Level;

TEST(PageChecksum, CoversEveryByteAndThePlace) {
  std::string page(page_size, '\0');
  for (std::size_t i = 0; i < page_size; ++i) page[i] = static_cast<char>(i * 31);
  seal_page(page.data(), 5);
  EXPECT_TRUE(page_is_whole(page, 5));
  EXPECT_FALSE(page_is_whole(page, 6));
  for (std::size_t i = 0; i < page_size; ++i) {
    page[i] = static_cast<char>(page[i] ^ 0x10);
    EXPECT_FALSE(page_is_whole(page, 5)) << i;
    page[i] = static_cast<char>(page[i] ^ 0x10);
  }
  EXPECT_FALSE(page_is_whole(std::string(page_size, '\0'), 1));
}

TEST(PageChecksum, StaysTheSameForEver) {   // R8: it is on people's disks
  std::string page(page_size, 'p');
  seal_page(page.data(), 3);
  std::string hex;
  for (std::size_t i = page_size - page_reserved; i < page_size; ++i) {
    static const char digits[] = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(page[i]) >> 4];
    hex += digits[static_cast<unsigned char>(page[i]) & 15];
  }
  EXPECT_EQ(hex, "290bb3ce5a0b4721");
}

TEST(FileLocks, ManyReadOneIntendsToWriteAndNobodyComesInWhileItWaits) {
  FileLocks locks;
  FileLocks::Held a, b, c;
  EXPECT_TRUE(locks.acquire(a, Level::shared));
  EXPECT_TRUE(locks.acquire(b, Level::shared));
  EXPECT_FALSE(locks.is_reserved());
  EXPECT_TRUE(locks.acquire(a, Level::reserved));
  EXPECT_TRUE(locks.is_reserved());
  EXPECT_FALSE(locks.acquire(b, Level::reserved));
  EXPECT_FALSE(locks.acquire(a, Level::exclusive));   // b still reads
  EXPECT_EQ(a.level, Level::pending);
  EXPECT_FALSE(locks.acquire(c, Level::shared));      // pending keeps new ones out
  locks.release(b, Level::none);
  EXPECT_TRUE(locks.acquire(a, Level::exclusive));
  EXPECT_FALSE(locks.acquire(c, Level::shared));
  locks.release(a, Level::shared);
  EXPECT_TRUE(locks.acquire(c, Level::shared));
  EXPECT_FALSE(locks.is_reserved());
  locks.release(a, Level::none);
  EXPECT_TRUE(locks.acquire(c, Level::exclusive));    // recovery goes there without reserving
}

TEST(SharedIndex, LocksAreSharedOrExclusiveSlotBySlot) {
  SharedIndex index;
  SharedIndex::Held a, b;
  EXPECT_TRUE(index.lock_shared(a, 0b00001000));
  EXPECT_TRUE(index.lock_shared(b, 0b00001000));
  EXPECT_FALSE(index.lock_exclusive(b, 0b00011000));
  EXPECT_EQ(b.exclusive, 0);   // all of the slots or none
  EXPECT_TRUE(index.lock_exclusive(b, 0b00000010));
  EXPECT_FALSE(index.lock_shared(a, 0b00000010));
  index.unlock(a, 0b00001000);
  index.unlock(b, 0b00001000);
  EXPECT_TRUE(index.lock_exclusive(a, 0b00001000));
  index.leave(a);
  EXPECT_TRUE(index.lock_exclusive(b, 0b00001000));
}

TEST(SharedIndex, RegionsAreZeroStayInPlaceAndGoWithTheLastUser) {
  SharedIndex index;
  SharedIndex::Held a, b;
  EXPECT_EQ(index.region(a, 0, 64, false), nullptr);
  char* const first = index.region(a, 0, 64, true);
  EXPECT_EQ(std::string(first, 64), std::string(64, '\0'));
  first[3] = 'x';
  index.region(b, 5, 64, true);
  EXPECT_EQ(index.region(b, 0, 64, false), first);
  index.leave(a);
  EXPECT_EQ(index.region(b, 0, 64, false)[3], 'x');
  index.leave(b);
  EXPECT_EQ(index.region(b, 0, 64, false), nullptr);
}

TEST(WalGuard, RemembersWhatWasWrittenOrFirstReadPartByPart) {
  WalGuard guard;
  const std::string header(24, 'h'), page(page_size, 'p');
  guard.written(32, header);
  guard.written(56, page);
  EXPECT_EQ(guard.changed_since(32, header + page), std::nullopt);
  EXPECT_EQ(guard.changed_since(56, std::string(page_size, 'q')), 56U);
  EXPECT_EQ(guard.changed_since(32, header + std::string(page_size, 'q')), 56U);
  EXPECT_EQ(guard.changed_since(32 + 4120, header + page), std::nullopt);   // first read
  EXPECT_EQ(guard.changed_since(32 + 4120, std::string(24, 'x') + page), 32U + 4120U);
  guard.written(32 + 4120 + 24 + 100, "part of a page");
  EXPECT_EQ(guard.changed_since(32 + 4120 + 24, std::string(page_size, 'z')), std::nullopt);   // not known any more
  guard.truncated(0);
  EXPECT_EQ(guard.changed_since(56, std::string(page_size, 'q')), std::nullopt);
}

// -- the whole of it under plain SQLite ---------------------------------------------------------------------------

constexpr int may_create = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

SQLite::Database open(const Vfs& vfs, const char* file, int flags = may_create) {
  SQLite::Database db(file, flags, 0, vfs.name());
  int reserved = page_reserved;
  sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  return db;
}

int count(SQLite::Database& db) { return db.execAndGet("SELECT count(*) FROM t").getInt(); }

TEST(Vfs, IsOneForADiskAndGoneWithItsLastUser) {
  MemoryDisk one, two;
  auto vfs = Vfs::on(one);
  EXPECT_EQ(Vfs::on(one), vfs);
  EXPECT_NE(Vfs::on(two), vfs);
  const std::string name = vfs->name();
  { const auto db = open(*vfs, "a.db"); }
  vfs.reset();
  EXPECT_THROW(SQLite::Database("a.db", SQLITE_OPEN_READWRITE, 0, name.c_str()), SQLite::Exception);
}

TEST(Vfs, PagesWithoutRoomForAChecksumAreNotWritten) {
  MemoryDisk disk;
  const auto vfs = Vfs::on(disk);
  SQLite::Database db("p.db", may_create, 0, vfs->name());
  EXPECT_THROW(db.exec("CREATE TABLE t (x)"), SQLite::Exception);
  const auto failure = Vfs::take_failure();
  ASSERT_NE(failure, nullptr);
  EXPECT_THROW(std::rethrow_exception(failure), ArchiveDamaged);
}

TEST(Vfs, AFileThatIsNotThereCannotBeOpened) {
  MemoryDisk disk;
  const auto vfs = Vfs::on(disk);
  EXPECT_THROW(open(*vfs, "no.db", SQLITE_OPEN_READWRITE), SQLite::Exception);
  EXPECT_EQ(Vfs::take_failure(), nullptr) << "that is no failure of the disk";
}

TEST(Vfs, ConnectionsInRollbackModeKeepOutOfEachOthersWay) {
  MemoryDisk disk;
  const auto vfs = Vfs::on(disk);
  auto a = open(*vfs, "r.db");
  a.exec("CREATE TABLE t (x)");
  auto b = open(*vfs, "r.db", SQLITE_OPEN_READWRITE);
  a.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
  EXPECT_THROW(b.exec("INSERT INTO t VALUES (2)"), SQLite::Exception);   // busy
  EXPECT_EQ(count(b), 0);
  a.exec("COMMIT");
  b.exec("INSERT INTO t VALUES (2)");
  EXPECT_EQ(count(a), 2);
}

TEST(Vfs, AHotJournalIsRolledBackAfterAKill) {
  MemoryDisk disk;
  {
    const auto vfs = Vfs::on(disk);
    auto db = open(*vfs, "j.db");
    db.exec("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    db.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; "
            "INSERT INTO t SELECT randomblob(3000) FROM (WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT i FROM n)");
    disk.kill();   // the journal and some of the pages are in the files
  }
  EXPECT_TRUE(disk.exists("j.db-journal"));
  const auto vfs = Vfs::on(disk);
  auto db = open(*vfs, "j.db", SQLITE_OPEN_READWRITE);
  EXPECT_EQ(count(db), 1);
  EXPECT_EQ(db.execAndGet("PRAGMA integrity_check").getString(), "ok");
}

TEST(Vfs, VacuumsSortsAndChecksWithTemporaryFilesOfItsOwn) {
  MemoryDisk disk;
  const auto vfs = Vfs::on(disk);
  auto db = open(*vfs, "v.db");
  db.exec("PRAGMA temp_store = FILE; PRAGMA cache_size = 2; CREATE TABLE t (x)");
  db.exec("INSERT INTO t SELECT randomblob(500) FROM (WITH RECURSIVE n(i) AS "
          "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n)");
  db.exec("CREATE INDEX i ON t (x)");
  db.exec("DELETE FROM t WHERE rowid % 2 = 0; VACUUM");
  EXPECT_EQ(db.execAndGet("PRAGMA integrity_check").getString(), "ok");
  EXPECT_EQ(count(db), 1500);
}

TEST(Vfs, TimeAndRandomnessCanBeGiven) {
  MemoryDisk disk;
  VfsHooks hooks;
  hooks.now_ms = [] { return std::int64_t{1'000'000'000'000}; };
  const auto vfs = Vfs::on(disk, hooks);
  auto db = open(*vfs, "t.db");
  EXPECT_EQ(db.execAndGet("SELECT datetime('now')").getString(), "2001-09-09 01:46:40");
}

TEST(Vfs, EqualSeedsGiveEqualFiles) {
  std::string wal[2];
  for (std::string& bytes : wal) {
    seed_sqlite_for_simulation(99);
    MemoryDisk disk;
    const auto vfs = Vfs::on(disk);
    auto db = open(*vfs, "s.db");
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (random())");
    bytes = disk.contents("s.db-wal");
  }
  EXPECT_NE(wal[0], "");
  EXPECT_EQ(wal[0], wal[1]);
  seed_sqlite_for_simulation(0);
}

}  // namespace
}  // namespace parley::store
