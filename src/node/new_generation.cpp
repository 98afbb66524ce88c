#include "node/new_generation.hpp"

#include <memory>
#include <utility>

#include "base/mutant.hpp"

namespace parley::node {
namespace {

constexpr std::uint64_t step_max = 1ULL << 32;   // some millions of restores fit what JSON keeps exact

std::uint64_t draw(net::Entropy& entropy) {
  std::uint64_t drawn = 0;
  while (drawn == 0) drawn = entropy.u64();
  return drawn;
}

}  // namespace

NewGeneration draw_generation(net::Entropy& entropy, NodeId self, ClusterId before, Generation generation,
                              raft::Configuration members) {
  NewGeneration begun;
  begun.self = ServerId{self, Incarnation(draw(entropy))};
  begun.cluster = before;
  const bool stays = PARLEY_MUTANT(restores_the_old_cluster);
  while (begun.cluster == before && !stays) begun.cluster = ClusterId(draw(entropy));
  begun.generation = Generation(generation.value + 1 + entropy.u64() % step_max);
  for (auto& member : members.members) {
    member.voter = member.id.node == self;
    member.id.incarnation = Incarnation(0);   // its data directory says who it is when it calls (R4)
    if (member.voter) member.id = begun.self;
  }
  begun.members = std::move(members);
  return begun;
}

store::ArchiveBatch begin_generation(chat::State& state, store::ArchivePosition position, const NewGeneration& begun) {
  auto effects = chat::begin_generation(state, begun.generation);
  store::ArchiveBatch batch;
  batch.position = std::move(position);
  batch.position.generation = begun.generation;
  batch.position.configuration = begun.members;
  batch.position.configuration_index = batch.position.applied.index;
  batch.position.state_digest = state.digest();
  batch.position.state_digest_at = batch.position.applied.index;
  batch.records = std::move(effects.records);
  return batch;
}

raft::PersistBatch begin_log(const store::ArchivePosition& position, Term term) {
  raft::HardState hard_state;
  hard_state.current_term = term;
  hard_state.commit_index = position.applied.index;
  raft::LogBase base{position.applied, position.time, nullptr, position.configuration_index};
  base.configuration = std::make_shared<const raft::Configuration>(*position.configuration);
  raft::PersistBatch batch;
  batch.number = 1;
  batch.hard_state = hard_state;
  batch.reset = std::move(base);
  return batch;
}

}  // namespace parley::node
