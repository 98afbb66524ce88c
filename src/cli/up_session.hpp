#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cli/local_cluster.hpp"
#include "cli/up_command.hpp"

namespace parley::cli {

// The directory of a local cluster, held by one process at a time (flock(2) on DIRECTORY/up.lock).
class ClusterDirectory {
 public:
  enum class Problem { none, in_use, other };
  struct Taken {
    std::unique_ptr<ClusterDirectory> directory;
    Problem problem = Problem::none;
    std::string message;   // for people, if there is a problem
  };
  static Taken take(const UpOptions& options);
  ~ClusterDirectory();     // removes it if it is temporary

  const LocalLayout& layout() const { return layout_; }

 private:
  ClusterDirectory() = default;
  int lock_ = -1;
  bool temporary_ = false;
  LocalLayout layout_;
};

// The path of this very program, for starting nodes.
std::filesystem::path own_program();

// Watches who leads, as any client would, and says so when it changes.
class LeaderWatch final : public Observer {
 public:
  LeaderWatch(ClientSeams seams, std::vector<std::string> servers, std::function<void(std::string)> say);
  awaitable<void> run() { return client_->run(); }
  void stop() { client_->stop(); }

 private:
  void on_leader(const LeaderState& leader) override;
  std::uint32_t last_ = 0;
  std::function<void(std::string)> say_;
  std::unique_ptr<Client> client_;
};

}  // namespace parley::cli
