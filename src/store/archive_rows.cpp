#include "store/archive_rows.hpp"

#include <string>

#include "wire/raft_codec.hpp"

namespace parley::store {

void bind_message(Using& statement, const chat::MessageRow& row) {
  statement.number(row.id.value)
      .number(row.conversation.value)
      .number(row.number.value)
      .number(row.author.value)
      .text(row.author_name)
      .signed_number(row.time.ms)
      .number(row.edited ? 1 : 0)
      .number(row.deleted ? 1 : 0)
      .number(row.changed_index.value)
      .number(row.client.value)
      .number(row.sequence.value)
      .text(row.text);
}

chat::MessageRow message_at(const Using& statement) {
  chat::MessageRow row;
  row.id = chat::MessageId(statement.number_at(0));
  row.conversation = chat::ConversationId(statement.number_at(1));
  row.number = chat::Number(statement.number_at(2));
  row.author = chat::AccountId(statement.number_at(3));
  row.author_name = statement.bytes_at(4);
  row.time = LogTime{statement.signed_at(5)};
  row.edited = statement.number_at(6) != 0;
  row.deleted = statement.number_at(7) != 0;
  row.changed_index = Index(statement.number_at(8));
  row.client = chat::ClientId(statement.number_at(9));
  row.sequence = chat::Sequence(statement.number_at(10));
  row.text = statement.bytes_at(11);
  return row;
}

void write_position(SQLite::Statement& replace, const StoredPosition& stored) {
  const ArchivePosition& position = stored.position;
  std::string configuration;
  if (position.configuration) {
    Writer out(configuration);
    wire::write(out, *position.configuration);
  }
  Using statement(replace);
  statement.number(1)
      .number(stored.writes)
      .number(position.applied.index.value)
      .number(position.applied.term.value)
      .signed_number(position.time.ms)
      .blob(position.chain.view())
      .number(position.configuration_index.value);
  if (position.configuration) {
    statement.blob(configuration);
  } else {
    statement.null();
  }
  statement.number(position.generation.value)
      .blob(position.state_digest.view())
      .number(position.state_digest_at.value)
      .run();
}

namespace {

Digest digest_at(const Using& statement, int column, const std::string& place) {
  const std::string bytes = statement.bytes_at(column);
  if (bytes.size() != Digest{}.bytes.size()) {
    throw ArchiveDamaged(place + ": a digest in the position has " + std::to_string(bytes.size()) + " bytes");
  }
  return Digest::from_view(bytes);
}

}  // namespace

std::optional<StoredPosition> read_position(ArchiveConnection& connection) {
  SQLite::Statement select(connection.database(), std::string("SELECT ") + position_columns + " FROM position");
  Using row(select);
  if (!row.step()) return std::nullopt;
  StoredPosition stored;
  ArchivePosition& position = stored.position;
  stored.writes = row.number_at(1);
  position.applied = {Term(row.number_at(3)), Index(row.number_at(2))};
  position.time = LogTime{row.signed_at(4)};
  position.chain = digest_at(row, 5, connection.place());
  position.configuration_index = Index(row.number_at(6));
  if (!row.null_at(7)) {
    const std::string bytes = row.bytes_at(7);
    Reader in(bytes);
    position.configuration = wire::read_configuration(in);
    if (!in.done()) throw ArchiveDamaged(connection.place() + ": the configuration in the position can't be read");
  }
  position.generation = Generation(row.number_at(8));
  position.state_digest = digest_at(row, 9, connection.place());
  position.state_digest_at = Index(row.number_at(10));
  return stored;
}

void write_installed(ArchiveConnection& connection, raft::EntryId applied) {
  SQLite::Database& db = connection.database();
  db.exec("CREATE TABLE IF NOT EXISTS installed (only INTEGER PRIMARY KEY CHECK (only = 1), "
          "applied_index INTEGER NOT NULL, applied_term INTEGER NOT NULL) STRICT");
  SQLite::Statement mark(db, "INSERT OR REPLACE INTO installed (only, applied_index, applied_term) VALUES (1, ?, ?)");
  Using(mark).number(applied.index.value).number(applied.term.value).run();
}

namespace {

bool has_mark_table(ArchiveConnection& connection) {
  return connection.database().tableExists("installed");
}

}  // namespace

std::optional<raft::EntryId> read_installed(ArchiveConnection& connection) {
  if (!has_mark_table(connection)) return std::nullopt;
  SQLite::Statement select(connection.database(), "SELECT applied_index, applied_term FROM installed");
  Using row(select);
  if (!row.step()) return std::nullopt;
  return raft::EntryId{Term(row.number_at(1)), Index(row.number_at(0))};
}

void clear_installed(ArchiveConnection& connection) {
  if (has_mark_table(connection)) connection.database().exec("DELETE FROM installed");
}

std::vector<chat::RecordRow> read_records(ArchiveConnection& connection) {
  SQLite::Statement select(connection.database(), "SELECT kind, key, value FROM record ORDER BY kind, key");
  Using row(select);
  std::vector<chat::RecordRow> records;
  while (row.step()) {
    records.push_back({static_cast<std::uint8_t>(row.number_at(0)), row.bytes_at(1), row.bytes_at(2)});
  }
  return records;
}

}  // namespace parley::store
