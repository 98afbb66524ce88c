#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "node/driver.hpp"
#include "raft/log.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {

// How much of the log stays below the last checkpoint of the archive, for who was away.
struct KeptLog {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;   // of them at most (R12), by raft::weight(); also where a peer is just being filled
};

// A peer that was offered a snapshot goes on from the log just above it, so that stays, up to so many times
// KeptLog::entries.
inline constexpr std::uint64_t pinned_margins_max = 8;

// The highest index that nobody needs any more. Invariant (W15): never above `checkpointed`, what a synced archive
// stands for.
Index dispensable(const raft::Log& log, const std::vector<raft::PeerStatus>& peers, Index checkpointed, KeptLog kept);

// Lets go of the log that nobody needs any more, in memory and on disk (W15): what lies below the last checkpoint of
// the archive, less a margin, so that who was away for a while is filled from the log and needs no snapshot. One
// strand.
class Compactor {
 public:
  // `checkpointed`: see Machine::checkpointed().
  Compactor(Seams seams, Driver& driver, store::WriteAheadLog& log, KeptLog kept, std::function<Index()> checkpointed);

  net::awaitable<void> compact_loop();
  void stop();

  static constexpr Duration look_interval = milliseconds(1000);

 private:
  std::optional<Index> through() const;
  void tell_overtaken(Index base);
  net::awaitable<void> compact(Index through);

  Seams seams_;
  Driver& driver_;
  store::WriteAheadLog& log_;
  const KeptLog kept_;
  std::function<Index()> checkpointed_;
  std::unique_ptr<net::Alarm> alarm_;
  bool stopping_ = false;
  bool said_ = false;   // once is enough
};

}  // namespace parley::node
