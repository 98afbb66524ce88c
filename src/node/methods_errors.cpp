#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "node/methods.hpp"

namespace parley::node {

namespace json = boost::json;

namespace {

struct Words {
  chat::Code code;
  std::string_view reason;
  std::string_view message;
};

using enum chat::Code;
constexpr std::array<Words, 28> words{{
    {done, "done", "done"},
    {not_logged_in, "not_logged_in", "log in first"},
    {wrong_credentials, "wrong_credentials", "the name or the password is wrong"},
    {name_taken, "name_taken", "this name is taken"},
    {bad_name, "bad_name", "a name begins with a letter and has letters, digits, '_', '.' and '-' only"},
    {no_such_account, "no_such_account", "there is no such account"},
    {no_such_room, "no_such_room", "there is no such room"},
    {no_such_message, "no_such_message", "there is no such message"},
    {room_exists, "room_exists", "there is a room of this name"},
    {not_a_member, "not_a_member", "for members of the room only"},
    {already_a_member, "already_a_member", "already a member of the room"},
    {forbidden, "forbidden", "not allowed"},
    {banned, "banned", "this account is banned"},
    {deleted_already, "deleted_already", "this message was deleted"},
    {text_too_long, "text_too_long", "the text is too long"},
    {text_empty, "text_empty", "the text is empty"},
    {bad_text, "bad_text", "the text has bytes that no text has"},
    {registration_closed, "registration_closed", "new accounts are not taken"},
    {invitation_required, "invitation_required", "new accounts need an invitation"},
    {bad_invitation, "bad_invitation", "this invitation is not valid"},
    {limit_reached, "limit_reached", "a limit is reached"},
    {unknown_setting, "unknown_setting", "there is no such setting"},
    {bad_value, "bad_value", "the setting can't have this value"},
    {look_again, "busy", "try again"},
    {wrong_sequence, "wrong_sequence", "this number is out of turn"},
    {conflict, "conflict", "this number was used for another request"},
    {forgotten, "forgotten", "the answer to this number was given up as received"},
    {unknown_client, "unknown_client", "there is no such client session (any more)"},
}};

const Words& words_of(chat::Code code) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Words& row) { return row.code == code; });
  return found == words.end() ? words.front() : *found;
}

bool is_secret(std::string_view name) { return name == "password" || name == "new_password" || name == "token"; }
bool is_order(std::string_view name) { return name == "seq" || name == "first"; }

// Members sorted by name, at every depth; depth is bounded by json_depth_max.
json::value canonical(const json::value& value) {
  if (const auto* list = value.if_array()) {
    json::array result;
    for (const auto& item : *list) result.push_back(canonical(item));
    return result;
  }
  const auto* object = value.if_object();
  if (!object) return value;
  std::vector<std::string_view> names;
  for (const auto& member : *object) names.emplace_back(member.key().data(), member.key().size());
  std::sort(names.begin(), names.end());
  json::object result;
  for (const auto name : names) result[name] = canonical(object->at(name));
  return result;
}

}  // namespace

std::string_view reason_of(chat::Code code) { return words_of(code).reason; }

wire::RpcError refused(chat::Code code, const std::string& text) {
  auto error = refused(words_of(code).reason, std::string(words_of(code).message));
  if (!text.empty()) {
    error.message += ": " + text;
    error.data["about"] = text;
  }
  return error;
}

wire::RpcError refused(std::string_view reason, std::string message) {
  wire::RpcError error;
  error.code = wire::RpcCode::refused;
  error.message = std::move(message);
  error.data["outcome"] = "refused";
  error.data["reason"] = reason;
  return error;
}

wire::RpcError later(std::string_view reason, milliseconds retry_after) {
  wire::RpcError error;
  error.code = wire::RpcCode::later;
  error.message = reason == "no_leader" ? "no leader is known at the moment: try again" : "not now: try again";
  if (reason == "disk_full")
    error.message = "the disks of the cluster are nearly full: no messages, edits, rooms and accounts are taken";
  if (reason == "too_many_requests") error.message = "too many attempts: wait before the next";
  error.data["outcome"] = "later";
  error.data["reason"] = reason;
  error.data["retry_after_ms"] = retry_after.count();
  return error;
}

Digest payload_digest(std::string_view method, const json::object& params) {
  json::object kept;
  for (const auto& member : params) {
    const std::string_view name(member.key().data(), member.key().size());
    if (!is_secret(name) && !is_order(name)) kept[name] = member.value();
  }
  const auto bytes = json::serialize(canonical(json::value(std::move(kept))));
  Hasher hasher;
  hasher.add(method.size());
  hasher.add(method);
  hasher.add(bytes);
  return hasher.finish();
}

}  // namespace parley::node
