// The terminal is put back at every way out. Each test runs a child on a pseudo-terminal of its own.
#include "cli/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <string>

namespace parley::cli {
namespace {

net::awaitable<void> say_ready_and_read(Terminal* terminal, std::string* typed) {
  std::string ready = "ready";
  co_await terminal->write(std::move(ready));
  *typed = co_await terminal->read();
}

// In the child: raw mode, "ready", one read, then the way out.
[[noreturn]] void child(void (*way_out)(Terminal&)) {
  boost::asio::io_context context;
  auto terminal = Terminal::open(context.get_executor());
  if (!terminal) _exit(90);
  std::string typed;
  boost::asio::co_spawn(context, say_ready_and_read(terminal.get(), &typed), [](std::exception_ptr) {});
  context.run();
  if (typed != "x") _exit(91);
  if ((::fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK) != 0) _exit(92);
  way_out(*terminal);
  terminal.reset();
  _exit(0);
}

class TerminalTest : public ::testing::Test {
 protected:
  ~TerminalTest() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    if (master_ >= 0) ::close(master_);
  }
  void start(void (*way_out)(Terminal&)) {
    pid_ = ::forkpty(&master_, nullptr, nullptr, nullptr);
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) child(way_out);
    ASSERT_NE(read_until("ready").find("\x1b[?2004h"), std::string::npos);
  }
  std::string read_until(const std::string& end) {
    std::string out;
    char piece[256];
    while (end.empty() || out.find(end) == std::string::npos) {
      const ssize_t got = ::read(master_, piece, sizeof piece);
      if (got <= 0) break;
      out.append(piece, static_cast<std::size_t>(got));
    }
    return out;
  }
  bool echoes() {
    termios mode{};
    EXPECT_EQ(::tcgetattr(master_, &mode), 0);
    return (mode.c_lflag & (ECHO | ICANON)) == (ECHO | ICANON);
  }
  // Lets the child go on and returns how it ended.
  int finish() {
    EXPECT_FALSE(echoes()) << "raw while it is in use";
    EXPECT_EQ(::write(master_, "x", 1), 1);
    EXPECT_NE(read_until("\x1b[?2004l").find("\x1b[?2004l"), std::string::npos);
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return status;
  }

  pid_t pid_ = -1;
  int master_ = -1;
};

TEST_F(TerminalTest, IsPutBackWhenTheChatEndsAndStandardInputWasLeftBlocking) {
  start([](Terminal&) {});
  const int status = finish();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(echoes());
}

TEST_F(TerminalTest, IsPutBackByExit) {
  start([](Terminal&) { std::exit(3); });
  const int status = finish();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
  EXPECT_TRUE(echoes());
}

TEST_F(TerminalTest, IsPutBackByACrash) {
  start([](Terminal&) { std::abort(); });
  const int status = finish();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
  EXPECT_TRUE(echoes());
}

TEST_F(TerminalTest, IsPutBackForASuspensionAndTakenAgainAfterIt) {
  start([](Terminal& terminal) {
    terminal.restore();
    terminal.make_raw();
    terminal.close();
  });
  EXPECT_EQ(finish(), 0);
  EXPECT_TRUE(echoes());
}

TEST(TerminalAbsentTest, ThereIsNoneWhenStandardInputIsAFile) {
  const int kept = ::dup(STDIN_FILENO);
  const int file = ::open("/dev/null", O_RDONLY);
  ASSERT_EQ(::dup2(file, STDIN_FILENO), STDIN_FILENO);
  boost::asio::io_context context;
  EXPECT_EQ(Terminal::open(context.get_executor()), nullptr);
  ::dup2(kept, STDIN_FILENO);
  ::close(kept);
  ::close(file);
}

}  // namespace
}  // namespace parley::cli
