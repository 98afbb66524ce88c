#include "node/queries.hpp"

#include <algorithm>
#include <functional>

#include "node/limits.hpp"

namespace parley::node {

Reads::Reads(Seams seams, const Applier& applier, Archiver& archiver, const Recent& recent)
    : seams_(seams),
      applier_(applier),
      archiver_(archiver),
      recent_(recent),
      pages_(archiver.archive().reader()),
      search_(archiver.archive().reader()) {}

bool Reads::busy(net::Lane lane) const {
  const auto max = lane == net::Lane::search ? search_queue_max : pages_queue_max;
  return seams_.workers.queued(lane) >= max;
}

net::awaitable<std::optional<Reads::Rows>> Reads::history(std::vector<store::HistoryQuery> queries, std::size_t limit) {
  if (busy(net::Lane::pages)) co_return std::nullopt;
  std::vector<Rows> recent;
  for (const auto& query : queries) recent.push_back(recent_.history(query));
  Rows rows;
  auto& reader = *pages_;
  std::function<void()> job = [&] {
    for (std::size_t i = 0; i < queries.size() && rows.size() < limit; ++i) {
      queries[i].limit = limit - rows.size();
      auto part = merge_history(queries[i], reader.history(queries[i]), std::move(recent[i]));
      rows.insert(rows.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    }
  };
  const bool read = co_await archiver_.look(net::Lane::pages, std::move(job));
  if (!read) co_return std::nullopt;
  co_return std::move(rows);
}

net::awaitable<std::optional<Changes>> Reads::changed(store::ChangedQuery query) {
  if (busy(net::Lane::pages)) co_return std::nullopt;
  auto recent = recent_.changed(query);
  const auto applied = applier_.applied();
  Changes changes;
  auto& reader = *pages_;
  std::function<void()> job = [&] {
    changes = merge_changes(query, reader.changed(query), std::move(recent), applied);
  };
  const bool read = co_await archiver_.look(net::Lane::pages, std::move(job));
  if (!read) co_return std::nullopt;
  co_return std::move(changes);
}

net::awaitable<std::optional<Reads::Found>> Reads::by_id(std::vector<chat::MessageId> ids) {
  if (busy(net::Lane::pages)) co_return std::nullopt;
  auto recent = recent_.by_id(ids);
  Found found;
  found.seen_at = applier_.applied();
  auto& reader = *pages_;
  std::function<void()> job = [&] { found.rows = merge(reader.by_id(ids), std::move(recent)); };
  const bool read = co_await archiver_.look(net::Lane::pages, std::move(job));
  if (!read) co_return std::nullopt;
  co_return std::move(found);
}

net::awaitable<std::optional<Reads::ByClient>> Reads::by_client(chat::ClientId client, chat::Sequence sequence) {
  ByClient result;
  result.row = recent_.by_client(client, sequence);
  if (result.row) co_return std::move(result);
  if (busy(net::Lane::pages)) co_return std::nullopt;
  auto& reader = *pages_;
  std::function<void()> job = [&] { result.row = reader.by_client(client, sequence); };
  const bool read = co_await archiver_.look(net::Lane::pages, std::move(job));
  if (!read) co_return std::nullopt;
  co_return std::move(result);
}

net::awaitable<std::optional<Reads::Rows>> Reads::search(store::SearchQuery query) {
  if (busy(net::Lane::search)) co_return std::nullopt;
  const auto recent = recent_.searched(query);
  Rows rows;
  auto& reader = *search_;
  std::function<void()> job = [&] {
    rows = reader.search(query);
    // Memory knows better what the rows it holds say by now.
    std::erase_if(rows, [&](const chat::MessageRow& row) {
      return std::any_of(recent.begin(), recent.end(), [&](const auto& newer) {
        return newer.id == row.id && newer.changed_index > row.changed_index;
      });
    });
    Rows matching;
    for (const auto& row : recent) {
      if (!row.deleted && holds_words(row.text, query.text)) matching.push_back(row);
    }
    rows = merge(std::move(rows), std::move(matching));
    std::reverse(rows.begin(), rows.end());
    if (rows.size() > query.limit) rows.resize(query.limit);
  };
  const bool read = co_await archiver_.look(net::Lane::search, std::move(job));
  if (!read) co_return std::nullopt;
  co_return std::move(rows);
}

Scope scope_of(const chat::State& state, chat::AccountId account,
               const std::vector<chat::ConversationId>& conversations) {
  constexpr chat::Number newest{~0ULL};
  Scope scope;
  for (const auto conversation : conversations) {
    const auto intervals = chat::visible(state, account, conversation);
    if (intervals.size() == 1 && intervals[0].from <= chat::Number{1} && intervals[0].through == newest) {
      scope.conversations.push_back(conversation);
      continue;
    }
    for (const auto& part : intervals) scope.ranges.push_back({conversation, part.from, part.through});
  }
  return scope;
}

std::vector<store::HistoryQuery> history_queries(const chat::State& state, chat::AccountId account,
                                                 chat::ConversationId conversation, chat::Number low, chat::Number high,
                                                 bool descending, std::size_t limit) {
  std::vector<store::HistoryQuery> queries;
  for (const auto& part : chat::visible(state, account, conversation)) {
    const auto from = std::max({part.from, low, chat::Number{1}});
    const auto through = std::min(part.through, high);
    if (through < from) continue;
    store::HistoryQuery query;
    query.conversation = conversation;
    query.descending = descending;
    query.from = descending ? through : from;
    query.through = descending ? from : through;
    query.limit = limit;
    queries.push_back(query);
  }
  if (descending) std::reverse(queries.begin(), queries.end());
  return queries;
}

namespace {

// ASCII letters and digits folded, every other UTF-8 character as it is: near enough to the archive's tokenizer for
// the moments that a message is in memory only.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0;
    if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (letter) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

}  // namespace

bool holds_words(const std::string& text, const std::string& query) {
  const auto wanted = words_of(query);
  if (wanted.empty() || wanted.size() > store::search_words_max) return false;
  const auto present = words_of(text);
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
    return std::find(present.begin(), present.end(), word) != present.end();
  });
}

}  // namespace parley::node
