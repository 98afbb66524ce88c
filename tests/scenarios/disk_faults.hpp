#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/harness.hpp"

namespace parley::scenario {

// Each node's data directory becomes a small file system of its own in memory (tmpfs(5)), seen by this process and its
// children only. Before the nodes start; gone with this object.
class SmallDisks {
 public:
  SmallDisks(const cli::LocalLayout& layout, std::uint64_t mebibytes);
  ~SmallDisks();
  SmallDisks(const SmallDisks&) = delete;
  SmallDisks& operator=(const SmallDisks&) = delete;

  // Why this process may not mount anything; empty: it may.
  static std::optional<std::string> missing();

  // Fills that node's disk with a file until so many bytes are free: another process does, which the caller waits for.
  pid_t fill(NodeId node, std::uint64_t leaving_bytes) const;
  void clear(NodeId node);
  void resize(std::uint64_t mebibytes);   // all of them
  std::uint64_t free_bytes(NodeId node) const;

 private:
  std::filesystem::path place(NodeId node) const;
  cli::LocalLayout layout_;
};

// What the nodes that are started while it lives are given by their environment.
class NodeEnvironment {
 public:
  explicit NodeEnvironment(std::vector<std::pair<std::string, std::string>> variables);
  ~NodeEnvironment();
  NodeEnvironment(const NodeEnvironment&) = delete;
  NodeEnvironment& operator=(const NodeEnvironment&) = delete;

  static std::optional<std::string> cannot_preload();   // why nodes can't be given a library; empty: they can

 private:
  std::vector<std::string> names_;
};

// Failing system calls by libfiu's preloaded libraries (fiu-run(1)), switched on in a running node (fiu-ctrl(1)).
class FailingCalls {
 public:
  static std::optional<std::string> missing();   // why it can't be done here; empty: it can
  explicit FailingCalls(const std::filesystem::path& pipes);   // before the nodes start

  // From now on each of these calls of that process fails with EIO.
  void fail(pid_t process, const std::string& call) const;

 private:
  std::filesystem::path pipes_;
  NodeEnvironment environment_;
};

}  // namespace parley::scenario
