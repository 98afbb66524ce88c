#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "chat/effects.hpp"
#include "chat/types.hpp"
#include "raft/types.hpp"
#include "store/disk.hpp"

namespace parley::store {

// Where the archive stands; written in the same transaction as the rows (R9). Never the node's identity.
struct ArchivePosition {
  raft::EntryId applied;
  LogTime time;                                // log time of that entry
  Digest chain;                                // R10, up to and including `applied`
  Index configuration_index;                   // of the configuration below
  std::optional<raft::Configuration> configuration;   // the latest at or below `applied`
  Generation generation{1};
  Digest state_digest;                         // State::digest() when `state_digest_at` was applied
  Index state_digest_at;                       // 0: none written yet
};

// Everything that some consecutive entries changed.
struct ArchiveBatch {
  ArchivePosition position;
  std::vector<chat::MessageRow> messages;
  std::vector<chat::RecordRow> records;
};

struct HistoryQuery {
  chat::ConversationId conversation;
  chat::Number from;            // first number wanted (ascending), or last one (descending)
  chat::Number through;         // ascending: stop after this one
  bool descending = false;      // the newest first: what /history shows, before it is turned round
  std::size_t limit = 50;       // at most rows_max
};

struct SearchQuery {
  std::string text;                                    // words, all of them wanted; quoting and operators are not syntax
  std::vector<chat::ConversationId> conversations;     // only there; with the number ranges the account may see
  chat::MessageId before{~0ULL};                       // paging: older than this
  std::size_t limit = 20;
};

inline constexpr std::size_t rows_max = 1000;

// Reads for people. Its own connection: sees one committed state per call, never blocks the writer.
class ArchiveReader {
 public:
  virtual ~ArchiveReader() = default;
  virtual std::vector<chat::MessageRow> history(const HistoryQuery& query) = 0;   // in the order asked for
  // R7: rows of these conversations with changed_index > after, by (changed_index, id).
  virtual std::vector<chat::MessageRow> changed(const std::vector<chat::ConversationId>& conversations, Index after,
                                                std::size_t limit) = 0;
  virtual std::vector<chat::MessageRow> by_id(const std::vector<chat::MessageId>& ids) = 0;   // those that exist
  virtual std::optional<chat::MessageRow> by_client(chat::ClientId client, chat::Sequence sequence) = 0;   // R16
  virtual std::vector<chat::MessageRow> search(const SearchQuery& query) = 0;     // newest first
};

// The SQLite database of one node (docs/DISK.md), through the checksumming VFS (R11). Blocking: writes on
// Lane::archive, one at a time; each reader on one lane. Throws DiskError or ArchiveDamaged.
class Archive {
 public:
  struct Opened {
    std::unique_ptr<Archive> archive;
    ArchivePosition position;                     // {0,0} for a new one
    std::vector<chat::RecordRow> records;         // all of State
    std::vector<std::string> notes;
  };
  // The error names the file and says what is wrong: newer version, damaged page, not ours.
  static Result<Opened> open(Disk& disk, const std::string& file);

  virtual ~Archive() = default;

  virtual void write(const ArchiveBatch& batch) = 0;   // one transaction; no fsync (R9)
  virtual void checkpoint() = 0;                       // all of it to the database file, synced
  virtual std::unique_ptr<ArchiveReader> reader() = 0; // outlived by the archive
  // Reads every page of the database file through the checksum; false and the page's place on damage.
  virtual Result<Nothing> scrub() = 0;
};

// A page whose checksum does not fit, or a database that SQLite calls corrupt.
class ArchiveDamaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace parley::store
