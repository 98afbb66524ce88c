#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "chat/effects.hpp"
#include "chat/types.hpp"
#include "raft/types.hpp"
#include "store/disk.hpp"
#include "store/refusal.hpp"

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

// A limit above this counts as this.
inline constexpr std::size_t rows_max = 1000;

struct HistoryQuery {
  chat::ConversationId conversation;
  chat::Number from;            // where to begin; descending: 0 is the newest
  chat::Number through;         // stop after this one, whichever the direction; 0: at the end
  bool descending = false;      // the newest first: what /history shows, before it is turned round
  std::size_t limit = 50;
};

// Part of a conversation, both ends included: what an account may see of an invite-only room (R18). Several of
// one conversation are a union.
struct NumberRange {
  chat::ConversationId conversation;
  chat::Number from{1};
  chat::Number through{~0ULL};
};

// R7: what changed after a cursor.
struct ChangedQuery {
  std::vector<chat::ConversationId> conversations;     // the whole of these,
  Index after;
  std::size_t limit = rows_max;
  std::vector<NumberRange> ranges{};                   // and these numbers
};

struct SearchQuery {
  std::string text;                                    // words, all of them wanted; no operators, no quoting
  std::vector<chat::ConversationId> conversations;     // the whole of these,
  chat::MessageId before{~0ULL};                       // paging: older than this
  std::size_t limit = 20;
  std::vector<NumberRange> ranges{};                   // and these numbers
};

struct SearchPage {
  std::vector<chat::MessageRow> rows;                  // newest first
  chat::MessageId next_before;                         // there may be more before this one; 0: that was all
};

inline constexpr std::size_t search_words_max = 32;        // a query with more words finds nothing
inline constexpr std::size_t search_scan_max = 200'000;    // matches looked at in one call, visible or not

// Reads for people. Its own connection: sees one committed state per call, never blocks the writer.
class ArchiveReader {
 public:
  virtual ~ArchiveReader() = default;
  virtual std::vector<chat::MessageRow> history(const HistoryQuery& query) = 0;   // in the order asked for
  // Rows with changed_index > after, by (changed_index, id). What one entry changed is never split between two
  // pages (the cursor could not say where), so the last entry's rows may exceed the limit.
  virtual std::vector<chat::MessageRow> changed(const ChangedQuery& query) = 0;
  std::vector<chat::MessageRow> changed(const std::vector<chat::ConversationId>& conversations, Index after,
                                        std::size_t limit) {
    return changed(ChangedQuery{conversations, after, limit});
  }
  virtual std::vector<chat::MessageRow> by_id(const std::vector<chat::MessageId>& ids) = 0;   // those there are
  virtual std::optional<chat::MessageRow> by_client(chat::ClientId client, chat::Sequence sequence) = 0;   // R16
  virtual SearchPage search_page(const SearchQuery& query) = 0;
  std::vector<chat::MessageRow> search(const SearchQuery& query) { return search_page(query).rows; }
  // Every row with a greater id, ascending: for copies, digests and tests.
  virtual std::vector<chat::MessageRow> page(chat::MessageId after, std::size_t limit) = 0;
};

// Names one copy of an archive for good: equal names, equal bytes.
struct ArchiveCopyId {
  raft::EntryId applied;       // what the copy stands for
  Digest digest;               // of the whole file
  std::uint64_t bytes = 0;     // of it
  bool operator==(const ArchiveCopyId&) const = default;
};

struct ArchiveCopy {
  ArchiveCopyId id;
  ArchivePosition position;    // read in the transaction that was copied
};

struct ScrubProgress {
  std::uint64_t next_page = 0;   // 0: the last page was read
  std::uint64_t pages = 0;       // in the file
};

// The SQLite database of one node (docs/DISK.md), through the checksumming VFS (R11). Blocking: writes on
// Lane::archive, one at a time; each reader on one lane. Throws DiskError or ArchiveDamaged.
class Archive {
 public:
  struct Opened {
    std::unique_ptr<Archive> archive;
    ArchivePosition position;                     // {0,0} for a new one
    bool installed = false;                       // came from another node, and the log was not joined to it yet:
                                                  // see join_log() in archive_install.hpp
    std::vector<chat::RecordRow> records;         // all of State
    std::vector<std::string> notes;
  };
  // Finishes an installation that was cut short (archive_install.hpp) first. The error names the file and says what is
  // wrong: newer version, damaged page, not ours.
  static Result<Opened, Refusal> open(Disk& disk, const std::string& file);

  virtual ~Archive() = default;

  virtual void write(const ArchiveBatch& batch) = 0;   // one transaction; no fsync (R9)
  // What was written so far is on the disk when it returns. It empties SQLite's write-ahead file, except while a copy
  // is made.
  virtual void checkpoint() = 0;
  virtual std::unique_ptr<ArchiveReader> reader() = 0; // outlived by the archive
  // The log was joined to this installed archive: takes the mark away, durably. Before the first write().
  virtual void joined() = 0;
  // Copies one committed state into the new file `path` (its directory exists), by a connection of its own, while
  // writes and reads go on (R12): on Lane::search, one at a time. The file is synced and was read again when it
  // returns; its name is not synced. Where it fails no file is left and this archive is as it was: the error says what
  // failed, a full disk too, or that `stop` was asked for. Throws ArchiveDamaged: of this archive, not the copy.
  virtual Result<ArchiveCopy> copy(const std::string& path, std::stop_token stop = {}) = 0;

  virtual std::uint64_t file_bytes() = 0;   // about what a copy takes; any thread; throws DiskError
  // Reads every page of the database file through the checksum, and what SQLite's write-ahead file holds; the error
  // names the damaged place. On Lane::archive, as write(): it takes as long as reading the file does.
  virtual Result<Nothing> scrub() = 0;
  // The same in pieces, so that writes get their turn: `pages` of the database file from `first_page` (from 1); with
  // the last of them the write-ahead file. As far from the kernel's memory as it can be asked for.
  virtual Result<ScrubProgress> scrub_part(std::uint64_t first_page, std::uint64_t pages) = 0;
};

// A page whose checksum does not fit, or a database that SQLite calls corrupt.
class ArchiveDamaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace parley::store
