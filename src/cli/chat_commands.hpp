#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/chat_view.hpp"
#include "net/clock.hpp"

namespace parley::cli {

class Chat;

// What stands behind a command's name.
struct Arguments {
  std::vector<std::string> words;
  std::string line;                       // what was typed, whole

  std::size_t count() const { return words.size(); }
  const std::string& word(std::size_t i) const { return words.at(i); }
  std::string rest(std::size_t from) const;   // of the line, from that word on, as it was typed
};

struct ChatCommand {
  std::string_view name;                  // with its '/'
  std::string_view arguments;             // as /help shows them
  std::string_view help;
  std::size_t least = 0;                  // words it takes
  std::size_t most = 0;                   // any_words: as many as there are
  net::awaitable<Report> (*handler)(Chat& chat, Arguments arguments) = nullptr;
  std::size_t secrets_from = ~std::size_t{0};   // words from here on are passwords: only where nobody sees them
};
inline constexpr std::size_t any_words = ~std::size_t{0};

// One row a command: /help, the checks and the dispatch come from here.
const std::vector<ChatCommand>& chat_commands();

struct ParsedLine {
  const ChatCommand* command = nullptr;   // null: a text for the open conversation
  Arguments arguments;
  std::string text;                       // that text; "//x" is the text "/x"
};

// The error says what is wrong with the line and what was expected.
Result<ParsedLine> parse_chat_line(const std::string& line);

std::vector<std::string> help_lines();

}  // namespace parley::cli
