#include "cli/terminal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace parley::cli {
namespace {

namespace asio = boost::asio;

constexpr std::string_view paste_on = "\x1b[?2004h";    // bracketed paste: a pasted text is told from typing
constexpr std::string_view paste_off = "\x1b[?2004l";

// What a signal handler can reach. Written before the handlers are installed; one terminal a process.
struct Saved {
  int descriptor = -1;
  termios cooked{};
  volatile sig_atomic_t raw = 0;
};
Saved saved;

// Async-signal-safe: tcsetattr(3) and write(2) are (signal-safety(7)).
void put_back() {
  if (!saved.raw) return;
  saved.raw = 0;
  [[maybe_unused]] const auto written = ::write(saved.descriptor, paste_off.data(), paste_off.size());
  ::tcsetattr(saved.descriptor, TCSADRAIN, &saved.cooked);
}

constexpr std::array fatal_signals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT};
std::array<struct sigaction, fatal_signals.size()> former_actions;

// Then whoever was there before: a sanitizer's report, or the default.
void on_fatal_signal(int number) {
  put_back();
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
    if (fatal_signals[i] == number) ::sigaction(number, &former_actions[i], nullptr);
  }
  ::raise(number);
}

bool install() {
  std::atexit(put_back);
  struct sigaction action {};
  action.sa_handler = on_fatal_signal;
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) ::sigaction(fatal_signals[i], &action, &former_actions[i]);
  return true;
}

void install_once() {
  static const bool installed = install();
  (void)installed;
}

}  // namespace

std::unique_ptr<Terminal> Terminal::open(asio::any_io_executor executor) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return nullptr;
  const int descriptor = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  if (::tcgetattr(descriptor, &saved.cooked) != 0) {
    ::close(descriptor);
    return nullptr;
  }
  saved.descriptor = descriptor;
  install_once();
  std::unique_ptr<Terminal> terminal(new Terminal(std::move(executor), descriptor));
  terminal->make_raw();
  return terminal;
}

Terminal::Terminal(asio::any_io_executor executor, int descriptor)
    : stream_(std::move(executor), descriptor), descriptor_(descriptor) {}

Terminal::~Terminal() { put_back(); }

void Terminal::restore() { put_back(); }

void Terminal::make_raw() {
  termios raw = saved.cooked;
  raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cflag |= CS8;                                   // output processing stays: others may print while we run
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  saved.raw = 1;
  ::tcsetattr(descriptor_, TCSADRAIN, &raw);
  [[maybe_unused]] const auto written = ::write(descriptor_, paste_on.data(), paste_on.size());
}

Terminal::Size Terminal::size() const {
  winsize size{};
  Size result;
  if (::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    result.columns = size.ws_col;
    result.rows = size.ws_row;
  }
  return result;
}

net::awaitable<std::string> Terminal::read() {
  std::string bytes(4096, '\0');
  const auto buffer = asio::buffer(bytes);
  const auto result = co_await stream_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
  bytes.resize(std::get<0>(result) ? 0 : std::get<1>(result));
  co_return bytes;
}

net::awaitable<bool> Terminal::write(std::string bytes) {
  const auto buffer = asio::buffer(std::as_const(bytes));
  const auto result = co_await asio::async_write(stream_, buffer, asio::as_tuple(asio::use_awaitable));
  co_return !std::get<0>(result);
}

void Terminal::close() {
  put_back();
  boost::system::error_code ignored;
  stream_.close(ignored);
}

}  // namespace parley::cli
