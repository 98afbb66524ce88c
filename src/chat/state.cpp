#include "chat/state.hpp"

#include "chat/records.hpp"

namespace parley::chat {

State::State() : tables_(std::make_unique<Tables>()) {}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

std::vector<RecordRow> State::all_records() const { return records_of(*tables_); }

Digest State::digest() const {
  Hasher hasher;
  for (const auto& row : all_records()) {
    hasher.add(row.kind);
    hasher.add(row.key.size());
    hasher.add(row.key);
    hasher.add(row.value->size());
    hasher.add(*row.value);
  }
  return hasher.finish();
}

Index State::last_applied() const { return tables_->last_applied; }

}  // namespace parley::chat
