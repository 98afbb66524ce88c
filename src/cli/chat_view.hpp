#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/events.hpp"
#include "cli/outcome.hpp"

namespace parley::cli {

// What a command came to: for programs `outcome`, for people `lines` and `messages`.
struct Report {
  Outcome outcome;
  std::vector<std::string> lines;
  std::vector<Message> messages;

  bool failed() const { return outcome.kind == Outcome::Kind::refused || outcome.kind == Outcome::Kind::unknown; }
};
Report report_done(std::vector<std::string> lines = {});
Report report_refused(std::string reason, std::string message);

// How the chat speaks: to people, or to programs.
class ChatView {
 public:
  virtual ~ChatView() = default;
  virtual void message(const Message& message) = 0;                              // it arrived by itself
  // Something happened by itself: `text` for people (empty: not worth telling), `event` for programs.
  virtual void happened(const std::string& text, json::object event) = 0;
  // A command has ended. `line` is what was typed, without secrets.
  virtual void report(const std::string& line, const Report& report) = 0;
};

using PrintLines = std::function<void(const std::string& text)>;   // whole lines, each with its \n

std::unique_ptr<ChatView> make_text_view(PrintLines print, bool colours);
std::unique_ptr<ChatView> make_json_view(PrintLines print);        // one JSON object a line

// "14:05 #general 4711 ann: hello": local time, place, message id, author.
std::string format_message(const Message& message, bool colours);

// Colours only on a terminal, and not when NO_COLOR is set to anything (no-color.org).
bool colours_wanted(bool terminal);

}  // namespace parley::cli
