#include "store/archive_install.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/mutant.hpp"
#include "store/archive_connection.hpp"
#include "store/archive_copy.hpp"
#include "store/archive_incoming.hpp"
#include "store/archive_rows.hpp"
#include "store/archive_schema.hpp"
#include "store/vfs.hpp"

namespace parley::store {

namespace {

std::string text(raft::EntryId id) {
  return "entry " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

void remove_prepared(Disk& disk, const std::string& file) {
  disk.remove(prepared_of(file));
  disk.remove(wal_of(prepared_of(file)));
}

Error without_prepared(Disk& disk, const std::string& file, std::string what) {
  try {
    remove_prepared(disk, file);
  } catch (const DiskError&) {   // it means nothing, and goes with the next try or the next start
  }
  return Error{std::move(what)};
}

// Size, digest and pages: only bytes that are the sender's get as far as SQLite. Synced before they are read: what
// a failed sync took would still be seen.
Result<Nothing> check_bytes(Disk& disk, const std::string& file, const ArchiveCopyId& id, std::stop_token stop) {
  const std::string path = incoming_of(file);
  if (!disk.exists(path)) return Error{disk.describe(path) + ": nothing was received"};
  try {
    disk.open(path, OpenMode::read_write)->sync();
  } catch (const DiskError& error) {
    return Error{error.what()};
  }
  const auto sum = sum_archive_file(disk, path, std::move(stop));
  if (!sum.ok()) return sum.error();
  if (sum->bytes == id.bytes && sum->digest == id.digest) return success();
  return Error{disk.describe(path) + ": what was received has " + std::to_string(sum->bytes) + " bytes with digest " +
               sum->digest.hex() + ", the sender's copy " + std::to_string(id.bytes) + " with " + id.digest.hex()};
}

Result<ArchivePosition> check_content(ArchiveConnection& connection, const ArchiveCopyId& id,
                                      std::optional<Generation> generation) {
  const std::string& place = connection.place();
  if (auto version = check_version(connection); !version) return version.error();
  const auto stored = connection.run([&] { return read_position(connection); }).value_or(StoredPosition{});
  const ArchivePosition& position = stored.position;
  if (position.applied != id.applied) {
    return Error{place + ": stands for " + text(position.applied) + ", offered as " + text(id.applied)};
  }
  if (generation && position.generation != *generation) {
    return Error{place + ": is of generation " + std::to_string(position.generation.value) + ", the cluster is in " +
                 std::to_string(generation->value) + " (restored since)"};
  }
  const std::string found = connection.run(
      [&] { return connection.database().execAndGet("PRAGMA integrity_check(1)").getString(); });
  if (found != "ok") return Error{place + ": SQLite's integrity check found: " + found};
  return position;
}

// Written, and all of it brought into the one file, synced.
void mark_installed(ArchiveConnection& connection, raft::EntryId applied) {
  connection.run([&] {
    SQLite::Database& db = connection.database();
    SQLite::Transaction transaction(db);
    write_installed(connection, applied);
    transaction.commit();
    const int code = sqlite3_wal_checkpoint_v2(db.getHandle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (code != SQLITE_OK) throw SQLite::Exception(db.getHandle(), code);
  });
}

Result<ArchivePosition> check_and_mark(Disk& disk, const std::string& file, const ArchiveCopyId& id,
                                       std::optional<Generation> generation) {
  const std::string path = prepared_of(file);
  if (auto header = check_header(disk, path); !header) return header.error();
  ArchiveConnection connection(disk, path, ArchiveConnection::Use::write);
  auto position = check_content(connection, id, generation);
  if (position.ok()) mark_installed(connection, position->applied);
  return position;
}

// `-install` stands for the decision: nothing of the old archive goes before that name is on the disk, and then only
// the new one counts.
void roll_forward(Disk& disk, const std::string& file) {
  const std::string directory = directory_of(file);
  if (!PARLEY_MUTANT(installs_before_it_is_decided)) disk.sync_directory(directory);
  disk.remove(wal_of(file));    // beside the new file it would be read as part of it
  disk.remove(mark_of(file));   // it would say that the new one has lost transactions
  disk.sync_directory(directory);
  disk.rename(install_of(file), file);
  disk.sync_directory(directory);
}

}  // namespace

Result<ArchivePosition> prepare_archive(Disk& disk, const std::string& file, const ArchiveCopyId& id,
                                        std::optional<Generation> generation, std::stop_token stop) {
  try {
    remove_prepared(disk, file);
    const auto bytes = check_bytes(disk, file, id, stop);
    if (!bytes.ok()) {
      if (!stop.stop_requested()) static_cast<void>(IncomingArchive::discard(disk, file));
      return bytes.error();
    }
    disk.rename(incoming_of(file), prepared_of(file));   // SQLite writes to it from here on: it can't be resumed
    disk.remove(about_incoming_of(file));
    auto position = check_and_mark(disk, file, id, generation);
    if (!position.ok()) return without_prepared(disk, file, position.error().message);
    disk.remove(wal_of(prepared_of(file)));
    disk.sync_directory(directory_of(file));
    return position;
  } catch (const DiskError& error) {
    return without_prepared(disk, file, std::string("verifying the archive that was received failed: ") + error.what());
  } catch (const ArchiveDamaged& damage) {
    return without_prepared(disk, file, damage.what());
  }
}

void install_archive(Disk& disk, const std::string& file) {
  PARLEY_ASSERT(disk.exists(prepared_of(file)), "an archive is prepared before it is installed");
  const auto vfs = Vfs::on(disk);
  PARLEY_ASSERT(!vfs->in_use(file) && !vfs->in_use(wal_of(file)), "the archive is closed before it is replaced");
  disk.rename(prepared_of(file), install_of(file));
  roll_forward(disk, file);
}

bool finish_install(Disk& disk, const std::string& file) {
  remove_prepared(disk, file);
  if (!disk.exists(install_of(file))) return false;
  roll_forward(disk, file);
  return true;
}

namespace {

bool holds(const raft::Durable& log, raft::EntryId id) {
  if (id.index <= log.base.index) return id == log.base;
  const std::uint64_t above = id.index - log.base.index;
  return above <= log.entries.size() && log.entries[above - 1].id == id;
}

}  // namespace

std::optional<raft::LogBase> base_to_join(const Archive::Opened& archive, const raft::Durable& durable) {
  const ArchivePosition& position = archive.position;
  const Index known = std::max(durable.base.index, durable.hard_state.commit_index);
  if (!archive.installed || position.applied.index < known || holds(durable, position.applied)) return std::nullopt;
  raft::LogBase base{position.applied, position.time, nullptr, position.configuration_index};
  if (position.configuration) {
    base.configuration = std::make_shared<const raft::Configuration>(*position.configuration);
  }
  return base;
}

bool join_log(Archive::Opened& archive, WriteAheadLog& log, raft::Durable& durable) {
  const auto base = base_to_join(archive, durable);
  if (!archive.installed || (!base && !holds(durable, archive.position.applied))) return false;
  if (base) {
    raft::PersistBatch batch;
    batch.number = 1;
    batch.reset = base;
    batch.hard_state = durable.hard_state;
    if (base->id.term > durable.hard_state.current_term) {   // the vote was of an earlier term
      batch.hard_state->current_term = base->id.term;
      batch.hard_state->voted_for.reset();
    }
    batch.hard_state->commit_index = std::max(durable.hard_state.commit_index, base->id.index);
    log.append(batch);
    durable = {*batch.hard_state, base->id, base->configuration, {}, base->time, base->configuration_index};
  }
  archive.archive->joined();
  archive.installed = false;
  return base.has_value();
}

}  // namespace parley::store
