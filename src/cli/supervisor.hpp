#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/cluster_layout.hpp"
#include "cli/peer_proxy.hpp"

namespace parley::cli {

// How a child process ended.
struct ChildEnd {
  NodeId node;
  pid_t pid = 0;
  int status = 0;               // as waitpid(2) gives it
  bool asked = false;           // by kill() or stop(); else it fell over by itself
  std::string describe() const; // "exited with 1", "was killed by signal 9"
};

// Runs the nodes of a local cluster as child processes (`parley node`), with their links through a PeerProxy. A
// child ends with the process that runs the supervisor, however that ends. For `parley up`, `parley demo` and the
// failure scenarios. One strand owns it.
class Supervisor {
 public:
  // `program` is the parley executable. Each node's stderr goes to DIRECTORY/node-N.log, appended.
  Supervisor(boost::asio::any_io_executor executor, net::Clock& clock, net::Network& network,
             std::filesystem::path program, LocalLayout layout, std::vector<std::string> extra_arguments = {});
  ~Supervisor();   // kills what still runs and reaps it

  Result<Nothing> open();                     // the proxies; before the first start
  Result<Nothing> start(NodeId node);         // error: no such node, runs already, or the reason from the system
  Result<Nothing> kill(NodeId node);          // SIGKILL, as a crash
  Result<Nothing> stop(NodeId node);          // SIGTERM: hands over, flushes, ends
  Result<Nothing> pause(NodeId node);         // SIGSTOP
  Result<Nothing> resume(NodeId node);        // SIGCONT
  Result<Nothing> cut(NodeId node);
  void heal() { proxy_.heal(); }

  bool running(NodeId node) const;
  std::optional<pid_t> pid(NodeId node) const;
  bool is_cut(NodeId node) const { return proxy_.cut_nodes().contains(node); }
  const LocalLayout& layout() const { return layout_; }
  std::string command_line(NodeId node) const;   // what a person would type
  std::filesystem::path log_file(NodeId node) const;
  void on_end(std::function<void(const ChildEnd&)> callback) { on_end_ = std::move(callback); }

  // SIGTERM to all, waits until all have ended, SIGKILL to those that take longer than `patience`.
  net::awaitable<void> stop_all(Duration patience);
  net::awaitable<void> wait_until_ended(NodeId node);

 private:
  struct Child;

  Result<const LocalNode*> find(NodeId node) const;
  Result<Nothing> signal(NodeId node, int number, bool ends);
  net::awaitable<void> watch(std::shared_ptr<Child> child);
  std::vector<std::string> arguments(NodeId node) const;

  boost::asio::any_io_executor executor_;
  net::Clock& clock_;
  PeerProxy proxy_;
  std::filesystem::path program_;
  LocalLayout layout_;
  std::vector<std::string> extra_arguments_;
  std::map<NodeId, std::shared_ptr<Child>> children_;   // running ones
  std::function<void(const ChildEnd&)> on_end_;
};

}  // namespace parley::cli
