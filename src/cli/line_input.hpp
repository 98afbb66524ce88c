#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "net/clock.hpp"

namespace parley::cli {

// Lines of a file descriptor that may be a terminal, a pipe or a file and is shared with other programs: so it is never
// made non-blocking. A thread waits in poll(2) and reads; the lines come out on the strand.
class LineInput {
 public:
  static constexpr std::size_t line_max = 64 * 1024;   // a longer line is given in pieces of this size
  static constexpr std::size_t lines_max = 256;        // read ahead at most so many

  LineInput(boost::asio::any_io_executor executor, net::Clock& clock, int descriptor);
  ~LineInput();   // ends the thread at once; nobody waits in next()

  // The next line without its newline; nullopt: the input has ended, or stop() was called. One caller at a time.
  net::awaitable<std::optional<std::string>> next();
  void stop();   // on the strand

 private:
  struct Shared;
  void read_loop();
  bool deliver(std::string line);

  boost::asio::any_io_executor executor_;
  int descriptor_;
  int wake_;                          // eventfd: tells the thread to end
  std::shared_ptr<Shared> shared_;    // outlives this in a handler that was posted
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace parley::cli
