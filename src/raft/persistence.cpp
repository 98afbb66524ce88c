#include "raft/persistence.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.hpp"
#include "base/mutant.hpp"

namespace parley::raft {

Persistence::Persistence(const HardState& hard_state, Index last_index)
    : durable_(hard_state), stable_(last_index), on_disk_(last_index) {}

PersistBatch Persistence::take(const HardState& hard_state, const Log& log, std::size_t bytes_max, TimePoint now) {
  PersistBatch batch;
  const bool entries_wait = stable_ < log.last_index();
  const bool suffix_goes = on_disk_ > stable_;
  if (under_way_ || (holds(hard_state) && !entries_wait && !suffix_goes && !reset_)) return batch;

  batch.number = ++last_number_;
  batch.reset = std::exchange(reset_, std::nullopt);
  const Index kept = batch.reset ? batch.reset->id.index : stable_;
  if (suffix_goes && !batch.reset) batch.truncate_from = kept.next();
  batch.entries = log.copy(kept.next(), log.last_index(), std::numeric_limits<std::size_t>::max(), bytes_max);
  on_disk_ = kept + batch.entries.size();

  HardState written = hard_state;
  const Index durable = PARLEY_MUTANT(stores_commit_beyond_the_write) ? log.last_index() : on_disk_;
  written.commit_index = std::min(hard_state.commit_index, durable);   // never beyond what is durable (catalogue 6)
  if (written != durable_) batch.hard_state = written;
  under_way_ = UnderWay{batch.number, written, on_disk_, now};
  return batch;
}

void Persistence::persisted(std::uint64_t number) {
  PARLEY_ASSERT(under_way_ && under_way_->number == number, "only the batch under way can become durable");
  PARLEY_ASSERT(under_way_->proves >= stable_, "a batch adds to what is durable");
  stable_ = under_way_->proves;
  durable_ = under_way_->hard_state;
  under_way_.reset();
}

void Persistence::truncated_from(Index index) {
  stable_ = std::min(stable_, index.previous());
  const Index proves = PARLEY_MUTANT(overtaken_write_proves_all) ? Index(~0ULL) : index.previous();
  if (under_way_) under_way_->proves = std::min(under_way_->proves, proves);
}

void Persistence::reset(LogBase base, Index committed) {
  reset_ = std::move(base);
  stable_ = std::min(stable_, committed);
  if (under_way_) under_way_->proves = std::min(under_way_->proves, committed);
}

bool Persistence::holds(const HardState& hard_state) const {
  return durable_.current_term == hard_state.current_term && durable_.voted_for == hard_state.voted_for;
}

std::optional<TimePoint> Persistence::writing_since() const {
  if (!under_way_) return std::nullopt;
  return under_way_->since;
}

}  // namespace parley::raft
