#include "store/log_shape.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace parley::store {
namespace {

std::string text(raft::EntryId id) {
  return "entry " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

std::string text(Index index) { return std::to_string(index.value); }

}  // namespace

LogShape::LogShape(raft::LogBase base) : base_(std::move(base)) {}

raft::EntryId LogShape::id_at(Index index) const {
  for (auto begin = term_begins_.rbegin(); begin != term_begins_.rend(); ++begin) {
    if (begin->index <= index) return {begin->term, index};
  }
  return {base_.id.term, index};
}

raft::LogBase LogShape::base_of_next() const {
  raft::LogBase next = base_;
  next.id = last();
  if (!times_.empty()) next.time = times_.back();
  if (!configurations_.empty()) {
    std::tie(next.configuration_index, next.configuration) = configurations_.back();
  }
  return next;
}

std::optional<std::string> LogShape::append(const raft::Entry& entry) {
  const raft::EntryId before = last();
  if (entry.id.index != before.index.next() || entry.id.term < before.term) {
    return text(entry.id) + " can't follow " + text(before);
  }
  if (entry.id.term > before.term || term_begins_.empty()) term_begins_.push_back(entry.id);
  if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry.content)) {
    configurations_.emplace_back(entry.id.index, *configuration);
  }
  times_.push_back(entry.time);
  return std::nullopt;
}

std::optional<std::string> LogShape::truncate(Index from) {
  if (from <= base_.id.index || from > last_index().next()) {
    return "a truncation from entry " + text(from) + " in a log of entries " + text(base_.id.index.next()) + " to " +
           text(last_index());
  }
  if (from <= hard_state_.commit_index) {
    return "a truncation from entry " + text(from) + " although entries are committed up to " +
           text(hard_state_.commit_index);
  }
  while (!term_begins_.empty() && term_begins_.back().index >= from) term_begins_.pop_back();
  while (!configurations_.empty() && configurations_.back().first >= from) configurations_.pop_back();
  times_.resize(from - base_.id.index - 1);
  return std::nullopt;
}

std::optional<std::string> LogShape::set_hard_state(const raft::HardState& hard_state) {
  if (hard_state.current_term < hard_state_.current_term) {
    return "a current term of " + std::to_string(hard_state.current_term.value) + " after one of " +
           std::to_string(hard_state_.current_term.value);
  }
  if (hard_state.commit_index > last_index()) {   // entries were lost that the cluster relies on (W5)
    return "a commit index of " + text(hard_state.commit_index) + " in a log that ends at entry " + text(last_index());
  }
  hard_state_ = hard_state;
  return std::nullopt;
}

std::optional<std::string> LogShape::begin_after(Index base) {
  if (base < base_.id.index || base > last_index()) {
    return "a trim through entry " + text(base) + " in a log of entries " + text(base_.id.index.next()) + " to " +
           text(last_index());
  }
  if (base == base_.id.index) return std::nullopt;
  const auto gone = static_cast<std::ptrdiff_t>(base - base_.id.index);
  base_.id = id_at(base);
  base_.time = times_[static_cast<std::size_t>(gone) - 1];
  times_.erase(times_.begin(), times_.begin() + gone);
  const auto kept = std::find_if(configurations_.begin(), configurations_.end(),
                                 [base](const auto& configuration) { return configuration.first > base; });
  if (kept != configurations_.begin()) {
    std::tie(base_.configuration_index, base_.configuration) = *std::prev(kept);
    configurations_.erase(configurations_.begin(), kept);
  }
  const auto above = std::find_if(term_begins_.begin(), term_begins_.end(),
                                  [base](raft::EntryId begin) { return begin.index > base; });
  term_begins_.erase(term_begins_.begin(), above);
  return std::nullopt;
}

}  // namespace parley::store
