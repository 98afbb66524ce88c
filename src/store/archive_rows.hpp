#pragma once

#include "chat/effects.hpp"
#include "store/archive.hpp"
#include "store/archive_connection.hpp"

namespace parley::store {

// The columns of `message` in the order in which the two functions below take them.
inline constexpr const char* message_columns =
    "id, conversation, number, author, author_name, time_ms, edited, deleted, changed_index, client, sequence, text";

void bind_message(Using& statement, const chat::MessageRow& row);   // the row must live until the statement is run
chat::MessageRow message_at(const Using& statement);

// What is in the table `position`: the archive's position, and how many transactions made it so.
struct StoredPosition {
  ArchivePosition position;
  std::uint64_t writes = 0;
};

inline constexpr const char* position_columns =
    "only, writes, applied_index, applied_term, time_ms, chain, configuration_index, configuration, generation, "
    "state_digest, state_digest_at";

void write_position(SQLite::Statement& replace, const StoredPosition& stored);
// nullopt: the table is empty (a new archive). Throws ArchiveDamaged on what we don't write.
std::optional<StoredPosition> read_position(ArchiveConnection& connection);

// The mark of an archive that came from another node and was not joined by the log yet (decision 0010): the entry
// that it then stood for. In a table that exists only in archives that were installed once.
void write_installed(ArchiveConnection& connection, raft::EntryId applied);
std::optional<raft::EntryId> read_installed(ArchiveConnection& connection);   // nullopt: not marked
void clear_installed(ArchiveConnection& connection);

std::vector<chat::RecordRow> read_records(ArchiveConnection& connection);   // by kind and key

}  // namespace parley::store
