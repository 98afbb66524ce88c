#include <charconv>
#include <utility>

#include "cli/chat_handlers.hpp"
#include "cli/status_table.hpp"

namespace parley::cli {
namespace {

constexpr unsigned wait_max = 24 * 3600;   // seconds

}  // namespace

awaitable<Report> help_command(Chat&, Arguments) { co_return report_done(help_lines()); }

awaitable<Report> status_command_line(Chat& chat, Arguments) {
  Report report = co_await chat.call("status", json::object());
  if (const auto* status = report.outcome.result.if_object()) {
    for (auto& line : describe_status(*status)) report.lines.push_back(std::move(line));
  }
  if (chat.client().pending() > 0)
    report.lines.push_back(std::to_string(chat.client().pending()) + " of our requests are pending");
  co_return report;
}

awaitable<Report> wait_command(Chat& chat, Arguments arguments) {
  const auto& word = arguments.word(0);
  unsigned seconds = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), seconds);
  if (read.ec != std::errc() || read.ptr != word.data() + word.size() || seconds > wait_max)
    co_return report_refused("bad_command", "\"" + word + "\" is not a number of seconds");
  const Duration duration = std::chrono::seconds(seconds);
  co_await chat.wait(duration);
  co_return report_done();
}

awaitable<Report> quit_command(Chat& chat, Arguments) {
  chat.quit();
  co_return report_done();
}

}  // namespace parley::cli
