#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "chat/command.hpp"
#include "chat/effects.hpp"
#include "chat/types.hpp"

namespace parley::chat {

// How an entry goes through this folder: wire decodes it -> apply() (apply.cpp) sets index and log time and sweeps what
// expired (expiry.cpp) -> a Sequenced one passes its client session (client_sessions.cpp): answered before? its turn?
// -> find_actor() (logins.cpp) looks at the login again -> carry_out(), one function a request, in the file of its
// duty: accounts, logins, rooms, membership, messages, old_messages, administration -> the answer is kept, the
// effects go out: rows and records to the archive, deliveries to whoever is connected.
// apply() costs O(log n) and what it delivers, whatever the size of State. What would break its equality on all nodes
// is nowhere used: clocks, random numbers, floating point, locale, the sign of char, hash order, pointers as keys.

// What decisions need, in memory: accounts, rooms, members, client sessions, last numbers, read markers, settings.
// Bounded by people and rooms, never by messages (DESIGN.md section 5). One strand owns it; queries.hpp reads it.
class State {
 public:
  State();
  ~State();
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;

  // Rebuilds from the archive's records, in any order. The error names the record that can't be read.
  static Result<State> load(const std::vector<RecordRow>& records);

  // Every record, as apply would have written it: load(all_records()) equals this state.
  std::vector<RecordRow> all_records() const;

  // Over all records in canonical order; equal states, equal digests (R10).
  Digest digest() const;

  Index last_applied() const;

  struct Tables;                       // src/chat/tables.hpp: for apply and queries only
  Tables& tables() { return *tables_; }
  const Tables& tables() const { return *tables_; }

 private:
  std::unique_ptr<Tables> tables_;
};

// What apply is given: a committed command with its place and time in the log.
struct Entry {
  Index index;
  LogTime time;
  Command command;
};

// The state machine. Total: any entry gives effects, never an exception (R13); reads nothing but its arguments.
// `index` must be above last_applied() (asserted): each entry is applied once, in the log's order.
Effects apply(State& state, const Entry& entry);

// The same for an entry that is no command of ours (a no-op, a configuration): only time and index advance.
Effects apply_nothing(State& state, Index index, LogTime time);

// After a restore or a recover, before the first entry of the new generation (R19): every login and every client
// session ends, for people may have gone on where this copy of the past does not know of it.
Effects begin_generation(State& state, Generation generation);

// Canonical bytes of effects, for the chain digest (R10).
std::string canonical(const Effects& effects);

}  // namespace parley::chat
