#pragma once

#include <functional>
#include <memory>

#include "node/driver.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {

// Lets go of the log that nobody needs any more, in memory and on disk (W15): what lies below the last checkpoint of
// the archive, less a margin, so that who was away for a while is filled from the log and needs no snapshot. One
// strand.
class Compactor {
 public:
  // `checkpointed`: see Machine::checkpointed(). `keep`: entries of margin.
  Compactor(Seams seams, Driver& driver, store::WriteAheadLog& log, std::uint64_t keep,
            std::function<Index()> checkpointed);

  net::awaitable<void> compact_loop();
  void stop();

  static constexpr Duration look_interval = milliseconds(1000);
  // A peer that was offered a snapshot goes on from the log just above it, so that stays, up to so many margins.
  static constexpr std::uint64_t pinned_margins_max = 8;

 private:
  Index through() const;
  net::awaitable<void> compact(Index through);

  Seams seams_;
  Driver& driver_;
  store::WriteAheadLog& log_;
  const std::uint64_t keep_;
  std::function<Index()> checkpointed_;
  std::unique_ptr<net::Alarm> alarm_;
  bool stopping_ = false;
  bool said_ = false;   // once is enough
};

}  // namespace parley::node
