#include "sim/pool.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "sim/report.hpp"

namespace parley::sim {
namespace {

// A child that runs every jobs-th seed and writes a line when it begins one ("begin 17") and when it has ended one.
struct Child {
  pid_t process = -1;
  int pipe = -1;
  std::string unread;
  std::optional<std::uint64_t> running;   // the seed
  std::uint64_t next = 0;                 // the first seed of its share that is not begun
};

void write_line(int pipe, std::string line) {
  line += '\n';
  for (std::size_t done = 0; done < line.size();) {
    const auto count = ::write(pipe, line.data() + done, line.size() - done);
    if (count < 0 && errno != EINTR) ::_exit(3);   // the parent is gone
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

[[noreturn]] void work(int pipe, RunOptions options, std::uint64_t first, std::uint64_t last, std::size_t stride) {
  for (std::uint64_t seed = first; seed <= last; seed += stride) {
    write_line(pipe, "begin " + std::to_string(seed));
    options.seed = seed;
    ::alarm(run_limit_s);
    RunResult result;
    try {
      result = run(options);
    } catch (const std::exception& error) {
      result.violation = Violation{"exception", error.what()};
    }
    write_line(pipe, to_json(seed, result));
  }
  ::_exit(0);
}

class Pool {
 public:
  Pool(const RunOptions& options, std::uint64_t last, std::size_t jobs, const OnResult& on_result)
      : options_(options), last_(last), stride_(jobs), on_result_(on_result) {}

  void run() {
    for (std::size_t i = 0; i < stride_; ++i) begin(options_.seed + i);
    while (!children_.empty()) {
      std::vector<pollfd> waits;
      for (const Child& child : children_) waits.push_back({child.pipe, POLLIN, 0});
      if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "poll");
      }
      for (std::size_t i = waits.size(); i > 0; --i) {
        if (waits[i - 1].revents != 0) read(i - 1);
      }
    }
  }

 private:
  void begin(std::uint64_t first) {
    if (first > last_ || ended_) return;
    int ends[2];
    if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    const pid_t process = ::fork();
    if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (process == 0) {
      ::close(ends[0]);
      work(ends[1], options_, first, last_, stride_);
    }
    ::close(ends[1]);
    Child child;
    child.process = process;
    child.pipe = ends[0];
    child.next = first;
    children_.push_back(std::move(child));
  }

  void read(std::size_t number) {
    char bytes[4096];
    const auto count = ::read(children_[number].pipe, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) return end(number);
    Child& child = children_[number];
    child.unread.append(bytes, static_cast<std::size_t>(count));
    for (auto line_end = child.unread.find('\n'); line_end != std::string::npos; line_end = child.unread.find('\n')) {
      const std::string line = child.unread.substr(0, line_end);
      child.unread.erase(0, line_end + 1);
      heard(child, line);
    }
    if (ended_) ::kill(child.process, SIGTERM);
  }

  void heard(Child& child, const std::string& line) {
    if (line.starts_with("begin ")) {
      child.running = std::stoull(line.substr(6));
      child.next = *child.running + stride_;
      return;
    }
    std::uint64_t seed = 0;
    const RunResult result = from_json(line, seed);
    child.running.reset();
    tell(seed, result);
  }

  void tell(std::uint64_t seed, const RunResult& result) {
    if (!ended_ && !on_result_(seed, result)) ended_ = true;
  }

  void end(std::size_t number) {
    const Child child = std::move(children_[number]);
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(number));
    ::close(child.pipe);
    int status = 0;
    while (::waitpid(child.process, &status, 0) < 0 && errno == EINTR) {
    }
    if (!child.running || ended_) return;
    RunResult result;
    std::string how = "the process ended with status " + std::to_string(status);
    if (WIFSIGNALED(status)) how = std::string("the process died by signal ") + ::strsignal(WTERMSIG(status));
    result.violation = Violation{"died", how + "; what it said last stands above"};
    tell(*child.running, result);
    begin(child.next);
  }

  const RunOptions& options_;
  const std::uint64_t last_;
  const std::size_t stride_;
  const OnResult& on_result_;
  std::vector<Child> children_;
  bool ended_ = false;
};

}  // namespace

void run_in_processes(const RunOptions& options, std::uint64_t last_seed, std::size_t jobs, const OnResult& on_result) {
  Pool(options, last_seed, jobs, on_result).run();
}

RunResult run_in_process(const RunOptions& options) {
  RunResult found;
  const OnResult keep = [&found](std::uint64_t, const RunResult& result) {
    found = result;
    return true;
  };
  run_in_processes(options, options.seed, 1, keep);
  return found;
}

}  // namespace parley::sim
