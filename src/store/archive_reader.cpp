#include "store/archive_reader.hpp"

#include <algorithm>
#include <utility>

#include "store/archive_rows.hpp"

namespace parley::store {

namespace {

constexpr Index no_index_above{~0ULL};

std::string select_messages(const std::string& rest) {
  return std::string("SELECT ") + message_columns + " FROM message " + rest;
}

// Ends the read transaction also where the body throws.
class ReadTransaction {
 public:
  ReadTransaction(SQLite::Statement& begin, SQLite::Statement& end) : end_(end) { Using(begin).run(); }
  ~ReadTransaction() {
    end_.tryExecuteStep();   // nothing was written, so there is nothing that could fail to be kept
    end_.tryReset();
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  SQLite::Statement& end_;
};

std::vector<chat::MessageRow> all_of(Using& statement) {
  std::vector<chat::MessageRow> rows;
  while (statement.step()) rows.push_back(message_at(statement));
  return rows;
}

}  // namespace

std::unique_ptr<ArchiveReader> SqliteArchiveReader::open(Disk& disk, const std::string& file, ReaderGate& gate) {
  const ReaderGate::Pass pass(gate);   // preparing statements reads the schema
  const auto connection = std::make_shared<ArchiveConnection>(disk, file, ArchiveConnection::Use::read);
  return connection->run([&] { return std::unique_ptr<ArchiveReader>(new SqliteArchiveReader(connection, gate)); });
}

SqliteArchiveReader::SqliteArchiveReader(std::shared_ptr<ArchiveConnection> connection, ReaderGate& gate)
    : gate_(gate),
      connection_(std::move(connection)),
      begin_(connection_->database(), "BEGIN"),
      end_(connection_->database(), "ROLLBACK"),
      ascending_(connection_->database(),
                 select_messages("WHERE conversation = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?")),
      descending_(connection_->database(),
                  select_messages("WHERE conversation = ? AND number BETWEEN ? AND ? ORDER BY number DESC LIMIT ?")),
      changes_(connection_->database(),
               "SELECT changed_index, id, number FROM message INDEXED BY message_by_change "
               "WHERE conversation = ? AND changed_index > ? AND changed_index <= ? ORDER BY changed_index, number"),
      first_from_(connection_->database(),
                  "SELECT id FROM message WHERE conversation = ? AND number >= ? ORDER BY number LIMIT 1"),
      by_id_(connection_->database(), select_messages("WHERE id = ?")),
      by_client_(connection_->database(), select_messages("WHERE client = ? AND sequence = ? AND client <> 0")),
      matches_(connection_->database(),
               "SELECT m.id, m.conversation, m.number FROM message_text CROSS JOIN message AS m "
               "ON m.id = message_text.rowid WHERE message_text MATCH ? AND message_text.rowid < ? "
               "ORDER BY message_text.rowid DESC"),
      page_(connection_->database(), select_messages("WHERE id > ? ORDER BY id LIMIT ?")) {}

template <class Body>
auto SqliteArchiveReader::read(Body body) {
  const ReaderGate::Pass pass(gate_);
  return connection_->run([&] {
    const ReadTransaction transaction(begin_, end_);
    return body();
  });
}

std::vector<chat::MessageRow> SqliteArchiveReader::history(const HistoryQuery& query) {
  const chat::Number end = query.through.value == 0 && !query.descending ? chat::Number(~0ULL) : query.through;
  const chat::Number begin = query.from.value == 0 && query.descending ? chat::Number(~0ULL) : query.from;
  const auto [low, high] = query.descending ? std::pair(end, begin) : std::pair(begin, end);
  return read([&, low = low, high = high] {
    Using statement(query.descending ? descending_ : ascending_);
    statement.bound(query.conversation.value)
        .bound(low.value)
        .bound(high.value)
        .number(std::min(query.limit, rows_max));
    return all_of(statement);
  });
}

// -- R7 -------------------------------------------------------------------------------------------------------

std::vector<chat::MessageRow> SqliteArchiveReader::changed(const ChangedQuery& query) {
  const std::size_t limit = std::min(query.limit, rows_max);
  if (limit == 0) return {};
  return read([&] {
    std::vector<chat::MessageRow> rows;
    for (const Change& change : find_changes(query, limit)) {
      if (auto row = row_of(change.id)) rows.push_back(std::move(*row));
    }
    return rows;
  });
}

// Merges the conversations' changes, each read in order from the index and no further than it can matter.
std::vector<SqliteArchiveReader::Change> SqliteArchiveReader::find_changes(const ChangedQuery& query,
                                                                           std::size_t limit) {
  const Visibility visible(query.conversations, query.ranges);
  std::vector<Change> found;
  Index through = no_index_above;
  for (const auto& [conversation, spans] : visible.spans()) {
    const Index after = std::max(query.after, before_first_visible(conversation, spans));
    find_changes_of(conversation, spans, after, through, limit, found);
    if (found.size() > 2 * limit) through = keep_first(found, limit);
  }
  keep_first(found, limit);
  std::sort(found.begin(), found.end());
  return found;
}

void SqliteArchiveReader::find_changes_of(chat::ConversationId conversation, const Visibility::Spans& spans,
                                          Index after, Index through, std::size_t limit, std::vector<Change>& found) {
  Using statement(changes_);
  statement.bound(conversation.value).bound(after.value).bound(through.value);
  std::size_t count = 0;
  Index last = no_index_above;
  while (statement.step()) {
    const Change change{Index(statement.number_at(0)), chat::MessageId(statement.number_at(1))};
    if (change.changed_index > last) return;
    const chat::Number number(statement.number_at(2));
    const bool visible = std::any_of(spans.begin(), spans.end(), [number](const auto& span) {
      return span.first <= number && number <= span.second;
    });
    if (!visible) continue;
    found.push_back(change);
    if (++count == limit) last = change.changed_index;   // the rest of this entry still belongs to the page
  }
}

// Who joined a room late need not have what changed before they came looked through: a message's changed_index is
// never below its id, and ids grow with numbers.
Index SqliteArchiveReader::before_first_visible(chat::ConversationId conversation, const Visibility::Spans& spans) {
  chat::Number first(~0ULL);
  for (const auto& span : spans) first = std::min(first, span.first);
  if (first <= chat::Number(1)) return Index(0);
  Using statement(first_from_);
  statement.bound(conversation.value).bound(first.value);
  return statement.step() ? Index(statement.number_at(0)).previous() : no_index_above;
}

// Keeps the earliest `limit`, and what shares the last one's entry. Returns the last one's index.
Index SqliteArchiveReader::keep_first(std::vector<Change>& found, std::size_t limit) {
  if (found.size() <= limit) return no_index_above;
  const auto last = found.begin() + static_cast<std::ptrdiff_t>(limit - 1);
  std::nth_element(found.begin(), last, found.end());
  const Index through = last->changed_index;
  std::erase_if(found, [through](const Change& change) { return change.changed_index > through; });
  return through;
}

// -- by key ---------------------------------------------------------------------------------------------------

std::optional<chat::MessageRow> SqliteArchiveReader::row_of(chat::MessageId id) {
  Using statement(by_id_);
  statement.bound(id.value);
  if (!statement.step()) return std::nullopt;
  return message_at(statement);
}

std::vector<chat::MessageRow> SqliteArchiveReader::by_id(const std::vector<chat::MessageId>& ids) {
  return read([&] {
    std::vector<chat::MessageRow> rows;
    const std::size_t count = std::min(ids.size(), rows_max);
    for (std::size_t i = 0; i < count; ++i) {
      if (auto row = row_of(ids[i])) rows.push_back(std::move(*row));
    }
    return rows;
  });
}

std::optional<chat::MessageRow> SqliteArchiveReader::by_client(chat::ClientId client, chat::Sequence sequence) {
  return read([&]() -> std::optional<chat::MessageRow> {
    Using statement(by_client_);
    statement.bound(client.value).bound(sequence.value);
    if (!statement.step()) return std::nullopt;
    return message_at(statement);
  });
}

std::vector<chat::MessageRow> SqliteArchiveReader::page(chat::MessageId after, std::size_t limit) {
  return read([&] {
    Using statement(page_);
    statement.bound(after.value).number(std::min(limit, rows_max));
    return all_of(statement);
  });
}

// -- search ---------------------------------------------------------------------------------------------------

SearchPage SqliteArchiveReader::search_page(const SearchQuery& query) {
  const auto expression = search_expression(query.text);
  const std::size_t limit = std::min(query.limit, rows_max);
  if (!expression || limit == 0) return {};
  const Visibility visible(query.conversations, query.ranges);
  return read([&] {
    SearchPage page;
    Using statement(matches_);
    statement.text(*expression).bound(query.before.value);
    for (std::size_t looked_at = 1; statement.step(); ++looked_at) {
      const chat::MessageId id(statement.number_at(0));
      const chat::ConversationId conversation(statement.number_at(1));
      if (visible.sees(conversation, chat::Number(statement.number_at(2)))) {
        if (auto row = row_of(id)) page.rows.push_back(std::move(*row));
      }
      if (page.rows.size() == limit || looked_at == search_scan_max) {
        page.next_before = id;
        break;
      }
    }
    return page;
  });
}

}  // namespace parley::store
