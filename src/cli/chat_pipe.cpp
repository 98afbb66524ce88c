#include "cli/chat_pipe.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "net/spawn.hpp"

namespace parley::cli {
namespace {

namespace asio = boost::asio;

constexpr Duration first_patience = std::chrono::seconds(15);

ChatManners manners_of(const ChatOptions& options) {
  ChatManners manners;
  manners.patience = options.drain_timeout;
  return manners;
}

}  // namespace

ChatPipe::ChatPipe(ClientSeams seams, std::vector<std::string> servers, const ChatOptions& options)
    : seams_(seams),
      options_(options),
      view_(options.json
                ? make_json_view([this](const std::string& text) { print(text); })
                : make_text_view([this](const std::string& text) { print(text); },
                                 colours_wanted(::isatty(STDOUT_FILENO) != 0))),
      chat_(seams, std::move(servers), options, manners_of(options), *view_),
      input_(seams.executor, seams.clock, STDIN_FILENO),
      signals_(seams.executor, SIGINT, SIGTERM, SIGHUP),
      end_alarm_(seams.clock.make_alarm()) {}

awaitable<int> ChatPipe::run() {
  net::spawn(seams_.executor, counted(chat_loop()));
  net::spawn(seams_.executor, counted(signal_loop()));
  net::spawn(seams_.executor, counted(command_loop()));
  while (!ending_) co_await end_alarm_->wait_until(never);
  chat_.stop();
  input_.stop();
  boost::system::error_code ignored;
  signals_.clear(ignored);   // from here on a signal does what it does by default
  signals_.cancel(ignored);
  while (loops_running_ > 0) co_await end_alarm_->wait_until(never);
  co_return failed_ ? 1 : 0;
}

awaitable<void> ChatPipe::counted(awaitable<void> loop) {
  ++loops_running_;
  co_await std::move(loop);
  --loops_running_;
  end_alarm_->ring();
}

awaitable<void> ChatPipe::chat_loop() { co_await chat_.run(); }

awaitable<void> ChatPipe::signal_loop() {
  const auto result = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
  if (std::get<0>(result)) co_return;
  complain("interrupted");
  end();
}

awaitable<void> ChatPipe::command_loop() {
  const auto begun = co_await chat_.begin(first_patience);
  if (!begun) {
    complain(begun.error().message);
    end();
  }
  while (!ending_ && !chat_.quitting()) {
    auto line = co_await input_.next();
    if (!line) break;
    co_await execute(std::move(*line));
  }
  co_await drain();
  end();
}

awaitable<void> ChatPipe::execute(std::string line) {
  const bool too_long = line.size() >= LineInput::line_max;   // given in pieces
  const bool rest_of_one = std::exchange(skipping_, too_long);
  if (rest_of_one) co_return;
  ++line_number_;
  if (too_long) {
    complain("line " + std::to_string(line_number_) + " is longer than " + std::to_string(LineInput::line_max) +
             " bytes: not sent");
    co_return;
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) co_return;
  const Report report = co_await chat_.execute(std::move(line));
  if (report.failed()) failed_ = true;
}

awaitable<void> ChatPipe::drain() {
  if (ending_ || chat_.client().pending() == 0) co_return;
  const TimePoint until = chat_.deadline();
  const bool drained = co_await chat_.client().drain(until);
  if (!drained) complain("after " + std::to_string(options_.drain_timeout.count() / 1000) + " s: " + chat_.farewell());
}

void ChatPipe::print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void ChatPipe::complain(const std::string& text) {
  failed_ = true;
  std::fprintf(stderr, "parley chat: %s\n", text.c_str());
}

void ChatPipe::end() {
  ending_ = true;
  end_alarm_->ring();
}

}  // namespace parley::cli
