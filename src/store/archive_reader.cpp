#include "store/archive_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
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
  const ReaderGate::Pass pass(gate);   // setting up the connection reads the schema
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
      from_number_(connection_->database(),
                   "SELECT changed_index, id, number FROM message "
                   "WHERE conversation = ? AND number >= ? ORDER BY number"),
      newest_(connection_->database(),
              "SELECT id, number FROM message WHERE conversation = ? ORDER BY number DESC LIMIT 1"),
      touched_(connection_->database(),
               "SELECT changed_index, id, number FROM message INDEXED BY message_by_change "
               "WHERE conversation = ? AND changed_index > ? AND changed_index <= ? AND changed_index <> id "
               "ORDER BY changed_index, number"),
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

// Merges the conversations' changes, each read in order and no further than it can matter.
std::vector<SqliteArchiveReader::Change> SqliteArchiveReader::find_changes(const ChangedQuery& query,
                                                                           std::size_t limit) {
  const Visibility visible(query.conversations, query.ranges);
  std::vector<Change> found;
  Index through = no_index_above;
  for (const auto& [conversation, spans] : visible.spans()) {
    find_new(conversation, spans, query.after, through, limit, found);
    find_touched(conversation, spans, query.after, through, limit, found);
    if (found.size() > 2 * limit) through = keep_first(found, limit);
  }
  keep_first(found, limit);
  std::sort(found.begin(), found.end());
  return found;
}

// Messages as they were sent: changed_index is the id, and both grow with the number.
void SqliteArchiveReader::find_new(chat::ConversationId conversation, const Visibility::Spans& spans, Index after,
                                   Index through, std::size_t limit, std::vector<Change>& found) {
  auto begin = first_number_after(conversation, after);
  if (!begin) return;
  *begin = std::max(*begin, Visibility::first_of(spans));
  Using statement(from_number_);
  statement.bound(conversation.value).bound(begin->value);
  for (std::size_t count = 0; count < limit && statement.step();) {
    const Change change{Index(statement.number_at(0)), chat::MessageId(statement.number_at(1))};
    if (change.id.value > through.value) return;
    if (change.changed_index.value != change.id.value) continue;   // touched since: find_touched has it
    if (!Visibility::sees(spans, chat::Number(statement.number_at(2)))) continue;
    found.push_back(change);
    ++count;
  }
}

void SqliteArchiveReader::find_touched(chat::ConversationId conversation, const Visibility::Spans& spans, Index after,
                                       Index through, std::size_t limit, std::vector<Change>& found) {
  Using statement(touched_);
  statement.bound(conversation.value).bound(after.value).bound(through.value);
  std::size_t count = 0;
  Index last = no_index_above;
  while (statement.step()) {
    const Change change{Index(statement.number_at(0)), chat::MessageId(statement.number_at(1))};
    if (change.changed_index > last) return;
    if (!Visibility::sees(spans, chat::Number(statement.number_at(2)))) continue;
    found.push_back(change);
    if (++count == limit) last = change.changed_index;   // the rest of this entry still belongs to the page
  }
}

// Where the messages with greater ids begin. Ids grow with numbers, so halving finds it; most conversations have
// nothing new and cost one look.
std::optional<chat::Number> SqliteArchiveReader::first_number_after(chat::ConversationId conversation, Index after) {
  chat::Number low(1);
  chat::Number high;
  {
    Using newest(newest_);
    newest.bound(conversation.value);
    if (!newest.step() || newest.number_at(0) <= after.value) return std::nullopt;
    high = chat::Number(newest.number_at(1));
  }
  while (low < high) {
    const chat::Number middle = low + (high - low) / 2;
    Using statement(from_number_);
    statement.bound(conversation.value).bound(middle.value);
    PARLEY_ASSERT(statement.step(), "the newest message comes at or after every smaller number");
    if (statement.number_at(1) > after.value) high = middle;
    else low = chat::Number(statement.number_at(2)).next();
  }
  return low;
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
