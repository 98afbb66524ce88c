#include "store/archive_writer.hpp"

#include "base/assert.hpp"
#include "base/mutant.hpp"

namespace parley::store {

ArchiveWriter::ArchiveWriter(ArchiveConnection& connection, StoredPosition stored)
    : connection_(connection),
      stored_(std::move(stored)),
      begin_(connection.database(), "BEGIN IMMEDIATE"),
      commit_(connection.database(), "COMMIT"),
      rollback_(connection.database(), "ROLLBACK"),
      replace_position_(connection.database(), std::string("INSERT OR REPLACE INTO position (") + position_columns +
                                                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      put_record_(connection.database(), "INSERT OR REPLACE INTO record (kind, key, value) VALUES (?, ?, ?)"),
      delete_record_(connection.database(), "DELETE FROM record WHERE kind = ? AND key = ?"),
      insert_message_(connection.database(), std::string("INSERT INTO message (") + message_columns +
                                                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                                                 "ON CONFLICT (id) DO NOTHING"),
      select_text_(connection.database(), "SELECT text FROM message WHERE id = ?"),
      update_message_(connection.database(), std::string("UPDATE message SET (") + message_columns +
                                                 ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
                                                 "WHERE id = ?1"),
      index_text_(connection.database(), "INSERT INTO message_text (rowid, text) VALUES (?, ?)"),
      forget_text_(connection.database(),
                   "INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', ?, ?)") {}

void ArchiveWriter::write(const ArchiveBatch& batch) {
  PARLEY_ASSERT(batch.position.applied.index >= stored_.position.applied.index, "an archive never goes back");
  Using(begin_).run();
  try {
    for (const chat::MessageRow& row : batch.messages) put(row);
    for (const chat::RecordRow& record : batch.records) put(record);
    const StoredPosition next{batch.position, stored_.writes + 1};
    write_position(replace_position_, PARLEY_MUTANT(position_lags_behind_the_rows) ? stored_ : next);
    Using(commit_).run();
    stored_ = next;
  } catch (...) {
    rollback_.tryExecuteStep();   // its own failure changes nothing: what is not committed is not there
    rollback_.tryReset();
    throw;
  }
}

void ArchiveWriter::put(const chat::MessageRow& row) {
  if (!insert(row)) replace(row);
  if (!row.text.empty()) Using(index_text_).number(row.id.value).text(row.text).run();
}

bool ArchiveWriter::insert(const chat::MessageRow& row) {
  Using statement(insert_message_);
  bind_message(statement, row);
  return statement.run() == 1;
}

// The index of the words holds no texts, so taking a message out of it takes the text it was put in with.
void ArchiveWriter::replace(const chat::MessageRow& row) {
  std::string old_text;
  {
    Using select(select_text_);
    select.number(row.id.value);
    PARLEY_ASSERT(select.step(), "only a message that is there conflicts");
    old_text = select.bytes_at(0);
  }
  if (!old_text.empty()) Using(forget_text_).number(row.id.value).text(old_text).run();
  Using statement(update_message_);
  bind_message(statement, row);
  statement.run();
}

void ArchiveWriter::put(const chat::RecordRow& record) {
  if (!record.value) {
    Using(delete_record_).number(record.kind).blob(record.key).run();
  } else {
    Using(put_record_).number(record.kind).blob(record.key).blob(*record.value).run();
  }
}

}  // namespace parley::store
