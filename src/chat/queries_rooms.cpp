#include <algorithm>

#include "chat/queries.hpp"
#include "chat/tables.hpp"
#include "chat/text.hpp"

namespace parley::chat {
namespace {

RoomView view_of(const State::Tables& tables, ConversationId id, AccountId reader) {
  const auto& conversation = *tables.conversation(id);
  const auto& room = *conversation.room();
  RoomView view;
  view.conversation = id;
  view.room = room.name;
  view.topic = room.topic;
  view.kind = room.kind;
  view.owner = room.owner;
  view.members = room.members.size();
  view.last = conversation.last;
  view.joined = room.members.contains(reader);
  view.invited = room.invited.contains(reader);
  return view;
}

// Null: no such room, or one that the reader may not know of.
const Room* visible_room(const State::Tables& tables, std::string_view name, AccountId reader, ConversationId& id) {
  id = tables.room_named(name);
  const auto* conversation = tables.conversation(id);
  if (!conversation || !sees_room(tables, reader, *conversation->room())) return nullptr;
  return conversation->room();
}

}  // namespace

std::optional<RoomView> find_room(const State& state, std::string_view name, AccountId reader) {
  ConversationId id;
  if (!visible_room(state.tables(), name, reader, id)) return std::nullopt;
  return view_of(state.tables(), id, reader);
}

RoomPage list_rooms(const State& state, AccountId reader, std::string_view pattern, std::string_view after,
                    std::size_t limit) {
  RoomPage page;
  if (pattern.size() > pattern_max) return page;
  const auto& tables = state.tables();
  const auto wanted = folded(pattern);
  for (auto at = tables.room_names.upper_bound(folded(after)); at != tables.room_names.end(); ++at) {
    if (!matches(wanted, at->first)) continue;
    if (!sees_room(tables, reader, *tables.conversation(at->second)->room())) continue;
    if (page.rooms.size() >= std::min(limit, list_max)) {
      page.more = true;
      break;
    }
    page.rooms.push_back(view_of(tables, at->second, reader));
  }
  return page;
}

std::optional<AccountPage> room_members(const State& state, std::string_view room, AccountId reader,
                                        std::string_view after, std::size_t limit) {
  const auto& tables = state.tables();
  ConversationId id;
  const auto* row = visible_room(tables, room, reader, id);
  if (!row) return std::nullopt;
  // Members stand by id; a page is by name. A room has at most some thousands.
  std::vector<std::pair<std::string_view, AccountId>> by_name;
  const auto start = folded(after);
  for (const auto& [account, member] : row->members) {
    const std::string_view name = tables.account(account)->name;
    if (name > start) by_name.emplace_back(name, account);
  }
  const auto size = std::min({by_name.size(), limit, list_max});
  std::partial_sort(by_name.begin(), by_name.begin() + static_cast<std::ptrdiff_t>(size), by_name.end());
  AccountPage page;
  page.more = size < by_name.size();
  for (std::size_t i = 0; i < size; ++i) page.accounts.emplace_back(by_name[i].second, by_name[i].first);
  return page;
}

}  // namespace parley::chat
