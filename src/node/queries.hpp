#pragma once

#include <boost/json/array.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat/queries.hpp"
#include "node/applier.hpp"
#include "node/archiver.hpp"
#include "node/recent.hpp"
#include "node/seams.hpp"

namespace parley::node {

// Rows of old messages for people and for R17: from memory and archive together, by the recipe of recent.hpp. Each
// question takes what memory has before it first waits. nullopt: too many are waiting already; `later`, busy. Or the
// archive is damaged where it was read: what can't be trusted is not served (P8).
class Reads {
 public:
  Reads(Seams seams, const Applier& applier, Archiver& archiver, const Recent& recent);

  using Rows = std::vector<chat::MessageRow>;

  // The queries one after the other until `limit` rows are found: the ranges that a reader may see, in the order asked.
  net::awaitable<std::optional<Rows>> history(std::vector<store::HistoryQuery> queries, std::size_t limit);

  net::awaitable<std::optional<Changes>> changed(store::ChangedQuery query);

  struct Found {
    Rows rows;      // those that exist
    Index seen_at;  // what memory and archive say is at least as new as this index
  };
  net::awaitable<std::optional<Found>> by_id(std::vector<chat::MessageId> ids);

  struct ByClient {
    std::optional<chat::MessageRow> row;
  };
  net::awaitable<std::optional<ByClient>> by_client(chat::ClientId client, chat::Sequence sequence);

  net::awaitable<std::optional<Rows>> search(store::SearchQuery query);

 private:
  bool busy(net::Lane lane) const;

  Seams seams_;
  const Applier& applier_;
  Archiver& archiver_;
  const Recent& recent_;
  std::unique_ptr<store::ArchiveReader> pages_;   // on Lane::pages only
  std::unique_ptr<store::ArchiveReader> search_;  // on Lane::search only
};

// Where an account may look (R18): whole conversations, and parts of others.
struct Scope {
  std::vector<chat::ConversationId> conversations;
  std::vector<store::NumberRange> ranges;
};
Scope scope_of(const chat::State& state, chat::AccountId account,
               const std::vector<chat::ConversationId>& conversations);

// The parts of `conversation` between two numbers that the account may see, as queries in the order of reading.
std::vector<store::HistoryQuery> history_queries(const chat::State& state, chat::AccountId account,
                                                 chat::ConversationId conversation, chat::Number low, chat::Number high,
                                                 bool descending, std::size_t limit);

// Does the text hold all words of the query? As the archive's index sees words: letters and digits, case folded.
bool holds_words(const std::string& text, const std::string& query);

}  // namespace parley::node
