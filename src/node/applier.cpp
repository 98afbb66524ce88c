#include "node/applier.hpp"

#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/codec.hpp"
#include "base/mutant.hpp"
#include "node/digest_marks.hpp"
#include "raft/log.hpp"
#include "wire/command_codec.hpp"
#include "wire/raft_codec.hpp"

namespace parley::node {
namespace {

std::string words(const raft::EntryId& id) {
  return "index " + std::to_string(id.index.value) + " of term " + std::to_string(id.term.value);
}

}  // namespace

// Lengths keep the pieces apart.
Digest next_chain(const Digest& chain, const raft::Entry& entry, const chat::Effects& effects) {
  std::string bytes;
  Writer writer(bytes);
  wire::write(writer, entry);
  const auto said = chat::canonical(effects);
  Hasher hasher;
  hasher.add(chain.view());
  hasher.add(entry.id.index.value);
  hasher.add(entry.id.term.value);
  hasher.add(bytes.size());
  hasher.add(bytes);
  hasher.add(said.size());
  hasher.add(said);
  return hasher.finish();
}

Result<std::unique_ptr<Applier>> Applier::load(Seams seams, const std::vector<chat::RecordRow>& records,
                                               const store::ArchivePosition& position) {
  auto state = chat::State::load(records);
  if (!state) return state.error();
  const bool digest_is_current =
      position.state_digest_at == position.applied.index && position.applied.index > Index{0};
  if (digest_is_current && state->digest() != position.state_digest) {
    throw store::ArchiveDamaged("the archive's records do not have the digest that was written with them at " +
                                words(position.applied) + ": the archive is damaged");
  }
  return std::make_unique<Applier>(seams, std::move(*state), position);
}

Applier::Applier(Seams seams, chat::State state, const store::ArchivePosition& position)
    : seams_(seams), state_(std::move(state)), applied_(position.applied), time_(position.time),
      chain_(position.chain) {}

net::awaitable<void> Applier::apply_loop(Replication& replication, Archiver& archiver,
                                         std::vector<ApplyListener*> listeners) {
  for (;;) {
    const auto entries = co_await replication.next_committed();
    if (entries.empty()) break;
    for (const auto& entry : entries) {
      if (entry.id.index <= applied_.index) {
        check_position(entry);
        continue;
      }
      if (archiver.full()) {
        ring_waiters();
        co_await archiver.wait_for_room();
      }
      const bool mark = DigestMarks::is_mark(time_, entry.time, entry.id.index);
      archiver.add(apply(entry, listeners));
      if (mark) replication.announce_digest(entry.id.index, chain_);
    }
    replication.applied(entries.back().id.index);
    ring_waiters();
  }
  ended_ = true;
  archiver.close();
  ring_waiters();
}

AppliedEntry Applier::apply(const raft::Entry& entry, const std::vector<ApplyListener*>& listeners) {
  PARLEY_ASSERT(entry.id.index == applied_.index.next(), "committed entries come without a gap");
  std::optional<chat::Command> command;
  if (const auto* bytes = std::get_if<SharedBytes>(&entry.content)) command = decode(entry, *bytes);
  chat::Effects effects;
  if (command) {
    const LogTime time = PARLEY_MUTANT(applies_by_the_local_clock) ? LogTime{seams_.clock.wall_now().ms} : entry.time;
    chat::Entry given{entry.id.index, time, std::move(*command)};
    effects = chat::apply(state_, given);
    command = std::move(given.command);
  } else {
    effects = chat::apply_nothing(state_, entry.id.index, entry.time);
  }
  applied_ = entry.id;
  time_ = entry.time;
  chain_ = next_chain(chain_, entry, effects);
  for (auto* listener : listeners) listener->applied(entry, command ? &*command : nullptr, effects);

  AppliedEntry done;
  done.id = entry.id;
  done.time = entry.time;
  done.bytes = raft::weight(entry);
  done.chain = chain_;
  if (const auto* configuration = std::get_if<raft::ConfigurationPtr>(&entry.content)) {
    done.configuration = *configuration;
  }
  done.messages = std::move(effects.messages);
  done.records = std::move(effects.records);
  return done;
}

// What can't be read is applied as nothing, on every node alike: it was agreed on, so it is part of the history. A
// newer version means that this program is too old for its cluster (R8 gates that), hence loud.
std::optional<chat::Command> Applier::decode(const raft::Entry& entry, const SharedBytes& bytes) {
  auto command = wire::decode_command(bytes.view());
  if (command) return std::move(*command);
  seams_.logger.error("command_unreadable", words(entry.id) + " is applied as nothing: " + command.error().message);
  return std::nullopt;
}

void Applier::check_position(const raft::Entry& entry) const {
  PARLEY_ASSERT(entry.id.index != applied_.index || entry.id.term == applied_.term,
                "the log and the archive agree on the last archived entry (R9)");
}

const Digest& Applier::state_digest() {
  if (!state_digest_ || state_digest_->first != applied_.index) state_digest_.emplace(applied_.index, state_.digest());
  return state_digest_->second;
}

net::awaitable<bool> Applier::wait_applied(Index index, TimePoint deadline) {
  auto alarm = seams_.clock.make_alarm();
  while (applied_.index < index && !ended_ && seams_.clock.now() < deadline) {
    const auto place = waiters_.emplace(index, alarm.get());
    co_await alarm->wait_until(deadline);
    waiters_.erase(place);
  }
  co_return applied_.index >= index;
}

void Applier::ring_waiters() {
  for (auto& [index, alarm] : waiters_) {
    if (index > applied_.index && !ended_) break;
    alarm->ring();
  }
}

}  // namespace parley::node
