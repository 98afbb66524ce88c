#include "cli/chat_terminal.hpp"

#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/spawn.hpp"

namespace parley::cli {
namespace {

namespace asio = boost::asio;

constexpr Duration first_patience = std::chrono::seconds(10);   // for a first connection, before saying so
constexpr Duration command_patience = std::chrono::seconds(5);  // for an outcome, before calling it pending
constexpr std::string_view prompt_colour = "\x1b[32m";

ChatManners manners_of(ChatTerminal* terminal, awaitable<std::optional<std::string>> (ChatTerminal::*ask)(std::string),
                       void (ChatTerminal::*refresh)()) {
  ChatManners manners;
  manners.interactive = true;
  manners.patience = command_patience;
  manners.ask_secret = [terminal, ask](std::string prompt) { return (terminal->*ask)(std::move(prompt)); };
  manners.changed = [terminal, refresh] { (terminal->*refresh)(); };
  return manners;
}

}  // namespace

ChatTerminal::ChatTerminal(ClientSeams seams, std::unique_ptr<Terminal> terminal, std::vector<std::string> servers,
                           const ChatOptions& options)
    : seams_(seams),
      terminal_(std::move(terminal)),
      editor_(terminal_->size().columns, terminal_->size().rows),
      colours_(colours_wanted(true)),
      view_(options.json ? make_json_view([this](const std::string& text) { print(text); })
                         : make_text_view([this](const std::string& text) { print(text); }, colours_)),
      chat_(seams, std::move(servers), options, manners_of(this, &ChatTerminal::ask_secret, &ChatTerminal::refresh),
            *view_),
      signals_(seams.executor, SIGWINCH, SIGTERM, SIGHUP),
      screen_alarm_(seams.clock.make_alarm()),
      command_alarm_(seams.clock.make_alarm()),
      end_alarm_(seams.clock.make_alarm()) {
  signals_.add(SIGINT);
}

awaitable<int> ChatTerminal::run() {
  refresh();
  net::spawn(seams_.executor, counted(chat_loop()));
  net::spawn(seams_.executor, counted(screen_loop()));
  net::spawn(seams_.executor, counted(signal_loop()));
  net::spawn(seams_.executor, counted(input_loop()));
  net::spawn(seams_.executor, counted(command_loop()));
  while (!ending_) co_await end_alarm_->wait_until(never);

  const std::string farewell = chat_.farewell();
  chat_.stop();
  boost::system::error_code ignored;
  signals_.clear(ignored);   // from here on a signal does what it does by default: nothing can hang for good
  signals_.cancel(ignored);
  command_alarm_->ring();
  screen_alarm_->ring();
  editor_.hide();
  if (!farewell.empty()) editor_.print_above(farewell);
  std::string last = editor_.take_output();
  co_await terminal_->write(std::move(last));
  terminal_->close();
  while (loops_running_ > 0) co_await end_alarm_->wait_until(never);
  co_return 0;
}

awaitable<void> ChatTerminal::counted(awaitable<void> loop) {
  ++loops_running_;
  co_await std::move(loop);
  --loops_running_;
  end_alarm_->ring();
}

awaitable<void> ChatTerminal::chat_loop() { co_await chat_.run(); }

awaitable<void> ChatTerminal::input_loop() {
  while (!ending_) {
    const std::string bytes = co_await terminal_->read();
    if (bytes.empty()) end();   // the terminal is gone
    for (const auto& event : editor_.feed(bytes)) handle(event);
    screen_alarm_->ring();
  }
}

// One write at a time; what changes meanwhile is drawn with the next.
awaitable<void> ChatTerminal::screen_loop() {
  while (!ending_) {
    std::string output = editor_.take_output();
    if (output.empty()) {
      co_await screen_alarm_->wait_until(never);
      continue;
    }
    const bool written = co_await terminal_->write(std::move(output));
    if (!written) end();
  }
}

awaitable<void> ChatTerminal::signal_loop() {
  while (!ending_) {
    const auto result = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (std::get<0>(result)) co_return;
    if (std::get<1>(result) != SIGWINCH) {
      end();
      continue;
    }
    const auto size = terminal_->size();
    editor_.resize(size.columns, size.rows);
    screen_alarm_->ring();
  }
}

awaitable<void> ChatTerminal::command_loop() {
  co_await begin();
  while (!ending_) {
    const bool reached = chat_.client().connection().phase == ConnectionState::Phase::ready;
    if (!begun_ && reached) {   // a node came up at last
      co_await begin();
      continue;
    }
    if (lines_.empty()) {
      co_await command_alarm_->wait_until(never);
      continue;
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    co_await chat_.execute(std::move(line));
    if (chat_.quitting()) end();
    refresh();
  }
}

awaitable<void> ChatTerminal::begin() {
  const auto result = co_await chat_.begin(first_patience);
  begun_ = result.ok();
  if (ending_) co_return;
  if (!begun_) print("* " + result.error().message + "\n");
  if (begun_ && chat_.client().account().empty())
    print("* /login NAME, or /register NAME for a new account; /help lists everything\n");
  refresh();
}

awaitable<std::optional<std::string>> ChatTerminal::ask_secret(std::string prompt) {
  secret_.reset();
  secret_given_up_ = false;
  editor_.begin_secret(std::move(prompt));
  screen_alarm_->ring();
  while (!ending_ && !secret_ && !secret_given_up_) co_await command_alarm_->wait_until(never);
  editor_.end_secret();
  refresh();
  co_return std::exchange(secret_, std::nullopt);
}

void ChatTerminal::handle(const LineEditor::Event& event) {
  switch (event.kind) {
    case LineEditor::Event::Kind::line: return take_line(event.text);
    case LineEditor::Event::Kind::complaint: return print("* " + event.text + "\n");
    case LineEditor::Event::Kind::suspend: return suspend();
    case LineEditor::Event::Kind::interrupt:
    case LineEditor::Event::Kind::end_of_input:
      if (!editor_.secret()) return end();
      secret_given_up_ = true;
      return command_alarm_->ring();
  }
}

void ChatTerminal::take_line(std::string line) {
  if (editor_.secret()) {
    secret_ = std::move(line);
  } else if (lines_.size() >= lines_max) {
    return print("* not taken: " + std::to_string(lines_max) + " lines are waiting already\n");
  } else if (!line.empty()) {
    lines_.push_back(std::move(line));
  }
  command_alarm_->ring();
}

// As a shell expects of Ctrl-Z: the terminal as it was, stopped; on `fg` everything is drawn anew.
void ChatTerminal::suspend() {
  terminal_->restore();
  ::raise(SIGTSTP);
  terminal_->make_raw();
  const auto size = terminal_->size();
  editor_.resize(size.columns, size.rows);
  editor_.redraw_below();
  screen_alarm_->ring();
}

void ChatTerminal::print(const std::string& text) {
  editor_.print_above(text);
  if (screen_alarm_) screen_alarm_->ring();
}

void ChatTerminal::refresh() {
  editor_.set_prompt(chat_.prompt(), colours_ ? std::string(prompt_colour) : std::string());
  if (screen_alarm_) screen_alarm_->ring();
  if (command_alarm_ && !begun_) command_alarm_->ring();
}

void ChatTerminal::end() {
  ending_ = true;
  end_alarm_->ring();
}

}  // namespace parley::cli
