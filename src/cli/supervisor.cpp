#include "cli/supervisor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/local_security.hpp"
#include "net/spawn.hpp"

namespace parley::cli {
namespace {

namespace asio = boost::asio;

std::string system_reason() { return std::strerror(errno); }

// In the child, between fork and exec: async-signal-safe calls only (signal-safety(7)).
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
  ::setpgid(0, 0);                        // Ctrl-C at the terminal is for the supervisor, which then stops us
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);     // prctl(2): when the thread that forked dies, so do we
  if (::getppid() != parent) ::_exit(1);  // it died before the line above
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

std::string ChildEnd::describe() const {
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  return "exited with " + std::to_string(WEXITSTATUS(status));
}

struct Supervisor::Child {
  NodeId node;
  pid_t pid = 0;
  bool asked = false;
  bool ended = false;
  std::unique_ptr<asio::posix::stream_descriptor> pidfd;   // readable once the process has ended (pidfd_open(2))
  std::vector<net::Alarm*> waiting;                        // of wait_until_ended
};

Supervisor::Supervisor(asio::any_io_executor executor, net::Clock& clock, net::Network& network,
                       std::filesystem::path program, LocalLayout layout, std::vector<std::string> extra_arguments)
    : executor_(executor),
      clock_(clock),
      proxy_(executor, clock, network),
      program_(std::move(program)),
      layout_(std::move(layout)),
      extra_arguments_(std::move(extra_arguments)) {}

Supervisor::~Supervisor() {
  for (auto& [node, child] : children_) {
    ::kill(child->pid, SIGKILL);
    int status = 0;
    ::waitpid(child->pid, &status, 0);
    child->ended = true;
    child->pidfd->close();
  }
  proxy_.close();
}

Result<Nothing> Supervisor::open() {
  for (const auto& node : layout_.nodes) {
    if (layout_.cluster_certificates.given()) {
      auto network = make_network_of(executor_, layout_, node.id);
      if (!network.ok()) return network.error();
      proxy_.speak_for(node.id, std::move(*network));
    }
    auto added = proxy_.add(node.id, node.proxy, node.peer);
    if (!added.ok()) return added;
  }
  return success();
}

Result<const LocalNode*> Supervisor::find(NodeId id) const {
  for (const auto& node : layout_.nodes) {
    if (node.id == id) return &node;
  }
  return Error{"there is no node " + std::to_string(id.value) + "; the nodes are 1 to " +
               std::to_string(layout_.nodes.size())};
}

std::vector<std::string> Supervisor::arguments(NodeId node) const {
  std::vector<std::string> words{program_.string(), "node", "--config", layout_.config_file.string(), "--id",
                                 std::to_string(node.value)};
  words.insert(words.end(), extra_arguments_.begin(), extra_arguments_.end());
  return words;
}

std::string Supervisor::command_line(NodeId node) const {
  std::string line;
  for (const auto& word : arguments(node)) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::filesystem::path Supervisor::log_file(NodeId node) const {
  return layout_.directory / ("node-" + std::to_string(node.value) + ".log");
}

Result<Nothing> Supervisor::start(NodeId node) {
  auto found = find(node);
  if (!found.ok()) return found.error();
  if (running(node)) return Error{"node " + std::to_string(node.value) + " runs already"};
  auto up = proxy_.target_up(node);
  if (!up.ok()) return up;

  const std::string log_path = log_file(node).string();
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return Error{"cannot write " + log_path + ": " + system_reason()};
  auto words = arguments(node);
  std::vector<char*> raw;
  for (auto& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(raw.data(), log, parent);
  const std::string reason = system_reason();
  ::close(log);
  if (pid < 0) return Error{"cannot start another process: " + reason};

  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  PARLEY_ASSERT(pidfd >= 0, "pidfd_open of an own child works since Linux 5.3");
  auto child = std::make_shared<Child>();
  child->node = node;
  child->pid = pid;
  child->pidfd = std::make_unique<asio::posix::stream_descriptor>(executor_, pidfd);
  children_[node] = child;
  net::spawn(executor_, watch(child));
  return success();
}

net::awaitable<void> Supervisor::watch(std::shared_ptr<Child> child) {
  co_await child->pidfd->async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  if (child->ended) co_return;   // the destructor was first: *this is gone
  ChildEnd end;
  end.node = child->node;
  end.pid = child->pid;
  end.asked = child->asked;
  ::waitpid(child->pid, &end.status, 0);
  child->ended = true;
  children_.erase(child->node);
  proxy_.target_down(child->node);
  for (net::Alarm* alarm : child->waiting) alarm->ring();
  if (on_end_) on_end_(end);
}

Result<Nothing> Supervisor::signal(NodeId node, int number, bool ends) {
  auto found = find(node);
  if (!found.ok()) return found.error();
  const auto child = children_.find(node);
  if (child == children_.end()) return Error{"node " + std::to_string(node.value) + " does not run"};
  if (ends) child->second->asked = true;
  ::kill(child->second->pid, number);   // our own child, not reaped yet: the pid is still its
  return success();
}

Result<Nothing> Supervisor::kill(NodeId node) { return signal(node, SIGKILL, true); }
Result<Nothing> Supervisor::stop(NodeId node) { return signal(node, SIGTERM, true); }
Result<Nothing> Supervisor::pause(NodeId node) { return signal(node, SIGSTOP, false); }
Result<Nothing> Supervisor::resume(NodeId node) { return signal(node, SIGCONT, false); }

Result<Nothing> Supervisor::cut(NodeId node) {
  auto found = find(node);
  if (!found.ok()) return found.error();
  proxy_.cut(node);
  return success();
}

bool Supervisor::running(NodeId node) const { return children_.contains(node); }

std::optional<pid_t> Supervisor::pid(NodeId node) const {
  const auto child = children_.find(node);
  if (child == children_.end()) return std::nullopt;
  return child->second->pid;
}

net::awaitable<void> Supervisor::wait_until_ended(NodeId node) {
  const auto found = children_.find(node);
  if (found == children_.end()) co_return;
  const auto child = found->second;
  const auto alarm = clock_.make_alarm();
  child->waiting.push_back(alarm.get());
  while (!child->ended) co_await alarm->wait_until(never);
}

net::awaitable<void> Supervisor::stop_all(Duration patience) {
  const TimePoint deadline = clock_.now() + patience;
  const auto alarm = clock_.make_alarm();
  for (auto& [node, child] : children_) {
    child->asked = true;
    ::kill(child->pid, SIGCONT);   // a paused one could not end
    ::kill(child->pid, SIGTERM);
    child->waiting.push_back(alarm.get());
  }
  while (!children_.empty() && clock_.now() < deadline) co_await alarm->wait_until(deadline);
  for (auto& [node, child] : children_) ::kill(child->pid, SIGKILL);
  while (!children_.empty()) co_await alarm->wait_until(never);
  proxy_.close();
}

}  // namespace parley::cli
