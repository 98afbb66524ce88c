#include <algorithm>

#include "base/mutant.hpp"
#include "chat/change.hpp"
#include "chat/text.hpp"

// Joining, leaving, inviting, removing. In invite-only rooms it is also kept from which number to which somebody was
// a member, for that is what they may read (R18).

namespace parley::chat {
namespace {

Reply done_in(ConversationId id) {
  Reply reply;
  reply.conversation = id;
  return reply;
}

std::vector<AccountId> with(std::vector<AccountId> audience, AccountId account) {
  const auto at = std::lower_bound(audience.begin(), audience.end(), account);
  if (at == audience.end() || *at != account) audience.insert(at, account);
  return audience;
}

// Closes the interval that was open at `last`. One in which nothing was said is dropped.
std::vector<Interval> closed(std::vector<Interval> intervals, Number last) {
  if (intervals.empty()) return intervals;
  intervals.back().through = last;
  if (intervals.back().from > last) intervals.pop_back();
  return intervals;
}

// Opens one after `last`, joined to the one before it where nothing was said in between.
std::vector<Interval> opened(std::vector<Interval> intervals, Number last) {
  if (!intervals.empty() && intervals.back().through == last) {
    intervals.back().through = number_max;
    return intervals;
  }
  if (intervals.size() >= intervals_max) intervals.erase(intervals.begin());
  intervals.push_back({PARLEY_MUTANT(shows_what_was_before_joining) ? Number(1) : last.next(), number_max});
  return intervals;
}

void withdraw_invitation(Change& change, ConversationId id, AccountId account) {
  if (!change.tables.room(id)->invited.contains(account)) return;
  change.tables.drop_invited(id, account);
  change.erase(RecordKind::invited, id, account);
}

void forget_former(Change& change, ConversationId id, AccountId account) {
  change.tables.drop_former(id, account);
  change.erase(RecordKind::former, id, account);
}

void pass_ownership(Change& change, ConversationId id, AccountId owner) {
  change.tables.set_owner(id, owner);
  change.save(room_record(id, *change.tables.room(id)));
}

AccountId longest_member(const Room& room) {
  const auto longest = std::min_element(room.members.begin(), room.members.end(), [](const auto& a, const auto& b) {
    return a.second.joined < b.second.joined;
  });
  return longest == room.members.end() ? AccountId{} : longest->first;
}

}  // namespace

std::vector<AccountId> audience_of(const State::Tables& tables, const Room& room) {
  std::vector<AccountId> audience;
  audience.reserve(room.members.size() + 1);
  for (const auto& [account, member] : room.members) {
    if (!tables.banned.contains(account)) audience.push_back(account);
  }
  return audience;
}

// What was said before is there to be read (in open rooms), but is not unread.
void add_to_room(Change& change, ConversationId id, AccountId account) {
  auto& tables = change.tables;
  auto& room = *tables.room(id);
  const auto last = tables.conversation(id)->last;
  Member row;
  row.joined = change.index;
  if (room.kind == RoomKind::invite_only) {
    withdraw_invitation(change, id, account);
    if (const auto former = room.former.find(account); former != room.former.end()) {
      row.intervals = former->second;
      forget_former(change, id, account);
    }
    row.intervals = opened(std::move(row.intervals), last);
  }
  change.save(member_record(id, account, row));
  tables.add_member(id, account, std::move(row));
  if (last.value != 0) set_marker(change, account, id, last);
  if (room.owner.value == 0) pass_ownership(change, id, account);
}

// The owner's rights pass to the longest member. Who is the last to leave keeps them and may come back, also into an
// invite-only room; if that account is deleted, they pass likewise, or the room is nobody's until somebody joins.
void take_out_of_room(Change& change, ConversationId id, AccountId account, RoomChanged::What what) {
  auto& tables = change.tables;
  auto& room = *tables.room(id);
  auto audience = with(audience_of(tables, room), account);
  if (tables.banned.contains(account)) audience.erase(std::find(audience.begin(), audience.end(), account));
  if (room.kind == RoomKind::invite_only) {
    auto intervals = closed(std::move(room.members.at(account).intervals), tables.conversation(id)->last);
    if (!intervals.empty()) {
      change.save(former_record(id, account, intervals));
      tables.add_former(id, account, std::move(intervals));
    }
  }
  tables.drop_member(id, account);
  change.erase(RecordKind::member, id, account);
  if (tables.markers.erase({account, id}) != 0) change.erase(RecordKind::marker, account, id);
  if (room.owner == account && !room.members.empty()) pass_ownership(change, id, longest_member(room));
  change.deliver(std::move(audience), room_event(change, what, id, account));
}

void forget_in_rooms(Change& change, AccountId account) {
  auto& row = *change.tables.account(account);
  const auto rooms = row.rooms;
  for (const auto id : rooms) take_out_of_room(change, id, account, RoomChanged::What::left);
  const auto former = row.former;
  for (const auto id : former) forget_former(change, id, account);
  const auto invited = row.invited;
  for (const auto id : invited) withdraw_invitation(change, id, account);
  const auto owned = row.owned;
  for (const auto id : owned) pass_ownership(change, id, longest_member(*change.tables.room(id)));
}

Reply carry_out(Change& change, const Actor& actor, const JoinRoom& request) {
  auto& tables = change.tables;
  const auto* account = tables.account(actor.account);
  if (!account) return refuse(Code::not_logged_in, "");
  const auto id = tables.room_named(request.room);
  const auto* room = tables.room(id);
  if (!room) return refuse(Code::no_such_room, request.room);
  if (room->members.contains(actor.account)) return refuse(Code::already_a_member, room->name);
  const bool wanted = room->invited.contains(actor.account) || room->owner == actor.account;
  if (room->kind == RoomKind::invite_only && !wanted) return refuse(Code::forbidden, room->name);
  if (room->members.size() >= tables.settings[Setting::members_per_room_max]) {
    return refuse(Code::limit_reached, "members");
  }
  if (account->rooms.size() >= tables.settings[Setting::memberships_per_account_max]) {
    return refuse(Code::limit_reached, "rooms joined");
  }
  add_to_room(change, id, actor.account);
  change.deliver(audience_of(tables, *room), room_event(change, RoomChanged::What::joined, id, actor.account));
  return done_in(id);
}

Reply carry_out(Change& change, const Actor& actor, const LeaveRoom& request) {
  auto& tables = change.tables;
  if (actor.account.value == 0) return refuse(Code::not_logged_in, "");
  const auto id = tables.room_named(request.room);
  const auto* room = tables.room(id);
  if (!room) return refuse(Code::no_such_room, request.room);
  if (!room->members.contains(actor.account)) return refuse(Code::not_a_member, room->name);
  take_out_of_room(change, id, actor.account, RoomChanged::What::left);
  return done_in(id);
}

// Into an open room: by any member, and only a notice. Into an invite-only one: by its owner or an administrator, and
// kept until it is used or withdrawn.
Reply carry_out(Change& change, const Actor& actor, const InviteToRoom& request) {
  auto& tables = change.tables;
  if (actor.account.value == 0 && !actor.administers) return refuse(Code::not_logged_in, "");
  const auto id = tables.room_named(request.room);
  auto* room = tables.room(id);
  if (!room) return refuse(Code::no_such_room, request.room);
  const bool manages = actor.administers || room->owner == actor.account;
  if (!manages && !room->members.contains(actor.account)) return refuse(Code::not_a_member, room->name);
  if (!manages && room->kind == RoomKind::invite_only) return refuse(Code::forbidden, room->name);
  AccountId invited;
  if (!tables.account_named(request.account, invited)) return refuse(Code::no_such_account, request.account);
  if (room->members.contains(invited)) return refuse(Code::already_a_member, request.account);
  if (room->kind == RoomKind::invite_only) {
    if (room->invited.contains(invited)) return done_in(id);
    if (room->invited.size() >= invited_max) return refuse(Code::limit_reached, "invitations");
    tables.add_invited(id, invited);
    change.save(invited_record(id, invited));
  }
  auto audience = audience_of(tables, *room);
  if (!tables.banned.contains(invited)) audience = with(std::move(audience), invited);
  change.deliver(std::move(audience), room_event(change, RoomChanged::What::invited, id, invited));
  return done_in(id);
}

// Also withdraws an invitation. An open room can be joined again: who must stay out has to be banned.
Reply carry_out(Change& change, const Actor& actor, const RemoveFromRoom& request) {
  auto& tables = change.tables;
  if (actor.account.value == 0 && !actor.administers) return refuse(Code::not_logged_in, "");
  const auto id = tables.room_named(request.room);
  const auto* room = tables.room(id);
  if (!room) return refuse(Code::no_such_room, request.room);
  if (!actor.administers && room->owner != actor.account) return refuse(Code::forbidden, room->name);
  AccountId account;
  if (!tables.account_named(request.account, account)) return refuse(Code::no_such_account, request.account);
  if (room->invited.contains(account)) {
    withdraw_invitation(change, id, account);
    return done_in(id);
  }
  if (!room->members.contains(account)) return refuse(Code::not_a_member, request.account);
  take_out_of_room(change, id, account, RoomChanged::What::removed);
  return done_in(id);
}

}  // namespace parley::chat
