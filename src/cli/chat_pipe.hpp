#pragma once

#include <boost/asio/signal_set.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/chat_session.hpp"
#include "cli/line_input.hpp"

namespace parley::cli {

// The chat with commands from a pipe or a file: one after the other, each waited for; plain text or JSON to standard
// output; at the end of the input everything pending is waited for.
class ChatPipe {
 public:
  ChatPipe(ClientSeams seams, std::vector<std::string> servers, const ChatOptions& options);

  awaitable<int> run();   // the exit code

 private:
  awaitable<void> counted(awaitable<void> loop);
  awaitable<void> chat_loop();
  awaitable<void> signal_loop();
  awaitable<void> command_loop();
  awaitable<void> execute(std::string line);
  awaitable<void> drain();
  void print(const std::string& text);
  void complain(const std::string& text);
  void end();

  ClientSeams seams_;
  const ChatOptions& options_;
  std::unique_ptr<ChatView> view_;
  Chat chat_;
  LineInput input_;
  boost::asio::signal_set signals_;
  std::unique_ptr<net::Alarm> end_alarm_;
  std::size_t line_number_ = 0;
  bool skipping_ = false;       // the rest of a line that was too long
  bool failed_ = false;
  bool ending_ = false;
  std::size_t loops_running_ = 0;
};

}  // namespace parley::cli
