#include "program/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "cli/cluster_layout.hpp"

namespace parley::program {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Pipe {
  std::array<int, 2> ends{};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  void close(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

std::vector<char*> raw(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Feeds stdin and gathers the outputs until both have ended or the deadline has come.
bool converse(const Call& call, Pipe& in, Pipe& out, Pipe& err, Ended& ended, Clock::time_point deadline) {
  std::size_t fed = 0;
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    if (fed == call.input.size()) in.close(1);
    std::array<pollfd, 3> waiting = {pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0},
                                     pollfd{in.ends[1], POLLOUT, 0}};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    ::poll(waiting.data(), waiting.size(), static_cast<int>(left));
    if (waiting[2].revents != 0) {
      const auto n = ::write(in.ends[1], call.input.data() + fed, std::min<std::size_t>(call.input.size() - fed, 4096));
      if (n > 0) fed += static_cast<std::size_t>(n);
      else fed = call.input.size();   // it reads no more
    }
    const std::array<std::pair<Pipe*, std::string*>, 2> outputs = {std::pair(&out, &ended.out), {&err, &ended.err}};
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      char bytes[4096];
      const auto n = ::read(outputs[i].first->ends[0], bytes, sizeof bytes);
      if (n > 0) outputs[i].second->append(bytes, static_cast<std::size_t>(n));
      else outputs[i].first->close(0);
    }
  }
  return true;
}

}  // namespace

Ended run(const Call& call) {
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> words{PARLEY_PROGRAM};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  std::vector<std::string> environment{"PATH=/usr/bin:/bin", "HOME=" + call.directory.string(), "LANG=C.UTF-8"};
  for (const auto& [name, value] : call.environment) environment.push_back(name + "=" + value);
  auto arguments = raw(words);
  auto variables = raw(environment);
  Pipe in, out, err;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in.ends[0], 0);
    ::dup2(out.ends[1], 1);
    ::dup2(err.ends[1], 2);
    if (::chdir(call.directory.c_str()) != 0) ::_exit(126);
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  in.close(0);
  out.close(1);
  err.close(1);
  Ended ended;
  ended.timed_out = !converse(call, in, out, err, ended, Clock::now() + call.at_most);
  if (ended.timed_out) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  return ended;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "parley-program-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  return path_ / name;
}

std::string FreeAddresses::next() {
  for (;;) {
    const auto port = cli::free_port();
    if (given_.insert(port).second) return "127.0.0.1:" + std::to_string(port);
  }
}

RunningNode::RunningNode(const fs::path& config, int id, const fs::path& log,
                         const std::map<std::string, std::string>& environment)
    : log_(log) {
  std::vector<std::string> words{PARLEY_PROGRAM, "node", "--config", config.string(), "--id", std::to_string(id)};
  auto arguments = raw(words);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(file, 2);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(file);
}

void RunningNode::signal(int number) const { ::kill(pid_, number); }

RunningNode::~RunningNode() {
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
}

std::string RunningNode::log() const { return read_file(log_); }

bool RunningNode::wait_for_log(const std::string& text, std::chrono::milliseconds at_most, std::size_t times) const {
  const auto deadline = Clock::now() + at_most;
  const auto occurrences = [&text](const std::string& log) {
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + text.size())) ++count;
    return count;
  };
  while (occurrences(log()) < times) {
    if (Clock::now() > deadline) return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace parley::program
