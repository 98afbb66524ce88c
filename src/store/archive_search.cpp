#include "store/archive_search.hpp"

#include <algorithm>

namespace parley::store {

namespace {

// Space, and what can't stand in an expression: a NUL would end it.
bool separates(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

}  // namespace

std::optional<std::string> search_expression(std::string_view text) {
  std::string expression;
  std::size_t words = 0;
  bool in_word = false;
  for (const char c : text) {
    if (separates(c)) {
      if (in_word) expression += '"';
      in_word = false;
      continue;
    }
    if (!in_word) {
      if (++words > search_words_max) return std::nullopt;
      expression += words == 1 ? "\"" : " \"";
      in_word = true;
    }
    expression += c;
    if (c == '"') expression += c;   // a quote within quotes is doubled
  }
  if (in_word) expression += '"';
  if (words == 0) return std::nullopt;
  return expression;
}

Visibility::Visibility(const std::vector<chat::ConversationId>& conversations,
                       const std::vector<NumberRange>& ranges) {
  for (const NumberRange& range : ranges) spans_[range.conversation].emplace_back(range.from, range.through);
  for (const chat::ConversationId conversation : conversations) {
    spans_[conversation] = {{chat::Number(0), chat::Number(~0ULL)}};
  }
}

bool Visibility::sees(const Spans& spans, chat::Number number) {
  return std::any_of(spans.begin(), spans.end(),
                     [number](const auto& span) { return span.first <= number && number <= span.second; });
}

chat::Number Visibility::first_of(const Spans& spans) {
  chat::Number first(~0ULL);
  for (const auto& span : spans) first = std::min(first, span.first);
  return first;
}

bool Visibility::sees(chat::ConversationId conversation, chat::Number number) const {
  const auto found = spans_.find(conversation);
  return found != spans_.end() && sees(found->second, number);
}

}  // namespace parley::store
