#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "chat/state.hpp"
#include "node/archiver.hpp"
#include "node/replication.hpp"
#include "node/seams.hpp"

namespace parley::node {

// Who wants to know of every applied entry, in log order, on the strand. The state is already the one after it.
class ApplyListener {
 public:
  virtual ~ApplyListener() = default;
  // `command` is null for a no-op, a configuration, and what could not be decoded.
  virtual void applied(const raft::Entry& entry, const chat::Command* command, const chat::Effects& effects) = 0;
};

// R10: chain(n) = H(chain(n-1), index, term, entry, canonical effects).
Digest next_chain(const Digest& chain, const raft::Entry& entry, const chat::Effects& effects);

// The node's state machine: the chat's state, how far it got, and the digest of the way there (R10). Only this
// changes the state; the rest of the node reads it between two entries.
class Applier {
 public:
  // `records` and `position` are the archive's. The error says that they don't fit each other.
  static Result<std::unique_ptr<Applier>> load(Seams seams, const std::vector<chat::RecordRow>& records,
                                               const store::ArchivePosition& position);

  Applier(Seams seams, chat::State state, const store::ArchivePosition& position);

  // Entries at or below the archive's position are skipped: they are in the state already. The first listener is
  // told first. Ends when there is nothing more to come; then closes the archiver.
  net::awaitable<void> apply_loop(Replication& replication, Archiver& archiver, std::vector<ApplyListener*> listeners);

  const chat::State& state() const { return state_; }
  Index applied() const { return applied_.index; }
  raft::EntryId applied_id() const { return applied_; }
  const Digest& chain() const { return chain_; }
  const Digest& state_digest();  // at `applied`; computed once per index

  // Returns once `index` is applied (true) or the deadline has passed or the loop ended (false).
  net::awaitable<bool> wait_applied(Index index, TimePoint deadline);

 private:
  AppliedEntry apply(const raft::Entry& entry, const std::vector<ApplyListener*>& listeners);
  std::optional<chat::Command> decode(const raft::Entry& entry, const SharedBytes& bytes);
  void check_position(const raft::Entry& entry) const;
  void ring_waiters();

  Seams seams_;
  chat::State state_;
  raft::EntryId applied_;
  LogTime time_;   // of that entry
  Digest chain_;
  std::optional<std::pair<Index, Digest>> state_digest_;
  std::multimap<Index, net::Alarm*> waiters_;
  bool ended_ = false;
};

}  // namespace parley::node
