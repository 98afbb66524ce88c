#include "store/archive_schema.hpp"

#include <sqlite3.h>

#include "store/page_checksum.hpp"

namespace parley::store {

namespace {

// Numbers that the code has as unsigned are log indexes and counts, so they fit SQLite's signed 64 bits.
// message_by_change holds edits and deletions only: what was never touched since has changed_index = id, and its order
// is that of the numbers (R7). So a new message costs one index entry less.
// message_text keeps the index of the words without the texts, which are in `message`, and without the sizes that
// only ranking would need (https://www.sqlite.org/fts5.html, 4.4.1 "Contentless Tables", 4.5 "The Columnsize
// Option"); who changes a message takes the old text out of it.
constexpr const char* tables = R"sql(
  CREATE TABLE position (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    writes INTEGER NOT NULL,
    applied_index INTEGER NOT NULL,
    applied_term INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    chain BLOB NOT NULL,
    configuration_index INTEGER NOT NULL,
    configuration BLOB,
    generation INTEGER NOT NULL,
    state_digest BLOB NOT NULL,
    state_digest_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE record (
    kind INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    number INTEGER NOT NULL,
    author INTEGER NOT NULL,
    author_name TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    changed_index INTEGER NOT NULL,
    client INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX message_by_number ON message (conversation, number);
  CREATE INDEX message_by_change ON message (conversation, changed_index, number) WHERE changed_index <> id;
  CREATE UNIQUE INDEX message_by_client ON message (client, sequence) WHERE client <> 0;
  CREATE VIRTUAL TABLE message_text USING fts5 (
    text, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
  );
)sql";

void remove_with_companions(Disk& disk, const std::string& file) {
  for (const char* suffix : {"", "-wal", "-journal"}) disk.remove(file + suffix);
}

std::int32_t big_endian_32(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int32_t>(value);
}

}  // namespace

std::string wal_of(const std::string& file) { return file + "-wal"; }
std::string mark_of(const std::string& file) { return file + "-mark"; }
std::string incoming_of(const std::string& file) { return file + "-incoming"; }
std::string about_incoming_of(const std::string& file) { return file + "-incoming-about"; }
std::string prepared_of(const std::string& file) { return file + "-prepared"; }
std::string install_of(const std::string& file) { return file + "-install"; }

void create_archive(Disk& disk, const std::string& file) {
  const std::string unfinished = file + "-new";
  remove_with_companions(disk, unfinished);
  {
    ArchiveConnection connection(disk, unfinished, ArchiveConnection::Use::create);
    connection.run([&] {
      SQLite::Database& db = connection.database();
      SQLite::Transaction transaction(db);
      db.exec("PRAGMA application_id = " + std::to_string(archive_application_id));
      db.exec("PRAGMA user_version = " + std::to_string(archive_version));
      db.exec(tables);
      transaction.commit();
      const int code = sqlite3_wal_checkpoint_v2(db.getHandle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
      if (code != SQLITE_OK) throw SQLite::Exception(db.getHandle(), code);
    });
  }
  disk.remove(wal_of(unfinished));
  disk.rename(unfinished, file);
  disk.sync_directory(directory_of(file));
}

Result<Nothing> check_header(Disk& disk, const std::string& file) {
  const std::string place = disk.describe(file);
  const auto opened = disk.open(file, OpenMode::read);
  std::string header(database_header_size, '\0');
  const std::size_t count = opened->read_at(0, header.data(), header.size());
  if (count == 0) return Error{place + ": the file is empty"};
  // fileformat2.html, 1.3 "The Database Header"
  if (count < header.size() || header.compare(0, 16, "SQLite format 3", 16) != 0) {
    return Error{place + ": this is not an SQLite database, or its first page is damaged"};
  }
  if (big_endian_32(&header[68]) != archive_application_id || !has_our_page_layout(header)) {
    return Error{place + ": this SQLite database is not a Parley archive, or its first page is damaged"};
  }
  return success();
}

Result<Nothing> check_version(ArchiveConnection& connection) {
  const int version = connection.run([&] { return connection.database().execAndGet("PRAGMA user_version").getInt(); });
  if (version > archive_version) {
    return Error{connection.place() + ": the archive has version " + std::to_string(version) +
                 ", written by a newer program; this program knows version " + std::to_string(archive_version) +
                 ". Start the newer program again; the file was not touched."};
  }
  if (version < 1) {
    return Error{connection.place() + ": the archive has version " + std::to_string(version) +
                 ", which no program of ours has written."};
  }
  return success();
}

}  // namespace parley::store
