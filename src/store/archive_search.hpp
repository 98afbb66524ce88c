#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/archive.hpp"

namespace parley::store {

// The words of a person's query as an expression of FTS5 that wants all of them, each quoted, so that nothing in
// them is syntax (https://www.sqlite.org/fts5.html, 3.1 "FTS5 Strings"). nullopt: no words, or too many.
std::optional<std::string> search_expression(std::string_view text);

// Which messages a query may show.
class Visibility {
 public:
  Visibility(const std::vector<chat::ConversationId>& conversations, const std::vector<NumberRange>& ranges);

  using Spans = std::vector<std::pair<chat::Number, chat::Number>>;   // of one conversation, both ends included
  static bool sees(const Spans& spans, chat::Number number);
  static chat::Number first_of(const Spans& spans);

  bool sees(chat::ConversationId conversation, chat::Number number) const;
  const std::map<chat::ConversationId, Spans>& spans() const { return spans_; }

 private:
  std::map<chat::ConversationId, Spans> spans_;
};

}  // namespace parley::store
