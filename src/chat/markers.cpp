#include <algorithm>

#include "base/mutant.hpp"
#include "chat/change.hpp"

// What a node gathered for a second or more (R20): how far people have read, and who is still there.

namespace parley::chat {
namespace {

bool takes_part(const Conversation& conversation, AccountId account) {
  if (const auto* room = conversation.room()) return room->members.contains(account);
  return conversation.direct()->has(account);
}

void move_marker(Change& change, const Markers::Read& read) {
  const auto& tables = change.tables;
  const auto* conversation = tables.conversation(read.conversation);
  if (!conversation || !tables.account(read.account) || !takes_part(*conversation, read.account)) return;
  const auto number = std::min(read.number, conversation->last);
  const bool back = number <= tables.marker(read.account, read.conversation);
  if (back && !PARLEY_MUTANT(marker_goes_back)) return;
  set_marker(change, read.account, read.conversation, number);
  if (tables.banned.contains(read.account)) return;
  change.deliver({read.account}, MarkerMoved{read.account, read.conversation, number});
}

template <class T>
std::size_t taken(const std::vector<T>& items) {
  return std::min(items.size(), markers_max);   // the codec lets no more through
}

}  // namespace

void apply_markers(Change& change, const Markers& command) {
  for (std::size_t i = 0; i < taken(command.reads); ++i) move_marker(change, command.reads[i]);
  for (std::size_t i = 0; i < taken(command.clients_alive); ++i) keep_client_alive(change, command.clients_alive[i]);
  for (std::size_t i = 0; i < taken(command.logins_alive); ++i) keep_login_alive(change, command.logins_alive[i]);
}

}  // namespace parley::chat
