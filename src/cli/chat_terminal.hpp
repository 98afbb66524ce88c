#pragma once

#include <boost/asio/signal_set.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/chat_session.hpp"
#include "cli/line_editor.hpp"
#include "cli/terminal.hpp"

namespace parley::cli {

// The chat at a terminal: keys to the editor, lines to the chat one after the other, and everything that is printed
// above the line being typed.
class ChatTerminal {
 public:
  static constexpr std::size_t lines_max = 256;   // typed ahead while a command runs; more are refused

  ChatTerminal(ClientSeams seams, std::unique_ptr<Terminal> terminal, std::vector<std::string> servers,
               const ChatOptions& options);

  awaitable<int> run();   // the exit code

 private:
  awaitable<void> counted(awaitable<void> loop);
  awaitable<void> input_loop();
  awaitable<void> screen_loop();
  awaitable<void> signal_loop();
  awaitable<void> command_loop();
  awaitable<void> begin();
  awaitable<void> chat_loop();
  awaitable<std::optional<std::string>> ask_secret(std::string prompt);
  void handle(const LineEditor::Event& event);
  void take_line(std::string line);
  void suspend();
  void print(const std::string& text);
  void refresh();
  void end();

  ClientSeams seams_;
  std::unique_ptr<Terminal> terminal_;
  LineEditor editor_;
  bool colours_;
  std::unique_ptr<ChatView> view_;
  Chat chat_;
  boost::asio::signal_set signals_;
  std::unique_ptr<net::Alarm> screen_alarm_;
  std::unique_ptr<net::Alarm> command_alarm_;
  std::unique_ptr<net::Alarm> end_alarm_;
  std::deque<std::string> lines_;
  std::optional<std::string> secret_;     // typed
  bool secret_given_up_ = false;
  bool begun_ = false;                    // a node was reached
  bool ending_ = false;
  std::size_t loops_running_ = 0;
};

}  // namespace parley::cli
