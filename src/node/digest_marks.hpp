#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/digest.hpp"
#include "base/time.hpp"
#include "raft/configuration.hpp"

namespace parley::node {

// R10, while the cluster runs: do all nodes that applied an entry come to the same digest there? Some entries are
// marks, the same everywhere (what says so is in the log); at each mark every node tells the others its chain digest.
// A chain that has once gone another way never comes back, so no divergence is missed for long.
//
// Who is wrong? A node that has another digest than MORE THAN HALF OF THE VOTERS, who agree with each other at that
// very entry: it gives up its state and is filled anew. So a minority at most does that, whatever went wrong, and where
// nobody has a majority everybody stays and says so. Pure.
class DigestMarks {
 public:
  static constexpr std::int64_t interval_ms = 5'000;      // of log time: a mark is the first entry in each such span
  static constexpr std::uint64_t interval_entries = 1024; // and every such entry, for busy times
  static constexpr std::size_t kept_max = 32;             // marks, the latest
  static bool is_mark(LogTime before, LogTime time, Index index);   // `before`: of the entry before it

  void own(Index index, const Digest& chain);
  void heard(ServerId from, Index index, const Digest& chain);   // from members only

  struct Finding {
    Index index;
    std::vector<ServerId> differing;   // from this node, there; members of the configuration
    bool self = false;                 // this node is the one that is wrong
  };
  // What is to be said, each mark and server once. `self`: this node, voter or not.
  std::optional<Finding> look(const raft::Configuration& configuration, ServerId self);

  std::uint64_t compared() const { return compared_; }   // digests of others with one of this node's
  std::uint64_t differed() const { return differed_; }

 private:
  struct Mark {
    std::optional<Digest> own;
    std::map<ServerId, Digest> others;
    std::set<ServerId> judged;
  };
  void forget();
  static bool is_outvoted(const Mark& mark, const raft::Configuration& configuration);

  std::map<Index, Mark> marks_;
  std::uint64_t compared_ = 0;
  std::uint64_t differed_ = 0;
};

}  // namespace parley::node
