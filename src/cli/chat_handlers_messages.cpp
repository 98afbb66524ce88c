#include <boost/json/array.hpp>
#include <charconv>
#include <utility>

#include "cli/chat_handlers.hpp"
#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

constexpr std::uint64_t default_count = 20;
constexpr std::uint64_t count_max = 1000;

std::optional<std::uint64_t> read_number(const std::string& text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Report not_a_count(const std::string& word) {
  return report_refused("bad_command", "\"" + word + "\" is not a number from 1 to " + std::to_string(count_max));
}
Report not_an_id(const std::string& word) {
  return report_refused("bad_command", "\"" + word + "\" is not a message id: the number before the author's name");
}
Report nothing_open() {
  return report_refused("no_conversation", "no conversation is open: /join #room, or /open @user, first");
}

// The count that was typed; 0: it is none.
std::uint64_t count_from(const Arguments& arguments) {
  if (arguments.count() == 0) return default_count;
  const auto number = read_number(arguments.word(0));
  return number && *number <= count_max ? *number : 0;
}

void take_messages(Report& report) {
  const auto* result = report.outcome.result.if_object();
  const auto* messages = result ? array_field(*result, "messages") : nullptr;
  if (messages == nullptr) return;
  for (const auto& each : *messages) {
    if (auto message = parse_message(each)) report.messages.push_back(std::move(*message));
  }
}

}  // namespace

awaitable<Report> msg_command(Chat& chat, Arguments arguments) {
  std::string place = arguments.word(0);
  if (place[0] != '@' && place[0] != '#') place.insert(0, "@");
  if (chat.place().empty()) chat.open(place);
  std::string text = arguments.rest(1);
  Report report = co_await chat.send(std::move(place), std::move(text));
  co_return report;
}

awaitable<Report> history_command(Chat& chat, Arguments arguments) {
  const auto count = count_from(arguments);
  if (count == 0) co_return not_a_count(arguments.word(0));
  if (chat.place().empty()) co_return nothing_open();
  json::object params;
  params["in"] = chat.place();
  params["limit"] = count;
  Report report = co_await chat.call("history", std::move(params));
  take_messages(report);
  if (report.outcome.done() && report.messages.empty()) report.lines.emplace_back("nothing was said here yet");
  co_return report;
}

awaitable<Report> read_command(Chat& chat, Arguments arguments) {
  const auto count = count_from(arguments);
  if (count == 0) co_return not_a_count(arguments.word(0));
  if (chat.place().empty()) co_return nothing_open();
  json::object params;
  params["in"] = chat.place();
  params["limit"] = count;
  Report report = co_await chat.call("read", std::move(params));
  take_messages(report);
  const auto* result = report.outcome.result.if_object();
  if (result == nullptr) co_return report;
  const auto left = number_field(*result, "unread").value_or(0);
  report.lines.push_back(left == 0 ? "nothing more is unread here" : std::to_string(left) + " more unread here");
  co_return report;
}

awaitable<Report> unread_command(Chat& chat, Arguments) {
  Report report = co_await chat.call("unread", json::object());
  const auto* result = report.outcome.result.if_object();
  const auto* places = result ? array_field(*result, "places") : nullptr;
  if (places == nullptr) co_return report;
  for (const auto& place : *places) {
    const auto* fields = place.if_object();
    const auto unread = fields ? number_field(*fields, "unread").value_or(0) : 0;
    if (unread > 0) report.lines.push_back(text_field(*fields, "in") + "  " + std::to_string(unread) + " unread");
  }
  if (report.lines.empty()) report.lines.emplace_back("nothing is unread");
  co_return report;
}

awaitable<Report> search_command(Chat& chat, Arguments arguments) {
  json::object params;
  params["text"] = arguments.rest(0);
  Report report = co_await chat.call("search", std::move(params));
  take_messages(report);
  if (report.outcome.done() && report.messages.empty()) report.lines.emplace_back("nothing found");
  co_return report;
}

awaitable<Report> edit_command(Chat& chat, Arguments arguments) {
  const auto id = read_number(arguments.word(0));
  if (!id) co_return not_an_id(arguments.word(0));
  json::object params;
  params["message"] = *id;
  params["text"] = arguments.rest(1);
  Report report = co_await chat.submit("edit", std::move(params));
  co_return report;
}

awaitable<Report> delete_command(Chat& chat, Arguments arguments) {
  json::array ids;
  for (const auto& word : arguments.words) {
    const auto id = read_number(word);
    if (!id) co_return not_an_id(word);
    ids.emplace_back(*id);
  }
  json::object params;
  params["messages"] = std::move(ids);
  Report report = co_await chat.submit("delete", std::move(params));
  const auto* result = report.outcome.result.if_object();
  const auto deleted = result ? number_field(*result, "deleted") : std::nullopt;
  if (deleted) report.lines.push_back(std::to_string(*deleted) + " deleted");
  co_return report;
}

}  // namespace parley::cli
