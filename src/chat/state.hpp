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
Effects apply(State& state, const Entry& entry);

// The same for an entry that is no command of ours (a no-op, a configuration): only time and index advance.
Effects apply_nothing(State& state, Index index, LogTime time);

// Canonical bytes of effects, for the chain digest (R10).
std::string canonical(const Effects& effects);

}  // namespace parley::chat
