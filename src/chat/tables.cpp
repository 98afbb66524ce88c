#include "chat/tables.hpp"

#include <algorithm>

#include "chat/text.hpp"

namespace parley::chat {
namespace {

template <class Map, class Key>
auto* find(Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

bool idle_longer(LogTime since, LogTime now, std::int64_t limit_ms) {
  return now.ms - since.ms > limit_ms;   // both are at least zero, so this can't overflow
}

std::pair<AccountId, AccountId> pair_of(AccountId a, AccountId b) { return {std::min(a, b), std::max(a, b)}; }

}  // namespace

// -- accounts, logins, invitations ----------------------------------------------------------------------------

using Tables = State::Tables;

Account* Tables::account(AccountId id) { return find(accounts, id); }
const Account* Tables::account(AccountId id) const { return find(accounts, id); }

const Account* Tables::account_named(std::string_view name, AccountId& id) const {
  const auto found = account_names.find(folded(name));
  id = found == account_names.end() ? AccountId{} : found->second;
  return account(id);
}

void Tables::add_account(AccountId id, Account row) {
  account_names.emplace(row.name, id);
  if (row.banned) banned.insert(id);
  accounts.emplace(id, std::move(row));
}

void Tables::drop_account(AccountId id) {
  const auto* row = account(id);
  account_names.erase(row->name);
  banned.erase(id);
  accounts.erase(id);
}

void Tables::set_banned(AccountId id, bool value) {
  account(id)->banned = value;
  if (value) {
    banned.insert(id);
  } else {
    banned.erase(id);
  }
}

void Tables::add_login(const LoginId& id, LoginRow row) {
  account(row.account)->logins.emplace(row.opened, id);
  logins_by_use.emplace(row.last_used, id);
  logins.emplace(id, row);
}

void Tables::drop_login(LoginId id) {
  const auto row = logins.at(id);
  account(row.account)->logins.erase({row.opened, id});
  logins_by_use.erase({row.last_used, id});
  logins.erase(id);
}

void Tables::use_login(const LoginId& id, LogTime now) {
  auto& row = logins.at(id);
  logins_by_use.erase({row.last_used, id});
  row.last_used = now;
  logins_by_use.emplace(row.last_used, id);
}

bool Tables::login_expired(const LoginRow& row) const {
  constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
  return idle_longer(row.last_used, time, static_cast<std::int64_t>(settings[Setting::login_idle_days]) * day_ms);
}

void Tables::add_invitation(const Digest& code, Invitation row) {
  invitations_by_age.emplace(row.made, code);
  invitations.emplace(code, row);
}

void Tables::drop_invitation(const Digest& code) {
  invitations_by_age.erase({invitations.at(code).made, code});
  invitations.erase(code);
}

bool Tables::invitation_expired(const Invitation& row) const {
  return idle_longer(row.time, time, invitation_idle_ms);
}

// -- conversations --------------------------------------------------------------------------------------------

Conversation* Tables::conversation(ConversationId id) { return find(conversations, id); }
const Conversation* Tables::conversation(ConversationId id) const { return find(conversations, id); }

Room* Tables::room(ConversationId id) {
  auto* row = conversation(id);
  return row ? row->room() : nullptr;
}

ConversationId Tables::room_named(std::string_view name) const {
  const auto found = room_names.find(folded(name));
  return found == room_names.end() ? ConversationId{} : found->second;
}

void Tables::add_room(ConversationId id, Room row) {
  room_names.emplace(row.name, id);
  if (auto* owner = account(row.owner)) owner->owned.insert(id);
  conversations.emplace(id, Conversation{{}, std::move(row)});
}

void Tables::add_direct(ConversationId id, Direct row) {
  pairs.emplace(std::pair(row.low.account, row.high.account), id);
  for (const auto side : {row.low.account, row.high.account}) {
    if (auto* person = account(side)) person->directs.insert(id);
  }
  if (auto* opener = account(row.opened_by)) ++opener->directs_opened;
  conversations.emplace(id, Conversation{{}, std::move(row)});
}

void Tables::drop_direct(ConversationId id) {
  const auto& row = *conversation(id)->direct();
  pairs.erase({row.low.account, row.high.account});
  conversations.erase(id);
}

ConversationId Tables::direct_between(AccountId a, AccountId b) const {
  const auto found = pairs.find(pair_of(a, b));
  return found == pairs.end() ? ConversationId{} : found->second;
}

void Tables::set_owner(ConversationId id, AccountId owner) {
  auto& row = *room(id);
  if (auto* before = account(row.owner)) before->owned.erase(id);
  row.owner = owner;
  if (auto* after = account(owner)) after->owned.insert(id);
}

void Tables::add_member(ConversationId id, AccountId person, Member row) {
  room(id)->members.emplace(person, std::move(row));
  account(person)->rooms.insert(id);
}

void Tables::drop_member(ConversationId id, AccountId person) {
  room(id)->members.erase(person);
  account(person)->rooms.erase(id);
}

void Tables::add_former(ConversationId id, AccountId person, std::vector<Interval> intervals) {
  room(id)->former.emplace(person, std::move(intervals));
  account(person)->former.insert(id);
}

void Tables::drop_former(ConversationId id, AccountId person) {
  room(id)->former.erase(person);
  account(person)->former.erase(id);
}

void Tables::add_invited(ConversationId id, AccountId person) {
  room(id)->invited.insert(person);
  account(person)->invited.insert(id);
}

void Tables::drop_invited(ConversationId id, AccountId person) {
  room(id)->invited.erase(person);
  account(person)->invited.erase(id);
}

Number Tables::marker(AccountId person, ConversationId id) const {
  const auto* found = find(markers, std::pair(person, id));
  return found ? *found : Number{};
}

// -- client sessions ------------------------------------------------------------------------------------------

void Tables::add_client(ClientId id, Client row) {
  clients_by_use.emplace(row.proven, row.last_used, id);
  clients.emplace(id, std::move(row));
}

void Tables::drop_client(ClientId id) {
  const auto& row = clients.at(id);
  reply_count -= row.replies.size();
  clients_by_use.erase({row.proven, row.last_used, id});
  clients.erase(id);
}

void Tables::use_client(ClientId id, LogTime now, bool proven) {
  auto& row = clients.at(id);
  clients_by_use.erase({row.proven, row.last_used, id});
  row.last_used = now;
  row.proven = row.proven || proven;
  clients_by_use.emplace(row.proven, row.last_used, id);
}

bool Tables::client_expired(const Client& row) const { return idle_longer(row.last_used, time, client_idle_ms); }

void Tables::add_reply(ClientId id, Sequence sequence, KeptReply reply) {
  clients.at(id).replies.emplace(sequence, std::move(reply));
  ++reply_count;
}

void Tables::drop_reply(ClientId id, Sequence sequence) { reply_count -= clients.at(id).replies.erase(sequence); }

// -- touched messages -----------------------------------------------------------------------------------------

void Tables::touch(MessageId id, Index entry) {
  untouch(id);
  touched.emplace(id, entry);
  touched_by_entry.emplace(entry, id);
}

void Tables::untouch(MessageId id) {
  const auto found = touched.find(id);
  if (found == touched.end()) return;
  touched_by_entry.erase({found->second, id});
  touched.erase(found);
}

// -- who may read ---------------------------------------------------------------------------------------------

std::vector<Interval> readable(const Tables& tables, AccountId person, const Conversation& conversation) {
  const auto* row = tables.account(person);
  if (!row || row->banned) return {};
  const std::vector<Interval> all{{Number(1), number_max}};
  if (const auto* direct = conversation.direct()) return direct->has(person) ? all : std::vector<Interval>{};
  const auto& room = *conversation.room();
  if (room.kind == RoomKind::open) return all;
  if (const auto* member = find(room.members, person)) return member->intervals;
  if (const auto* intervals = find(room.former, person)) return *intervals;
  return {};
}

bool readable_at(const Tables& tables, AccountId person, const Conversation& conversation, Number number) {
  const auto intervals = readable(tables, person, conversation);
  return number <= conversation.last && std::any_of(intervals.begin(), intervals.end(), [number](const Interval& i) {
           return i.from <= number && number <= i.through;
         });
}

bool sees_room(const Tables& tables, AccountId person, const Room& room) {
  const auto* row = tables.account(person);
  if (!row || row->banned) return false;
  return room.kind == RoomKind::open || row->administrator || room.owner == person || room.members.contains(person) ||
         room.former.contains(person) || room.invited.contains(person);
}

}  // namespace parley::chat
