#include "cli/chat_view.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view bold = "\x1b[1m";

std::string paint(std::string_view colour, std::string text, bool colours) {
  return colours ? std::string(colour) + text + std::string(plain) : text;
}

std::string clock_time(std::int64_t time_ms) {
  const std::time_t seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm local{};
  char text[8] = "--:--";
  if (::localtime_r(&seconds, &local) != nullptr) std::strftime(text, sizeof text, "%H:%M", &local);
  return text;
}

std::string indent_lines(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out;
}

json::object message_json(const Message& message) {
  json::object result;
  result["id"] = message.id;
  result["in"] = message.in;
  result["number"] = message.number;
  result["from"] = message.from;
  result["time"] = message.time_ms;
  if (message.deleted) {
    result["deleted"] = true;
  } else {
    result["text"] = message.text;
    if (message.edited) result["edited"] = true;
  }
  return result;
}

class TextView final : public ChatView {
 public:
  TextView(PrintLines print, bool colours) : print_(std::move(print)), colours_(colours) {}

  void message(const Message& message) override { print_(format_message(message, colours_) + "\n"); }

  void happened(const std::string& text, json::object) override {
    if (!text.empty()) print_(paint(dim, "* " + printable(text, true), colours_) + "\n");
  }

  void report(const std::string& line, const Report& report) override {
    std::string out;
    for (const auto& message : report.messages) out += format_message(message, colours_) + "\n";
    for (const auto& each : report.lines) out += printable(each, true) + "\n";
    if (!report.outcome.done()) out += failure(line, report.outcome);
    if (!out.empty()) print_(out);
  }

 private:
  std::string failure(const std::string& line, const Outcome& outcome) const {
    const std::string what = printable(line.substr(0, line.find_first_of(" \n")), false);
    const std::string why = printable(outcome.message.empty() ? outcome.reason : outcome.message, false);
    switch (outcome.kind) {
      case Outcome::Kind::pending: return paint(dim, what + " is pending: " + why, colours_) + "\n";
      case Outcome::Kind::unknown: return paint(red, what + ": outcome unknown: " + why, colours_) + "\n";
      default: return paint(red, what + ": " + why, colours_) + "\n";
    }
  }

  PrintLines print_;
  bool colours_;
};

class JsonView final : public ChatView {
 public:
  explicit JsonView(PrintLines print) : print_(std::move(print)) {}

  void message(const Message& message) override {
    json::object event = message_json(message);
    event["event"] = "message";
    print(event);
  }
  void happened(const std::string&, json::object event) override { print(event); }

  void report(const std::string& line, const Report& report) override {
    static constexpr const char* kinds[] = {"done", "refused", "pending", "unknown"};
    const bool command = line.starts_with('/');
    json::object event;
    event["event"] = "outcome";
    event["command"] = command ? line.substr(0, line.find_first_of(" \n")) : "send";
    event["outcome"] = kinds[static_cast<std::size_t>(report.outcome.kind)];
    if (report.outcome.done()) {
      event["result"] = report.outcome.result;
      if (report.outcome.result.is_null()) event["result"] = lines_result(report);
    } else {
      event["reason"] = report.outcome.reason;
      event["message"] = report.outcome.message;
    }
    print(event);
  }

 private:
  static json::object lines_result(const Report& report) {
    json::object result;
    if (report.lines.empty()) return result;
    json::array lines;
    for (const auto& line : report.lines) lines.emplace_back(line);
    result["lines"] = std::move(lines);
    return result;
  }
  void print(const json::object& event) { print_(json::serialize(event) + "\n"); }

  PrintLines print_;
};

}  // namespace

Report report_done(std::vector<std::string> lines) {
  Report report;
  report.outcome = Outcome::make_done(nullptr);
  report.lines = std::move(lines);
  return report;
}

Report report_refused(std::string reason, std::string message) {
  Report report;
  report.outcome = Outcome::make_local(Outcome::Kind::refused, std::move(reason), std::move(message));
  return report;
}

std::string format_message(const Message& message, bool colours) {
  std::string text = indent_lines(printable(message.text, true));
  if (message.deleted) text = paint(dim, "(deleted)", colours);
  if (message.edited) text += paint(dim, " (edited)", colours);
  return paint(dim, clock_time(message.time_ms), colours) + " " + paint(cyan, printable(message.in, false), colours) +
         " " + paint(dim, std::to_string(message.id), colours) + " " +
         paint(bold, printable(message.from, false) + ":", colours) + " " + text;
}

std::unique_ptr<ChatView> make_text_view(PrintLines print, bool colours) {
  return std::make_unique<TextView>(std::move(print), colours);
}
std::unique_ptr<ChatView> make_json_view(PrintLines print) { return std::make_unique<JsonView>(std::move(print)); }

bool colours_wanted(bool terminal) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return terminal && !dumb && (no_color == nullptr || *no_color == '\0');
}

}  // namespace parley::cli
