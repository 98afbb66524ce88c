#include "node/compactor.hpp"

#include <algorithm>
#include <utility>

#include "base/mutant.hpp"

namespace parley::node {
namespace {

// It goes on from the log just above what it was offered.
bool pins(const raft::PeerStatus& peer) { return peer.needs_snapshot && peer.snapshot_offered > Index(0); }

// Above which no more than so many bytes lie up to `checkpointed`. Only where there is much: it counts.
Index with_bytes_above(const raft::Log& log, Index checkpointed, std::uint64_t bytes) {
  Index limit = std::min(checkpointed, log.last_index());
  for (std::uint64_t above = 0; limit > log.base().index; limit = limit.previous()) {
    above += raft::weight(log.at(limit));
    if (above > bytes) break;
  }
  return limit;
}

}  // namespace

Index dispensable(const raft::Log& log, const std::vector<raft::PeerStatus>& peers, Index checkpointed, KeptLog kept) {
  if (PARLEY_MUTANT(trims_beyond_the_checkpoint)) checkpointed = log.last_index();
  Index limit(checkpointed.value > kept.entries ? checkpointed.value - kept.entries : 0);
  for (const auto& peer : peers) {
    if (pins(peer) && peer.snapshot_offered + pinned_margins_max * kept.entries > checkpointed) {
      limit = std::min(limit, peer.snapshot_offered);
    }
  }
  if (log.bytes() > kept.bytes) limit = std::max(limit, with_bytes_above(log, checkpointed, kept.bytes));
  return limit;
}

Compactor::Compactor(Seams seams, Driver& driver, store::WriteAheadLog& log, KeptLog kept,
                     std::function<Index()> checkpointed)
    : seams_(seams),
      driver_(driver),
      log_(log),
      kept_(kept),
      checkpointed_(std::move(checkpointed)),
      alarm_(seams.clock.make_alarm()) {}

void Compactor::stop() {
  stopping_ = true;
  alarm_->ring();
}

net::awaitable<void> Compactor::compact_loop() {
  while (!stopping_) {
    if (const auto limit = through()) {
      co_await compact(*limit);
      continue;
    }
    co_await alarm_->wait_until(seams_.clock.now() + look_interval);
  }
}

// A quarter of the margin at a time, so that the work comes in pieces that are worth it; or whatever there is, when the
// log is large.
std::optional<Index> Compactor::through() const {
  if (!driver_.started()) return std::nullopt;
  const raft::Log& log = driver_.consensus().log();
  const Index limit = dispensable(log, driver_.consensus().status().peers, checkpointed_(), kept_);
  const bool worth_it = limit >= log.base().index + kept_.entries / 4 + 1 || log.bytes() > kept_.bytes;
  return worth_it && limit > log.base().index ? std::optional(limit) : std::nullopt;
}

// Who is being filled finds no log above its copy when it is done, and is sent another one.
void Compactor::tell_overtaken(Index base) {
  for (const auto& peer : driver_.consensus().status().peers) {
    if (!pins(peer) || peer.snapshot_offered >= base) continue;
    seams_.logger.warn("snapshot_overtaken",
                       "node " + std::to_string(peer.id.node.value) + " is being filled up to index " +
                           std::to_string(peer.snapshot_offered.value) + ", and more was written since than the log "
                           "keeps: it begins again. Raise log_keep_mb, log_keep_entries or snapshot_rate_mb");
  }
}

net::awaitable<void> Compactor::compact(Index through) {
  tell_overtaken(through);
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
