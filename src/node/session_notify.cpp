#include "node/session_notify.hpp"

#include <algorithm>
#include <utility>

#include "wire/rpc.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

Frame notification(std::string_view method, json::object params) {
  wire::RpcRequest request;
  request.method = method;
  request.params = std::move(params);
  return std::make_shared<const std::string>(wire::encode(request));
}

std::string_view word(chat::RoomChanged::What what) {
  using What = chat::RoomChanged::What;
  switch (what) {
    case What::created:
      return "created";
    case What::joined:
      return "joined";
    case What::left:
      return "left";
    case What::removed:
      return "removed";
    case What::invited:
      return "invited";
    case What::topic:
      return "topic";
    case What::deleted:
      return "deleted";
  }
  return "changed";
}

}  // namespace

json::object message_json(const chat::MessageRow& row, std::string_view place) {
  json::object message;
  message.reserve(8);
  message["id"] = row.id.value;
  message["in"] = place;
  message["number"] = row.number.value;
  message["from"] = row.author_name;
  message["time"] = row.time.ms;
  if (row.deleted) {
    message["deleted"] = true;
  } else {
    message["text"] = row.text;
    if (row.edited) message["edited"] = true;
  }
  return message;
}

std::size_t message_bytes(const chat::MessageRow& row) {
  // A control character becomes six bytes, a quote or backslash two.
  const auto costly = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; };
  const auto escaped = static_cast<std::size_t>(std::count_if(row.text.begin(), row.text.end(), costly));
  return row.text.size() + 5 * escaped + row.author_name.size() + 256;
}

Frame message_frame(const chat::MessageRow& row, std::string_view place, Index cursor) {
  auto params = message_json(row, place);
  params["cursor"] = cursor.value;
  return notification("message", std::move(params));
}

Frame room_frame(const chat::RoomChanged& event, Index cursor) {
  json::object params;
  params["what"] = word(event.what);
  params["room"] = event.room;
  if (!event.account_name.empty()) params["name"] = event.account_name;
  if (event.what == chat::RoomChanged::What::topic || !event.topic.empty()) params["topic"] = event.topic;
  params["cursor"] = cursor.value;
  return notification("room", std::move(params));
}

Frame marker_frame(std::string_view place, chat::Number number) {
  json::object params;
  params["in"] = place;
  params["number"] = number.value;
  return notification("marker", std::move(params));
}

Frame leader_frame(const LeaderView& view, const std::optional<CopiesTold>& copies, TimePoint now) {
  json::object params;
  params["node"] = nullptr;
  params["address"] = nullptr;
  if (view.leader) params["node"] = view.leader->value;
  if (view.leader && !view.client_address.empty()) params["address"] = view.client_address;
  put_copies(params, copies, now);
  return notification("leader", std::move(params));
}

Frame closing_frame(std::string_view reason) {
  json::object params;
  params["reason"] = reason;
  return notification("closing", std::move(params));
}

}  // namespace parley::node
