#include "cli/events.hpp"

#include <utility>

#include "cli/json_fields.hpp"

namespace parley::cli {

Outcome Outcome::make_done(json::value result) {
  Outcome outcome;
  outcome.kind = Kind::done;
  outcome.result = std::move(result);
  return outcome;
}

Outcome Outcome::make_local(Kind kind, std::string reason, std::string message) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.reason = std::move(reason);
  outcome.message = std::move(message);
  outcome.local = true;
  return outcome;
}

std::optional<Message> parse_message(const json::value& value) {
  const auto* object = value.if_object();
  if (!object) return std::nullopt;
  const auto id = number_field(*object, "id");
  const auto number = number_field(*object, "number");
  if (!id || !number) return std::nullopt;
  Message message;
  message.id = *id;
  message.number = *number;
  message.in = text_field(*object, "in");
  message.from = text_field(*object, "from");
  message.time_ms = static_cast<std::int64_t>(number_field(*object, "time").value_or(0));
  message.text = text_field(*object, "text");
  message.edited = flag_field(*object, "edited");
  message.deleted = flag_field(*object, "deleted");
  message.cursor = number_field(*object, "cursor").value_or(0);
  if (message.in.empty()) return std::nullopt;
  return message;
}

std::optional<RoomEvent> parse_room_event(const json::object& params) {
  RoomEvent event;
  event.what = text_field(params, "what");
  event.room = text_field(params, "room");
  event.name = text_field(params, "name");
  event.topic = text_field(params, "topic");
  event.cursor = number_field(params, "cursor").value_or(0);
  if (event.what.empty() || event.room.empty()) return std::nullopt;
  return event;
}

}  // namespace parley::cli
