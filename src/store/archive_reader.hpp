#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/archive.hpp"
#include "store/archive_connection.hpp"
#include "store/archive_gate.hpp"
#include "store/archive_search.hpp"

namespace parley::store {

// Reads on a connection of its own. Every call is one read transaction, and passes the gate.
class SqliteArchiveReader final : public ArchiveReader {
 public:
  static std::unique_ptr<ArchiveReader> open(Disk& disk, const std::string& file, ReaderGate& gate);

  std::vector<chat::MessageRow> history(const HistoryQuery& query) override;
  using ArchiveReader::changed;
  std::vector<chat::MessageRow> changed(const ChangedQuery& query) override;
  std::vector<chat::MessageRow> by_id(const std::vector<chat::MessageId>& ids) override;
  std::optional<chat::MessageRow> by_client(chat::ClientId client, chat::Sequence sequence) override;
  SearchPage search_page(const SearchQuery& query) override;
  std::vector<chat::MessageRow> page(chat::MessageId after, std::size_t limit) override;

 private:
  struct Change {
    Index changed_index;
    chat::MessageId id;
    auto operator<=>(const Change&) const = default;
  };

  SqliteArchiveReader(std::shared_ptr<ArchiveConnection> connection, ReaderGate& gate);

  template <class Body>
  auto read(Body body);   // in one transaction

  std::optional<chat::MessageRow> row_of(chat::MessageId id);
  std::vector<Change> find_changes(const ChangedQuery& query, std::size_t limit);
  void find_new(chat::ConversationId conversation, const Visibility::Spans& spans, Index after, Index through,
                std::size_t limit, std::vector<Change>& found);
  void find_touched(chat::ConversationId conversation, const Visibility::Spans& spans, Index after, Index through,
                    std::size_t limit, std::vector<Change>& found);
  std::optional<chat::Number> first_number_after(chat::ConversationId conversation, Index after);
  static Index keep_first(std::vector<Change>& found, std::size_t limit);

  ReaderGate& gate_;
  std::shared_ptr<ArchiveConnection> connection_;
  SQLite::Statement begin_;
  SQLite::Statement end_;
  Question ascending_;
  Question descending_;
  Question from_number_;
  Question newest_;
  Question touched_;
  Question by_id_;
  Question by_client_;
  Question matches_;
  Question page_;
};

}  // namespace parley::store
