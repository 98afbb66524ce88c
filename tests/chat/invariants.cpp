#include <algorithm>

#include "chat/tables.hpp"
#include "chat/text.hpp"
#include "chat/world.hpp"

namespace parley::chat {
namespace {

using Tables = State::Tables;
using Broken = std::optional<std::string>;

#define MUST(condition, words) \
  do {                         \
    if (!(condition)) return std::string(words) + ": " #condition; \
  } while (false)

Broken broken_account(const Tables& t, AccountId id, const Account& row) {
  const auto named = t.account_names.find(row.name);
  MUST(named != t.account_names.end() && named->second == id, "account name index");
  MUST(is_name(row.name, account_name_max), "account name");
  MUST(t.banned.contains(id) == row.banned, "banned index");
  MUST(row.credential_version >= 1, "credential version");
  MUST(!row.banned || row.logins.empty(), "a banned account has no login");
  for (const auto& [opened, login] : row.logins) {
    const auto found = t.logins.find(login);
    MUST(found != t.logins.end() && found->second.account == id && found->second.opened == opened, "logins of account");
  }
  const auto room_of = [&t](ConversationId room) {
    const auto* conversation = t.conversation(room);
    return conversation ? conversation->room() : nullptr;
  };
  for (const auto room : row.rooms) MUST(room_of(room) && room_of(room)->members.contains(id), "rooms of account");
  for (const auto room : row.former) MUST(room_of(room) && room_of(room)->former.contains(id), "former of account");
  for (const auto room : row.invited) MUST(room_of(room) && room_of(room)->invited.contains(id), "invited of account");
  for (const auto room : row.owned) MUST(room_of(room) && room_of(room)->owner == id, "owned by account");
  std::size_t opened = 0;
  for (const auto direct : row.directs) {
    const auto* conversation = t.conversation(direct);
    MUST(conversation && conversation->direct() && conversation->direct()->has(id), "directs of account");
    if (conversation->direct()->opened_by == id) ++opened;
  }
  MUST(opened == row.directs_opened && opened <= directs_opened_max, "directs opened");
  return std::nullopt;
}

Broken broken_intervals(const std::vector<Interval>& intervals, Number last, bool open) {
  MUST(intervals.size() <= intervals_max, "intervals bounded");
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const bool is_open = open && i + 1 == intervals.size();
    MUST(is_open ? intervals[i].through == number_max : intervals[i].through <= last, "interval end");
    MUST(intervals[i].from.value >= 1 && intervals[i].from <= intervals[i].through, "interval not empty");
    MUST(i == 0 || intervals[i].from.value > intervals[i - 1].through.value + 1, "intervals apart");
  }
  return std::nullopt;
}

Broken broken_room(const Tables& t, ConversationId id, const Room& room, Number last) {
  const auto named = t.room_names.find(room.name);
  MUST(named != t.room_names.end() && named->second == id, "room name index");
  MUST(is_name(room.name, room_name_max) && !fault_of_topic(room.topic), "room name and topic");
  const auto* owner = t.account(room.owner);
  MUST(room.owner.value == 0 || (owner && owner->owned.contains(id)), "owner lives");
  MUST(room.owner.value != 0 || room.members.empty(), "a room with members has an owner");
  MUST(room.invited.size() <= invited_max, "invited bounded");
  const bool open = room.kind == RoomKind::open;
  MUST(!open || (room.former.empty() && room.invited.empty()), "open rooms keep no readers");
  for (const auto& [person, member] : room.members) {
    MUST(t.account(person) && t.account(person)->rooms.contains(id), "member lives");
    MUST(!room.former.contains(person) && !room.invited.contains(person), "member is neither former nor invited");
    MUST(open ? member.intervals.empty() : !member.intervals.empty(), "intervals in invite-only rooms");
    if (auto broken = broken_intervals(member.intervals, last, true)) return broken;
  }
  for (const auto& [person, intervals] : room.former) {
    MUST(t.account(person) && t.account(person)->former.contains(id) && !intervals.empty(), "former lives");
    if (auto broken = broken_intervals(intervals, last, false)) return broken;
  }
  for (const auto person : room.invited) MUST(t.account(person) && t.account(person)->invited.contains(id), "invited");
  return std::nullopt;
}

Broken broken_direct(const Tables& t, ConversationId id, const Direct& direct, Number last) {
  MUST(direct.low.account <= direct.high.account, "sides in order");
  MUST(t.direct_between(direct.low.account, direct.high.account) == id, "pair index");
  MUST(t.account(direct.low.account) || t.account(direct.high.account), "somebody can read it");
  MUST(last.value >= 1, "made by its first message");
  return std::nullopt;
}

Broken broken_conversations(const Tables& t) {
  std::size_t rooms = 0;
  for (const auto& [id, conversation] : t.conversations) {
    Broken broken;
    if (const auto* room = conversation.room()) {
      ++rooms;
      broken = broken_room(t, id, *room, conversation.last);
    } else {
      broken = broken_direct(t, id, *conversation.direct(), conversation.last);
    }
    if (broken) return broken;
  }
  MUST(rooms == t.room_names.size() && t.conversations.size() == rooms + t.pairs.size(), "conversation indexes");
  for (const auto& [key, number] : t.markers) {
    const auto* conversation = t.conversation(key.second);
    MUST(t.account(key.first) && conversation && number.value >= 1 && number <= conversation->last, "marker");
    const auto* room = conversation->room();
    MUST(room ? room->members.contains(key.first) : conversation->direct()->has(key.first), "marker of who takes part");
  }
  return std::nullopt;
}

Broken broken_clients(const Tables& t) {
  std::size_t replies = 0;
  for (const auto& [id, client] : t.clients) {
    replies += client.replies.size();
    MUST(t.clients_by_use.contains({client.proven, client.last_used, id}), "clients by use");
    MUST(client.replies.size() <= replies_per_client_max, "replies bounded");
    MUST(client.last.value + 1 >= client.first_outstanding.value, "first outstanding");
    // Exactly the numbers first_outstanding … last are kept (R15).
    MUST(client.replies.size() == client.last.value + 1 - client.first_outstanding.value, "replies dense");
    MUST(client.replies.empty() || client.replies.begin()->first == client.first_outstanding, "replies from first");
    MUST(client.replies.empty() || client.replies.rbegin()->first == client.last, "replies to last");
    for (const auto& [sequence, kept] : client.replies) {
      MUST(kept.reply.text.size() <= reply_text_max, "reply text");
      MUST(kept.reply.code < Code::look_again, "only what was carried out is kept");
    }
  }
  MUST(replies == t.reply_count && replies <= replies_max, "reply count");
  MUST(t.clients.size() <= client_sessions_max && t.clients.size() == t.clients_by_use.size(), "clients bounded");
  return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_invariant(const State& state) {
  const auto& t = state.tables();
  for (const auto& [id, row] : t.accounts) {
    if (auto broken = broken_account(t, id, row)) return broken;
  }
  MUST(t.accounts.size() == t.account_names.size(), "names of the living only");
  for (const auto& [id, row] : t.logins) {
    const auto* account = t.account(row.account);
    MUST(account && account->logins.contains({row.opened, id}), "account of login");
    MUST(t.logins_by_use.contains({row.last_used, id}), "logins by use");
    MUST(row.last_used <= t.time, "login not used in the future");
  }
  MUST(t.logins.size() == t.logins_by_use.size(), "logins by use");
  MUST(t.invitations.size() == t.invitations_by_age.size() && t.invitations.size() <= invitations_max, "invitations");
  MUST(t.touched.size() == t.touched_by_entry.size(), "touched index");
  for (const auto& [id, entry] : t.touched) {
    MUST(t.touched_by_entry.contains({entry, id}), "touched by entry");
    MUST(t.last_applied - entry <= touched_window, "touched within the window");
  }
  if (auto broken = broken_conversations(t)) return broken;
  return broken_clients(t);
}

}  // namespace parley::chat
