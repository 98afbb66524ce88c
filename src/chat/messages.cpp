#include <algorithm>

#include "chat/change.hpp"
#include "chat/text.hpp"

// Saying something: into a room, or to a person. Numbers of a conversation are dense from 1; the message's id is the
// index of its entry (P2).

namespace parley::chat {
namespace {

// An author who had read everything has read this too.
void advance_authors_marker(Change& change, AccountId author, ConversationId id, Number number) {
  if (change.tables.marker(author, id) == number.previous()) set_marker(change, author, id, number);
}

Reply say(Change& change, const Actor& actor, ConversationId id, const std::string& text) {
  const auto author = actor.account;
  auto& tables = change.tables;
  auto& conversation = *tables.conversation(id);
  const auto number = conversation.last.next();
  conversation.last = number;
  change.save(counter_record(id, number));
  advance_authors_marker(change, author, id, number);

  MessageRow row;
  row.id = MessageId(change.index.value);
  row.conversation = id;
  row.number = number;
  row.author = author;
  row.author_name = tables.account(author)->name;
  row.time = change.now();
  row.text = text;
  row.changed_index = change.index;
  row.client = actor.client;
  row.sequence = actor.sequence;
  change.effects.messages.push_back(row);
  change.deliver(audience_of(tables, conversation, number, true), MessageChanged{std::move(row), true});

  Reply reply;
  reply.conversation = id;
  reply.message = MessageId(change.index.value);
  reply.number = number;
  return reply;
}

ConversationId open_direct(Change& change, AccountId from, AccountId to) {
  auto& tables = change.tables;
  const ConversationId id(change.index.value);
  Direct row;
  row.low = {std::min(from, to), tables.account(std::min(from, to))->name};
  row.high = {std::max(from, to), tables.account(std::max(from, to))->name};
  row.opened_by = from;
  change.save(direct_record(id, row));
  tables.add_direct(id, std::move(row));
  return id;
}

}  // namespace

void set_marker(Change& change, AccountId account, ConversationId id, Number number) {
  change.tables.markers[{account, id}] = number;
  change.save(marker_record(account, id, number));
}

// Those to be told of a new or changed message: who takes part and may read that number, as every member may a new
// one; the newest there is can be older than a member. Others who may read it (an open room's passers-by, an
// invite-only room's former members) find it when they ask.
std::vector<AccountId> audience_of(const State::Tables& tables, const Conversation& conversation, Number number,
                                   bool is_new) {
  std::vector<AccountId> audience;
  if (const auto* room = conversation.room()) {
    audience = audience_of(tables, *room);
    if (room->kind == RoomKind::invite_only && !is_new) {
      std::erase_if(audience, [&](AccountId a) { return !readable_at(tables, a, conversation, number); });
    }
    return audience;
  }
  const auto& direct = *conversation.direct();
  for (const auto account : {direct.low.account, direct.high.account}) {
    const bool told = tables.account(account) && !tables.banned.contains(account);
    if (told && (audience.empty() || audience.back() != account)) audience.push_back(account);
  }
  return audience;
}

Reply carry_out(Change& change, const Actor& actor, const SendDirect& request) {
  auto& tables = change.tables;
  const auto* account = tables.account(actor.account);
  if (!account) return refuse(Code::not_logged_in, "");
  AccountId to;
  if (!tables.account_named(request.to, to)) return refuse(Code::no_such_account, request.to);
  if (const auto fault = fault_of_message(request.text)) return refuse(*fault, "");
  auto id = tables.direct_between(actor.account, to);
  if (id.value == 0) {
    if (account->directs_opened >= directs_opened_max) return refuse(Code::limit_reached, "direct conversations");
    id = open_direct(change, actor.account, to);
  }
  return say(change, actor, id, request.text);
}

Reply carry_out(Change& change, const Actor& actor, const SendRoom& request) {
  auto& tables = change.tables;
  if (actor.account.value == 0) return refuse(Code::not_logged_in, "");
  const auto id = tables.room_named(request.room);
  const auto* room = tables.room(id);
  if (!room) return refuse(Code::no_such_room, request.room);
  if (!room->members.contains(actor.account)) return refuse(Code::not_a_member, room->name);
  if (const auto fault = fault_of_message(request.text)) return refuse(*fault, "");
  return say(change, actor, id, request.text);
}

}  // namespace parley::chat
