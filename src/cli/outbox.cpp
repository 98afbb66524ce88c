#include "cli/outbox.hpp"

#include <boost/json/array.hpp>
#include <iterator>
#include <utility>

#include "base/assert.hpp"
#include "cli/methods.hpp"

namespace parley::cli {

Outbox::Entry& Outbox::add(std::string method, json::object params, std::size_t bytes, OnOutcome then) {
  const std::uint64_t sequence = next_++;
  Entry& entry = entries_[sequence];
  entry.sequence = sequence;
  entry.method = std::move(method);
  entry.params = std::move(params);
  entry.then = std::move(then);
  entry.bytes = bytes;
  bytes_ += bytes;
  return entry;
}

void Outbox::restore(StoredRequest request) {
  PARLEY_ASSERT(entries_.empty() || entries_.rbegin()->first < request.sequence, "stored requests out of order");
  Entry& entry = entries_[request.sequence];
  entry.sequence = request.sequence;
  entry.method = std::move(request.method);
  entry.params = std::move(request.params);
  entry.bytes = json_size(entry.params);
  entry.from_earlier_run = true;
  entry.unsure = true;
  entry.secret_lost = request.secret;
  entry.in_doubt = request.in_doubt;
  bytes_ += entry.bytes;
  raise_next(request.sequence + 1);
  next_unsent_ = entries_.begin()->first;
}

Outbox::Entry* Outbox::find(std::uint64_t sequence) {
  const auto at = entries_.find(sequence);
  return at == entries_.end() ? nullptr : &at->second;
}

std::optional<Outbox::Entry> Outbox::take(std::uint64_t sequence) {
  const auto at = entries_.find(sequence);
  if (at == entries_.end()) return std::nullopt;
  Entry entry = std::move(at->second);
  if (sequence < next_unsent_) --under_way_;
  bytes_ -= entry.bytes;
  entries_.erase(at);
  return entry;
}

std::vector<std::uint64_t> Outbox::sequences() const {
  std::vector<std::uint64_t> result;
  result.reserve(entries_.size());
  for (const auto& [sequence, entry] : entries_) result.push_back(sequence);
  return result;
}

Outbox::Entry* Outbox::next_to_send(std::size_t window) {
  if (under_way_ >= window) return nullptr;
  const auto at = entries_.lower_bound(next_unsent_);
  if (at == entries_.end()) return nullptr;
  if (under_way_ > 0) {   // whatever goes alone is the first, if it is under way at all
    if (traits_of(entries_.begin()->second.method).alone) return nullptr;
    if (traits_of(at->second.method).alone) return nullptr;
  }
  return &at->second;
}

void Outbox::mark_sent(Entry& entry, std::uint64_t rpc_id) {
  PARLEY_ASSERT(entry.sequence >= next_unsent_, "sent twice without a rewind");
  entry.rpc_id = rpc_id;
  ++entry.sendings;
  ++under_way_;
  next_unsent_ = entry.sequence + 1;
}

void Outbox::rewind(std::uint64_t sequence) {
  if (sequence >= next_unsent_) return;
  next_unsent_ = sequence;
  under_way_ = static_cast<std::size_t>(std::distance(entries_.begin(), entries_.lower_bound(sequence)));
}

void Outbox::renumber() {
  std::map<std::uint64_t, Entry> kept;
  next_ = 1;
  for (auto& [sequence, entry] : entries_) {
    entry.sequence = next_;
    entry.sendings = 0;
    entry.rpc_id = 0;
    entry.unsure = false;
    kept.emplace(next_++, std::move(entry));
  }
  entries_ = std::move(kept);
  next_unsent_ = 1;
  under_way_ = 0;
}

std::map<std::uint64_t, Outbox::Entry> Outbox::clear(std::uint64_t next) {
  auto taken = std::move(entries_);
  entries_.clear();
  next_ = next;
  next_unsent_ = next;
  under_way_ = 0;
  bytes_ = 0;
  return taken;
}

std::vector<StoredRequest> Outbox::stored() const {
  std::vector<StoredRequest> result;
  for (const auto& [sequence, entry] : entries_) result.push_back(to_stored(entry));
  return result;
}

StoredRequest to_stored(const Outbox::Entry& entry) {
  StoredRequest stored;
  stored.sequence = entry.sequence;
  stored.method = entry.method;
  stored.secret = entry.secret_lost || traits_of(entry.method).secret;
  if (stored.secret) return stored;
  stored.params = entry.params;
  stored.params.erase("seq");
  stored.params.erase("first");
  stored.in_doubt = entry.in_doubt;
  return stored;
}

std::size_t json_size(const json::value& value) {
  if (const auto* text = value.if_string()) return text->size() + 2;
  if (const auto* object = value.if_object()) return json_size(*object);
  std::size_t size = 24;   // the longest number
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) size += json_size(element) + 1;
  }
  return size;
}

std::size_t json_size(const json::object& object) {
  std::size_t size = 2;
  for (const auto& member : object) size += member.key().size() + 4 + json_size(member.value());
  return size;
}

}  // namespace parley::cli
