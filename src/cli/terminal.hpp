#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "net/clock.hpp"

namespace parley::cli {

// The user's terminal, in raw mode, by a file description of our own (/dev/tty opened anew): what we make non-blocking
// is ours alone, and the shell that shares our standard input finds it as it was. The mode is put back at every way
// out: destruction, exit(3), a fatal signal.
class Terminal {
 public:
  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };

  // Null: there is no terminal (both standard input and output have to be one), or it can't be opened.
  static std::unique_ptr<Terminal> open(boost::asio::any_io_executor executor);
  ~Terminal();

  net::awaitable<std::string> read();               // what was typed; empty: the terminal is gone, or closed
  net::awaitable<bool> write(std::string bytes);    // false: gone
  Size size() const;
  void restore();                                   // before a suspension
  void make_raw();                                  // after it
  void close();                                     // a pending read returns

 private:
  Terminal(boost::asio::any_io_executor executor, int descriptor);

  boost::asio::posix::stream_descriptor stream_;
  int descriptor_;
};

}  // namespace parley::cli
