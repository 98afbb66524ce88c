#include "store/log_shape.hpp"

namespace parley::store {
namespace {

std::string text(raft::EntryId id) {
  return "entry " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

}  // namespace

LogShape::LogShape(raft::EntryId base, raft::ConfigurationPtr configuration)
    : base_(base), base_configuration_(std::move(configuration)), last_index_(base.index) {}

raft::EntryId LogShape::last() const { return {term_at(last_index_), last_index_}; }

const raft::ConfigurationPtr& LogShape::configuration() const {
  return configurations_.empty() ? base_configuration_ : configurations_.back().second;
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
  last_index_ = entry.id.index;
  return std::nullopt;
}

std::optional<std::string> LogShape::truncate(Index from) {
  if (from <= base_.index || from > last_index_.next()) {
    return "a truncation from entry " + std::to_string(from.value) + " in a log of entries " +
           std::to_string(base_.index.value + 1) + " to " + std::to_string(last_index_.value);
  }
  if (from <= hard_state_.commit_index) {
    return "a truncation from entry " + std::to_string(from.value) + " although entries are committed up to " +
           std::to_string(hard_state_.commit_index.value);
  }
  while (!term_begins_.empty() && term_begins_.back().index >= from) term_begins_.pop_back();
  while (!configurations_.empty() && configurations_.back().first >= from) configurations_.pop_back();
  last_index_ = from.previous();
  return std::nullopt;
}

std::optional<std::string> LogShape::set_hard_state(const raft::HardState& hard_state) {
  if (hard_state.current_term < hard_state_.current_term) {
    return "a current term of " + std::to_string(hard_state.current_term.value) + " after one of " +
           std::to_string(hard_state_.current_term.value);
  }
  if (hard_state.commit_index > last_index_) {   // entries were lost that the cluster relies on (W5)
    return "a commit index of " + std::to_string(hard_state.commit_index.value) + " in a log that ends at entry " +
           std::to_string(last_index_.value);
  }
  hard_state_ = hard_state;
  return std::nullopt;
}

Term LogShape::term_at(Index index) const {
  for (auto begin = term_begins_.rbegin(); begin != term_begins_.rend(); ++begin) {
    if (begin->index <= index) return begin->term;
  }
  return base_.term;
}

}  // namespace parley::store
