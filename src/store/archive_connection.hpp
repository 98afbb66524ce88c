#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "store/disk.hpp"
#include "store/vfs.hpp"

namespace parley::store {

// One SQLite connection to the archive, set up for it. One thread at a time. What SQLite reports is thrown as what
// it means: DiskError (a system call failed), ArchiveDamaged (the file is not as it should be).
class ArchiveConnection {
 public:
  // `copy`: an empty file that a whole database is copied into: no journal and no sync, who copies does that.
  enum class Use : std::uint8_t { create, copy, write, read };

  ArchiveConnection(Disk& disk, const std::string& file, Use use);

  SQLite::Database& database() { return *database_; }
  const std::string& place() const { return place_; }   // the file's full path, for messages

  // Runs work() that calls SQLite.
  template <class Work>
  auto run(Work work) {
    Vfs::take_failure();   // of a call whose failure SQLite could do without
    try {
      return work();
    } catch (const SQLite::Exception& error) {
      fail(error);
    }
  }

  [[noreturn]] void fail(const SQLite::Exception& error) const;

 private:
  void configure(Use use);

  std::string place_;
  std::shared_ptr<Vfs> vfs_;                     // outlives the connection
  std::unique_ptr<SQLite::Database> database_;
};

// A statement that is prepared when it is used for the first time: a node opens several readers at its start, and none
// of them asks every question.
class Question {
 public:
  Question(SQLite::Database& database, std::string sql) : database_(database), sql_(std::move(sql)) {}
  SQLite::Statement& prepared() {
    if (!statement_) statement_.emplace(database_, sql_);
    return *statement_;
  }

 private:
  SQLite::Database& database_;
  std::string sql_;
  std::optional<SQLite::Statement> statement_;
};

// A prepared statement that is at its beginning again, unbound, whatever happened in between: a statement left half
// way holds its transaction open. Give it parameters in order, then step.
class Using {
 public:
  explicit Using(SQLite::Statement& statement) : statement_(statement) {}
  explicit Using(Question& question) : statement_(question.prepared()) {}
  ~Using() { statement_.tryReset(); }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;

  Using& number(std::uint64_t value);            // asserts that it fits SQLite's signed 64 bits
  Using& signed_number(std::int64_t value);
  Using& bound(std::uint64_t value);             // for comparing: beyond the signed range is its end
  Using& text(const std::string& value);         // these two must live until the statement is run
  Using& blob(std::string_view value);
  Using& null();

  bool step() { return statement_.executeStep(); }
  int run() { return statement_.exec(); }        // the rows changed

  std::uint64_t number_at(int column) const;
  std::int64_t signed_at(int column) const;
  std::string bytes_at(int column) const;        // of text and blobs
  bool null_at(int column) const;

 private:
  SQLite::Statement& statement_;
  int next_ = 1;
};

}  // namespace parley::store
