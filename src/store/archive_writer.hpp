#pragma once

#include "store/archive.hpp"
#include "store/archive_connection.hpp"
#include "store/archive_rows.hpp"

namespace parley::store {

// Writes batches, each as one transaction (R9). One thread at a time.
class ArchiveWriter {
 public:
  // `stored`: what the archive holds. The connection must outlive the writer.
  ArchiveWriter(ArchiveConnection& connection, StoredPosition stored);

  void write(const ArchiveBatch& batch);   // all of it or, where it throws, nothing
  std::uint64_t writes() const { return stored_.writes; }

 private:
  void put(const chat::MessageRow& row);
  void put(const chat::RecordRow& record);
  bool insert(const chat::MessageRow& row);   // false: the id is there already
  void replace(const chat::MessageRow& row);

  ArchiveConnection& connection_;
  StoredPosition stored_;
  SQLite::Statement begin_;
  SQLite::Statement commit_;
  SQLite::Statement rollback_;
  SQLite::Statement replace_position_;
  SQLite::Statement put_record_;
  SQLite::Statement delete_record_;
  SQLite::Statement insert_message_;
  SQLite::Statement select_text_;
  SQLite::Statement update_message_;
  SQLite::Statement index_text_;
  SQLite::Statement forget_text_;
};

}  // namespace parley::store
