#include "chat/change.hpp"
#include "chat/text.hpp"

// Rooms themselves; who is in them: membership.cpp. A room that everybody left stays, with its name and history.

namespace parley::chat {

RoomChanged room_event(const Change& change, RoomChanged::What what, ConversationId id, AccountId account) {
  const auto& room = *change.tables.room(id);
  RoomChanged event;
  event.what = what;
  event.conversation = id;
  event.room = room.name;
  event.account = account;
  if (const auto* row = change.tables.account(account)) event.account_name = row->name;
  event.topic = room.topic;
  return event;
}

Reply carry_out(Change& change, const Actor& actor, const CreateRoom& request) {
  auto& tables = change.tables;
  const auto* account = tables.account(actor.account);
  if (!account) return refuse(Code::not_logged_in, "");
  const auto name = folded(request.room);
  if (!is_name(name, room_name_max)) return refuse(Code::bad_name, request.room);
  if (const auto fault = fault_of_topic(request.topic)) return refuse(*fault, "topic");
  if (tables.room_names.contains(name)) return refuse(Code::room_exists, name);
  if (tables.room_names.size() >= tables.settings[Setting::rooms_max]) return refuse(Code::limit_reached, "rooms");
  if (account->owned.size() >= tables.settings[Setting::rooms_per_account_max]) {
    return refuse(Code::limit_reached, "rooms owned");
  }
  if (account->rooms.size() >= tables.settings[Setting::memberships_per_account_max]) {
    return refuse(Code::limit_reached, "rooms joined");
  }
  const ConversationId id(change.index.value);
  Room row;
  row.name = name;
  row.topic = request.topic;
  row.kind = request.kind;
  row.owner = actor.account;
  change.save(room_record(id, row));
  tables.add_room(id, std::move(row));
  add_to_room(change, id, actor.account);
  change.deliver({actor.account}, room_event(change, RoomChanged::What::created, id, actor.account));
  Reply reply;
  reply.conversation = id;
  return reply;
}

// Any member may set it, and administrators.
Reply carry_out(Change& change, const Actor& actor, const SetTopic& request) {
  auto& tables = change.tables;
  if (actor.account.value == 0 && !actor.administers) return refuse(Code::not_logged_in, "");
  const auto id = tables.room_named(request.room);
  auto* room = tables.room(id);
  if (!room) return refuse(Code::no_such_room, request.room);
  if (!actor.administers && !room->members.contains(actor.account)) return refuse(Code::not_a_member, room->name);
  if (const auto fault = fault_of_topic(request.topic)) return refuse(*fault, "topic");
  room->topic = request.topic;
  change.save(room_record(id, *room));
  change.deliver(audience_of(tables, *room), room_event(change, RoomChanged::What::topic, id, actor.account));
  Reply reply;
  reply.conversation = id;
  return reply;
}

}  // namespace parley::chat
