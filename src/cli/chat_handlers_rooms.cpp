#include <boost/json/array.hpp>
#include <utility>

#include "cli/chat_handlers.hpp"
#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

std::string room_name(std::string name) { return name.starts_with('#') ? name : "#" + name; }

std::string account_name(std::string name) {
  if (name.starts_with('@')) name.erase(0, 1);
  return name;
}

Report no_room_open() {
  return report_refused("no_conversation", "no room is open: /join #room or /open #room first");
}
bool in_room(const Chat& chat) { return chat.place().starts_with('#'); }

// The room that is meant: the one named, else the open one; empty: neither.
std::string meant_room(const Chat& chat, const Arguments& arguments) {
  if (arguments.count() > 0) return room_name(arguments.word(0));
  return in_room(chat) ? chat.place() : std::string();
}

json::object room_params(std::string room) {
  json::object params;
  params["room"] = std::move(room);
  return params;
}

awaitable<Report> about_account(Chat& chat, std::string method, std::string account, std::string done) {
  if (!in_room(chat)) co_return no_room_open();
  json::object params = room_params(chat.place());
  params["account"] = account;
  Report report = co_await chat.submit(std::move(method), std::move(params));
  if (report.outcome.done()) report.lines.push_back("@" + account + " was " + done + chat.place());
  co_return report;
}

}  // namespace

awaitable<Report> open_command(Chat& chat, Arguments arguments) {
  const std::string& place = arguments.word(0);
  if (place.size() < 2 || (place[0] != '#' && place[0] != '@'))
    co_return report_refused("bad_command", "a place is #room or @user, not \"" + place + "\"");
  chat.open(place);
  co_return report_done({"talking in " + place});
}

awaitable<Report> create_command(Chat& chat, Arguments arguments) {
  const std::string room = room_name(arguments.word(0));
  json::object params = room_params(room);
  std::size_t topic_from = 1;
  if (arguments.count() > 1 && arguments.word(1) == "invite-only") {
    params["invite_only"] = true;
    topic_from = 2;
  }
  if (const auto topic = arguments.rest(topic_from); !topic.empty()) params["topic"] = topic;
  Report report = co_await chat.submit("room.create", std::move(params));
  if (report.outcome.done()) {
    chat.open(room);
    report.lines.push_back("made " + room + "; talking there");
  }
  co_return report;
}

// Joining a room one is in already opens it; joining one that isn't there makes none, so that a slip founds no rooms.
awaitable<Report> join_command(Chat& chat, Arguments arguments) {
  const std::string room = room_name(arguments.word(0));
  json::object params = room_params(room);
  Report report = co_await chat.submit("room.join", std::move(params));
  if (report.outcome.reason == "already_a_member") {
    json::object result;
    result["in"] = room;
    report.outcome = Outcome::make_done(std::move(result));
  }
  if (report.outcome.done()) {
    chat.open(room);
    report.lines.push_back("talking in " + room);
  } else if (report.outcome.reason == "no_such_room") {
    report.outcome.message = "there is no " + room + " (that you may see): /create " + room + " makes it";
  }
  co_return report;
}

awaitable<Report> leave_command(Chat& chat, Arguments arguments) {
  const std::string room = meant_room(chat, arguments);
  if (room.empty()) co_return no_room_open();
  json::object params = room_params(room);
  Report report = co_await chat.submit("room.leave", std::move(params));
  if (report.outcome.done()) {
    if (chat.place() == room) chat.open({});
    report.lines.push_back("left " + room);
  }
  co_return report;
}

awaitable<Report> rooms_command(Chat& chat, Arguments arguments) {
  json::object params;
  if (arguments.count() == 1) {
    std::string pattern = arguments.word(0);
    if (pattern.starts_with('#')) pattern.erase(0, 1);
    params["pattern"] = pattern;
  }
  params["limit"] = 200;
  Report report = co_await chat.call("room.list", std::move(params));
  const auto* result = report.outcome.result.if_object();
  const auto* rooms = result ? array_field(*result, "rooms") : nullptr;
  if (rooms == nullptr) co_return report;
  for (const auto& room : *rooms) {
    const auto* fields = room.if_object();
    if (fields == nullptr) continue;
    const auto members = number_field(*fields, "members").value_or(0);
    std::string line = room_name(text_field(*fields, "room")) + "  " + std::to_string(members) +
                       (members == 1 ? " member" : " members");
    if (flag_field(*fields, "joined")) line += ", you are in";
    if (flag_field(*fields, "invite_only")) line += ", by invitation";
    if (const auto topic = text_field(*fields, "topic"); !topic.empty()) line += "  " + topic;
    report.lines.push_back(line);
  }
  if (rooms->empty()) report.lines.emplace_back("no rooms: /create #room makes one");
  if (flag_field(*result, "more")) report.lines.emplace_back("... and more: /rooms PATTERN narrows it down");
  co_return report;
}

awaitable<Report> members_command(Chat& chat, Arguments arguments) {
  const std::string room = meant_room(chat, arguments);
  if (room.empty()) co_return no_room_open();
  json::object params = room_params(room);
  params["limit"] = 200;
  Report report = co_await chat.call("room.members", std::move(params));
  const auto* result = report.outcome.result.if_object();
  const auto* members = result ? array_field(*result, "members") : nullptr;
  if (members == nullptr) co_return report;
  for (const auto& member : *members) {
    if (const auto* fields = member.if_object())
      report.lines.push_back("@" + text_field(*fields, "name") + (flag_field(*fields, "online") ? "  online" : ""));
  }
  if (flag_field(*result, "more")) report.lines.emplace_back("... and more");
  co_return report;
}

awaitable<Report> topic_command(Chat& chat, Arguments arguments) {
  if (!in_room(chat)) co_return no_room_open();
  json::object params = room_params(chat.place());
  params["topic"] = arguments.rest(0);
  Report report = co_await chat.submit("room.topic", std::move(params));
  co_return report;
}

awaitable<Report> invite_command(Chat& chat, Arguments arguments) {
  Report report = co_await about_account(chat, "room.invite", account_name(arguments.word(0)), "invited into ");
  co_return report;
}

awaitable<Report> remove_command(Chat& chat, Arguments arguments) {
  Report report = co_await about_account(chat, "room.remove", account_name(arguments.word(0)), "removed from ");
  co_return report;
}

}  // namespace parley::cli
