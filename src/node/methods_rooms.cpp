#include <array>
#include <boost/json/array.hpp>
#include <utility>

#include "node/methods.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

// "#room" or "room": the state knows rooms without the sign.
std::string room_of(Params& params) {
  auto room = params.text("room", 1, 256);
  if (room.starts_with('#')) room.erase(0, 1);
  return room;
}

std::string account_of(Params& params) {
  auto account = params.text("account", 1, 256);
  if (account.starts_with('@')) account.erase(0, 1);
  return account;
}

Built build_create(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::CreateRoom request;
  request.room = room_of(params);
  request.topic = params.text_or("topic", "");
  if (params.flag_or("invite_only", false)) request.kind = chat::RoomKind::invite_only;
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

template <class RoomRequest>
Built build_by_room(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  RoomRequest request;
  request.room = room_of(params);
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

template <class RoomRequest>
Built build_by_account(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  RoomRequest request;
  request.room = room_of(params);
  request.account = account_of(params);
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

Built build_topic(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::SetTopic request;
  request.room = room_of(params);
  request.topic = params.text("topic", 0);
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

Answer list(Services& services, Call& call) {
  Params params(call.params);
  const auto pattern = params.text_or("pattern", "", 256);
  auto after = params.text_or("after", "", 256);
  const auto limit = params.limit(chat::list_max, chat::list_max);
  if (auto error = params.error()) return std::move(*error);
  if (after.starts_with('#')) after.erase(0, 1);
  const auto page = chat::list_rooms(services.state(), call.account, pattern, after, limit);
  json::array rooms;
  for (const auto& view : page.rooms) {
    json::object room;
    room["room"] = view.room;
    room["topic"] = view.topic;
    room["members"] = view.members;
    room["invite_only"] = view.kind == chat::RoomKind::invite_only;
    room["joined"] = view.joined;
    rooms.push_back(std::move(room));
  }
  json::object result;
  result["rooms"] = std::move(rooms);
  result["more"] = page.more;
  return result;
}

Answer members(Services& services, Call& call) {
  Params params(call.params);
  const auto room = room_of(params);
  const auto after = params.text_or("after", "", 256);
  const auto limit = params.limit(chat::list_max, chat::list_max);
  if (auto error = params.error()) return std::move(*error);
  const auto page = chat::room_members(services.state(), room, call.account, after, limit);
  if (!page) return refused(chat::Code::no_such_room, room.substr(0, chat::room_name_max));
  json::array names;
  for (const auto& [id, name] : page->accounts) {
    json::object member;
    member["name"] = name;
    member["online"] = services.presence.online(id);
    names.push_back(std::move(member));
  }
  json::object result;
  result["members"] = std::move(names);
  result["more"] = page->more;
  return result;
}

const std::array<Method, 8> rows{{
    {.name = "room.create", .build = build_create, .render = in_place},
    {.name = "room.join", .build = build_by_room<chat::JoinRoom>, .render = in_place},
    {.name = "room.leave", .build = build_by_room<chat::LeaveRoom>, .render = in_place},
    {.name = "room.invite", .build = build_by_account<chat::InviteToRoom>, .render = in_place},
    {.name = "room.remove", .build = build_by_account<chat::RemoveFromRoom>, .render = in_place},
    {.name = "room.topic", .build = build_topic, .render = in_place},
    {.name = "room.list", .needs_login = true, .direct = list, .fresh = true},
    {.name = "room.members", .needs_login = true, .direct = members, .fresh = true},
}};

}  // namespace

std::span<const Method> room_methods() { return rows; }

}  // namespace parley::node
