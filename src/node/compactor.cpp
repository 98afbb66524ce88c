#include "node/compactor.hpp"

#include <algorithm>
#include <utility>

namespace parley::node {

Compactor::Compactor(Seams seams, Driver& driver, store::WriteAheadLog& log, std::uint64_t keep,
                     std::function<Index()> checkpointed)
    : seams_(seams),
      driver_(driver),
      log_(log),
      keep_(keep),
      checkpointed_(std::move(checkpointed)),
      alarm_(seams.clock.make_alarm()) {}

void Compactor::stop() {
  stopping_ = true;
  alarm_->ring();
}

net::awaitable<void> Compactor::compact_loop() {
  while (!stopping_) {
    const Index limit = through();
    // A quarter of the margin at a time, so that the work comes in pieces that are worth it.
    if (driver_.started() && limit >= driver_.consensus().status().base_index + keep_ / 4 + 1) {
      co_await compact(limit);
      continue;
    }
    co_await alarm_->wait_until(seams_.clock.now() + look_interval);
  }
}

Index Compactor::through() const {
  const Index checkpointed = checkpointed_();
  if (!driver_.started() || checkpointed.value <= keep_) return Index(0);
  Index limit(checkpointed.value - keep_);
  for (const auto& peer : driver_.consensus().status().peers) {
    const bool pins = peer.needs_snapshot && peer.snapshot_offered > Index(0);
    if (pins && peer.snapshot_offered + pinned_margins_max * keep_ > checkpointed) {
      limit = std::min(limit, peer.snapshot_offered);
    }
  }
  return limit;
}

net::awaitable<void> Compactor::compact(Index through) {
  const Index base = driver_.consensus().compact(through);
  if (!std::exchange(said_, true)) {
    seams_.logger.info("log_compacted", "the log begins after index " + std::to_string(base.value) +
                                            " from now on, and moves up with each checkpoint of the archive");
  }
  std::size_t removed = 1;
  while (removed > 0 && !stopping_) {
    std::function<void()> job = [this, base, &removed] { removed = log_.trim(base); };
    co_await seams_.workers.run(net::Lane::log, std::move(job));
  }
}

}  // namespace parley::node
