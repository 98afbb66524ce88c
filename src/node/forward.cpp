#include "node/forward.hpp"

#include "base/assert.hpp"

namespace parley::node {
namespace {

Submitted::Outcome outcome_of(wire::Forwarded::Outcome outcome) {
  switch (outcome) {
    case wire::Forwarded::Outcome::proposed: return Submitted::Outcome::proposed;
    case wire::Forwarded::Outcome::not_leader: return Submitted::Outcome::no_leader;
    case wire::Forwarded::Outcome::busy: return Submitted::Outcome::busy;
    case wire::Forwarded::Outcome::too_large: return Submitted::Outcome::too_large;
    case wire::Forwarded::Outcome::disk_full: return Submitted::Outcome::disk_full;
  }
  return Submitted::Outcome::unknown;
}

}  // namespace

bool ForwardTable::full(std::size_t more_bytes) const {
  return under_way_.size() >= forwards_max || bytes_ + more_bytes > forward_bytes_max;
}

std::uint64_t ForwardTable::begin(NodeId to, std::size_t bytes) {
  const std::uint64_t id = ++last_id_;
  under_way_.emplace(id, UnderWay{to, bytes, clock_.make_alarm(), std::nullopt});
  bytes_ += bytes;
  return id;
}

net::awaitable<Submitted> ForwardTable::wait(std::uint64_t id, TimePoint deadline) {
  const auto found = under_way_.find(id);   // a map's iterators stay valid while others come and go
  PARLEY_ASSERT(found != under_way_.end(), "wait() follows begin()");
  UnderWay& forward = found->second;
  while (!forward.outcome && clock_.now() < deadline) co_await forward.alarm->wait_until(deadline);
  Submitted submitted;
  submitted.outcome = Submitted::Outcome::unknown;
  if (forward.outcome) submitted = *forward.outcome;
  bytes_ -= forward.bytes;
  under_way_.erase(found);
  co_return submitted;
}

void ForwardTable::settle(UnderWay& forward, Submitted::Outcome outcome, raft::EntryId entry) {
  if (forward.outcome) return;   // the first word counts
  forward.outcome = Submitted{outcome, entry};
  forward.alarm->ring();
}

void ForwardTable::answered(NodeId from, const wire::Forwarded& answer) {
  const auto found = under_way_.find(answer.id);
  if (found == under_way_.end() || found->second.to != from) return;
  settle(found->second, outcome_of(answer.outcome), answer.entry);
}

void ForwardTable::not_sent(const std::vector<std::uint64_t>& ids) {
  for (const auto id : ids) {
    const auto found = under_way_.find(id);
    if (found != under_way_.end()) settle(found->second, Submitted::Outcome::no_leader);
  }
}

void ForwardTable::link_lost(NodeId to) {
  for (auto& [id, forward] : under_way_) {
    if (forward.to == to) settle(forward, Submitted::Outcome::unknown);
  }
}

// A leader that was cut off answers when the cable is mended, if ever. What it has in its log and nobody else is lost.
void ForwardTable::led_by(NodeId leader) {
  for (auto& [id, forward] : under_way_) {
    if (forward.to != leader) settle(forward, Submitted::Outcome::unknown);
  }
}

void ForwardTable::stop() {
  for (auto& [id, forward] : under_way_) settle(forward, Submitted::Outcome::unknown);
}

}  // namespace parley::node
