#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "raft/types.hpp"
#include "store/write_ahead_log.hpp"
#include "wire/random_raft.hpp"

// Batches as a Raft node writes them, and the plainest model of what a log must hold after each.
namespace parley::store::testing {

inline bool same(const raft::Durable& a, const raft::Durable& b) {
  return a.hard_state == b.hard_state && a.base == b.base && raft::same(a.base_configuration, b.base_configuration) &&
         a.base_time == b.base_time && a.base_configuration_index == b.base_configuration_index &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const auto& x, const auto& y) { return wire::testing::same(x, y); });
}

inline std::uint64_t last_index(const raft::Durable& model) { return model.base.index.value + model.entries.size(); }

inline void apply_batch(raft::Durable& model, const raft::PersistBatch& batch) {
  if (const auto& reset = batch.reset) {
    raft::HardState hard_state = model.hard_state;
    hard_state.commit_index = std::max(hard_state.commit_index, reset->id.index);
    model = {hard_state, reset->id, reset->configuration, {}, reset->time, reset->configuration_index};
  }
  if (batch.truncate_from) model.entries.resize(*batch.truncate_from - model.base.index - 1);
  model.entries.insert(model.entries.end(), batch.entries.begin(), batch.entries.end());
  if (batch.hard_state) model.hard_state = *batch.hard_state;
}

inline raft::PersistBatch batch_of(raft::Durable& model, std::vector<raft::Content> contents, Term term) {
  raft::PersistBatch batch;
  batch.number = 1;
  std::uint64_t index = last_index(model);
  for (auto& content : contents) {
    batch.entries.push_back({{term, Index(++index)}, LogTime{static_cast<std::int64_t>(index)}, std::move(content)});
  }
  if (term > model.hard_state.current_term) batch.hard_state = raft::HardState{term, {}, model.hard_state.commit_index};
  apply_batch(model, batch);
  return batch;
}

// Small and large payloads, some of them nothing but zeros; truncations; terms that rise; votes.
inline raft::PersistBatch random_batch(Random& random, raft::Durable& model) {
  raft::PersistBatch batch;
  batch.number = 1;
  raft::HardState hard_state = model.hard_state;
  std::uint64_t last = last_index(model);
  const std::uint64_t commit = hard_state.commit_index.value;
  if (last > commit && random.chance(0.2)) {
    last = random.between(commit, last - 1);
    batch.truncate_from = Index(last + 1);
    hard_state.current_term = hard_state.current_term.next();
    hard_state.voted_for.reset();
  }
  if (hard_state.current_term == Term(0) || random.chance(0.1)) {
    hard_state.current_term = hard_state.current_term.next();
    hard_state.voted_for = wire::testing::random_server(random);
  }
  for (std::uint64_t count = random.below(5); count > 0; --count) {
    raft::Entry entry = wire::testing::random_entry(random);
    entry.id = {hard_state.current_term, Index(++last)};
    if (random.chance(0.1)) entry.content = SharedBytes(std::string(random.below(2000), '\0'));
    batch.entries.push_back(std::move(entry));
  }
  if (random.chance(0.3)) hard_state.commit_index = Index(random.between(commit, last));
  if (hard_state != model.hard_state || (batch.entries.empty() && !batch.truncate_from)) batch.hard_state = hard_state;
  apply_batch(model, batch);
  return batch;
}

// An installed snapshot somewhere at or above what is committed, at times with entries above it.
inline raft::PersistBatch random_reset(Random& random, raft::Durable& model) {
  raft::PersistBatch batch;
  batch.number = 1;
  raft::HardState hard_state = model.hard_state;
  hard_state.current_term = std::max(hard_state.current_term, Term(1));
  const std::uint64_t base = hard_state.commit_index.value + random.below(30);
  batch.reset = raft::LogBase{{hard_state.current_term, Index(base)}, LogTime{5000}, nullptr, Index(0)};
  if (random.chance(0.5)) {
    batch.reset->configuration_index = Index(base / 2);
    batch.reset->configuration =
        std::make_shared<const raft::Configuration>(wire::testing::random_configuration(random));
  }
  for (std::uint64_t index = base; random.chance(0.4);) {
    raft::Entry entry = wire::testing::random_entry(random);
    entry.id = {hard_state.current_term, Index(++index)};
    batch.entries.push_back(std::move(entry));
  }
  if (random.chance(0.5) || hard_state != model.hard_state) {
    hard_state.commit_index = Index(base);
    batch.hard_state = hard_state;
  }
  apply_batch(model, batch);
  return batch;
}

// The same log as it looks from a higher base, which a trim made it begin with.
inline raft::Durable seen_from(Index base, raft::Durable model) {
  while (model.base.index < base && !model.entries.empty()) {
    const raft::Entry& entry = model.entries.front();
    if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry.content)) {
      model.base_configuration = *configuration;
      model.base_configuration_index = entry.id.index;
    }
    model.base = entry.id;
    model.base_time = entry.time;
    model.entries.erase(model.entries.begin());
  }
  model.hard_state.commit_index = std::max(model.hard_state.commit_index, base);
  return model;
}

// A whole life: the batches, and what the log holds before and after each.
struct Script {
  std::vector<raft::PersistBatch> batches;
  std::vector<raft::Durable> states{raft::Durable{}};

  static Script random(std::uint64_t seed, std::size_t batches) {
    Script script;
    Random draw(seed);
    raft::Durable model;
    for (std::size_t i = 0; i < batches; ++i) script.add(random_batch(draw, model), model);
    return script;
  }
  void add(raft::PersistBatch batch, const raft::Durable& after) {
    batches.push_back(std::move(batch));
    states.push_back(after);
  }
};

}  // namespace parley::store::testing
