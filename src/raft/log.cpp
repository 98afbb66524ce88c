#include "raft/log.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/mutant.hpp"

namespace parley::raft {
namespace {

const ConfigurationPtr* configuration_in(const Entry& entry) { return std::get_if<ConfigurationPtr>(&entry.content); }

constexpr std::size_t entry_overhead = 64;     // bytes; header and bookkeeping of one entry
constexpr std::size_t member_weight = 128;     // bytes; two addresses and two ids

}  // namespace

Log::Log(Durable& durable) : base_(durable.base), base_time_(durable.base_time) {
  PARLEY_ASSERT(durable.base_configuration_index <= base_.index, "the base's configuration stands at or below it");
  configurations_.front() = {durable.base_configuration_index, durable.base_configuration};
  for (Entry& entry : durable.entries) append(std::move(entry));
  durable.entries.clear();
}

std::optional<Term> Log::term_at(Index index) const {
  if (index == base_.index) return base_.term;
  if (index < base_.index || index > last_index()) return std::nullopt;
  return entries_[offset(index)].id.term;
}

const Entry& Log::at(Index index) const {
  PARLEY_ASSERT(index > base_.index && index <= last_index(), "no such entry in the log");
  return entries_[offset(index)];
}

void Log::append(Entry entry) {
  PARLEY_ASSERT(entry.id.index == last_index().next(), "entries are consecutive");
  PARLEY_ASSERT(entry.id.term >= last_id().term, "terms never fall along a log");
  if (const auto* configuration = configuration_in(entry)) {
    PARLEY_ASSERT(*configuration != nullptr, "a configuration entry holds a configuration");
    configurations_.emplace_back(entry.id.index, *configuration);
  }
  bytes_ += weight(entry);
  entries_.push_back(std::move(entry));
}

void Log::truncate_from(Index index) {
  PARLEY_ASSERT(index > base_.index && index <= last_index(), "only entries that are here can be cut off");
  for (; last_index() >= index; entries_.pop_back()) bytes_ -= weight(entries_.back());
  // "A server falls back to the previous configuration in its log" (dissertation 4.1; catalogue 21).
  while (!PARLEY_MUTANT(keeps_a_truncated_configuration) && configurations_.size() > 1 &&
         configurations_.back().first >= index) {
    configurations_.pop_back();
  }
}

void Log::compact(Index through) {
  const LogBase base = base_at(through);
  const auto kept = entries_.begin() + static_cast<std::ptrdiff_t>(through - base_.index);
  for (auto entry = entries_.begin(); entry != kept; ++entry) bytes_ -= weight(*entry);
  entries_.erase(entries_.begin(), kept);
  base_ = base.id;
  base_time_ = base.time;
  // The one that holds at the base stays, with its place: it may be asked for (catalogue 22).
  const auto above = std::find_if(configurations_.begin() + 1, configurations_.end(),
                                  [&](const auto& known) { return known.first > through; });
  configurations_.erase(configurations_.begin(), above - 1);
}

void Log::reset(const LogBase& base) {
  entries_.clear();
  bytes_ = 0;
  base_ = base.id;
  base_time_ = base.time;
  configurations_.assign(1, {base.configuration_index, base.configuration});
}

LogBase Log::base_at(Index index) const {
  PARLEY_ASSERT(index >= base_.index && index <= last_index(), "a base lies within the log");
  const auto& [where, configuration] =
      PARLEY_MUTANT(base_takes_the_latest_configuration) ? configurations_.back() : holding_at(index);
  const bool here = index == base_.index;
  return {here ? base_ : at(index).id, here ? base_time_ : at(index).time, configuration, where};
}

const std::pair<Index, ConfigurationPtr>& Log::holding_at(Index index) const {
  return *std::find_if(configurations_.rbegin(), configurations_.rend() - 1,
                       [&](const auto& known) { return known.first <= index; });
}

const ConfigurationPtr& Log::configuration_at(Index index) const { return holding_at(index).second; }

Index Log::configuration_index_at(Index index) const { return holding_at(index).first; }

std::size_t Log::configurations_above(Index index) const {
  return static_cast<std::size_t>(std::count_if(configurations_.begin() + 1, configurations_.end(),
                                                [&](const auto& known) { return known.first > index; }));
}

Index Log::first_index_of_term_at(Index index) const {
  const Term term = at(index).id.term;
  const auto first = std::lower_bound(entries_.begin(), entries_.end(), term,
                                      [](const Entry& entry, Term wanted) { return entry.id.term < wanted; });
  return first->id.index;
}

Index Log::last_index_up_to(Term term, Index index) const {
  const Index end = std::min(index, last_index());
  if (end <= base_.index) return base_.index;
  const auto past = std::upper_bound(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(offset(end)) + 1,
                                     term, [](Term wanted, const Entry& entry) { return wanted < entry.id.term; });
  return past == entries_.begin() ? base_.index : std::prev(past)->id.index;
}

std::vector<Entry> Log::copy(Index first, Index last, std::size_t entries_max, std::size_t bytes_max) const {
  std::vector<Entry> copied;
  if (first > last) return copied;
  const std::size_t count = std::min<std::size_t>(entries_max, last - first + 1);
  copied.reserve(count);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = at(first + i);
    bytes += weight(entry);
    if (!copied.empty() && bytes > bytes_max) break;
    copied.push_back(entry);
  }
  return copied;
}

bool operator==(const LogBase& one, const LogBase& other) {
  return one.id == other.id && one.time == other.time && one.configuration_index == other.configuration_index &&
         same(one.configuration, other.configuration);
}

std::size_t weight(const Entry& entry) {
  if (const auto* command = std::get_if<SharedBytes>(&entry.content)) return entry_overhead + command->size();
  if (const auto* configuration = configuration_in(entry)) {
    return entry_overhead + (*configuration)->members.size() * member_weight;
  }
  return entry_overhead;
}

}  // namespace parley::raft
