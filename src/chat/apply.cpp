#include <algorithm>

#include "base/assert.hpp"
#include "chat/change.hpp"
#include "chat/text.hpp"

namespace parley::chat {
namespace {

// Nothing may follow that reads the clock: `now` is the entry's time, or the latest before it (R14).
Change begin(State& state, Effects& effects, Index index, LogTime time) {
  auto& tables = state.tables();
  PARLEY_ASSERT(index > tables.last_applied, "entries are applied in order and once");
  tables.last_applied = index;
  tables.time = std::max(tables.time, time);
  Change change{tables, effects, index};
  change.save(meta_record(tables));
  sweep(change);
  return change;
}

void apply_command(Change& change, const OpenClient& command) { open_client(change, command); }
void apply_command(Change& change, const Sequenced& command) { apply_sequenced(change, command); }
void apply_command(Change& change, const Markers& command) { apply_markers(change, command); }

}  // namespace

Reply refuse(Code code, std::string_view thing) {
  Reply reply;
  reply.code = code;
  reply.text = excerpt(thing);
  return reply;
}

Effects apply(State& state, const Entry& entry) {
  Effects effects;
  auto change = begin(state, effects, entry.index, entry.time);
  std::visit([&change](const auto& command) { apply_command(change, command); }, entry.command);
  return effects;
}

Effects apply_nothing(State& state, Index index, LogTime time) {
  Effects effects;
  begin(state, effects, index, time);
  return effects;
}

Effects begin_generation(State& state, Generation generation) {
  Effects effects;
  auto& tables = state.tables();
  Change change{tables, effects, tables.last_applied};
  tables.generation = generation;
  change.save(meta_record(tables));
  while (!tables.logins.empty()) end_login(change, tables.logins.begin()->first);
  while (!tables.clients.empty()) drop_client(change, tables.clients.begin()->first);
  return effects;
}

}  // namespace parley::chat
