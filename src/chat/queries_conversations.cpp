#include <algorithm>
#include <charconv>

#include "chat/queries.hpp"
#include "chat/tables.hpp"
#include "chat/text.hpp"

namespace parley::chat {
namespace {

// "name~id": the account may be gone, the conversation is not.
ConversationId direct_by_id(const State::Tables& tables, AccountId reader, std::string_view name, std::string_view id) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
  if (error != std::errc() || end != id.data() + id.size()) return {};
  const auto found = tables.direct_between(reader, AccountId(value));
  const auto* conversation = tables.conversation(found);
  return conversation && conversation->direct()->other(reader).name == folded(name) ? found : ConversationId{};
}

ConversationId direct_with(const State::Tables& tables, AccountId reader, std::string_view name) {
  if (const auto tilde = name.find('~'); tilde != std::string_view::npos) {
    return direct_by_id(tables, reader, name.substr(0, tilde), name.substr(tilde + 1));
  }
  AccountId other;
  return tables.account_named(name, other) ? tables.direct_between(reader, other) : ConversationId{};
}

ConversationId visible_room(const State::Tables& tables, AccountId reader, std::string_view name) {
  const auto id = tables.room_named(name);
  const auto* conversation = tables.conversation(id);
  return conversation && sees_room(tables, reader, *conversation->room()) ? id : ConversationId{};
}

UnreadView unread_view(const State& state, AccountId account, ConversationId id) {
  UnreadView view;
  view.conversation = id;
  view.place = place_name(state, id, account);
  view.last = state.tables().conversation(id)->last;
  view.read = state.tables().marker(account, id);
  view.unread = view.last - view.read;
  return view;
}

}  // namespace

std::optional<ConversationId> conversation_for(const State& state, AccountId reader, std::string_view place) {
  const auto& tables = state.tables();
  const auto* account = tables.account(reader);
  if (!account || account->banned || place.empty()) return std::nullopt;
  ConversationId id;
  if (place[0] == '#') id = visible_room(tables, reader, place.substr(1));
  if (place[0] == '@') id = direct_with(tables, reader, place.substr(1));
  return id.value == 0 ? std::nullopt : std::optional(id);
}

std::string place_name(const State& state, ConversationId id, AccountId reader) {
  const auto& tables = state.tables();
  const auto* conversation = tables.conversation(id);
  if (!conversation) return {};
  if (const auto* room = conversation->room()) return "#" + room->name;
  const auto& direct = *conversation->direct();
  if (!direct.has(reader)) return {};
  const auto& other = direct.other(reader);
  if (tables.account(other.account)) return "@" + other.name;
  return "@" + other.name + "~" + std::to_string(other.account.value);
}

Number last_number(const State& state, ConversationId id) {
  const auto* conversation = state.tables().conversation(id);
  return conversation ? conversation->last : Number{};
}

std::vector<Interval> visible(const State& state, AccountId account, ConversationId id) {
  const auto* conversation = state.tables().conversation(id);
  return conversation ? readable(state.tables(), account, *conversation) : std::vector<Interval>{};
}

bool may_read(const State& state, AccountId account, ConversationId id, Number number) {
  const auto* conversation = state.tables().conversation(id);
  return conversation && readable_at(state.tables(), account, *conversation, number);
}

Index member_since(const State& state, AccountId account, ConversationId conversation) {
  const auto* found = state.tables().conversation(conversation);
  const auto* room = found ? found->room() : nullptr;
  if (!room) return Index{0};
  const auto member = room->members.find(account);
  return member == room->members.end() ? Index{0} : member->second.joined;
}

std::vector<ConversationId> conversations_of(const State& state, AccountId account) {
  const auto* row = state.tables().account(account);
  std::vector<ConversationId> ids;
  if (!row || row->banned) return ids;
  std::set_union(row->rooms.begin(), row->rooms.end(), row->directs.begin(), row->directs.end(),
                 std::back_inserter(ids));
  return ids;
}

std::vector<UnreadView> unread(const State& state, AccountId account) {
  std::vector<UnreadView> views;
  for (const auto id : conversations_of(state, account)) views.push_back(unread_view(state, account, id));
  return views;
}

std::optional<UnreadView> unread_in(const State& state, AccountId account, ConversationId id) {
  const auto* row = state.tables().account(account);
  if (!row || row->banned || !(row->rooms.contains(id) || row->directs.contains(id))) return std::nullopt;
  return unread_view(state, account, id);
}

MessageFacts facts_of(const MessageRow& row) {
  MessageFacts facts;
  facts.id = row.id;
  facts.conversation = row.conversation;
  facts.number = row.number;
  facts.author = row.author;
  facts.deleted = row.deleted;
  facts.edited = row.edited;
  facts.author_name = row.author_name;
  facts.time = row.time;
  facts.client = row.client;
  facts.sequence = row.sequence;
  return facts;
}

}  // namespace parley::chat
