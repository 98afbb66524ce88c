#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "chat/effects.hpp"
#include "chat/queries.hpp"
#include "node/copies_watch.hpp"
#include "node/replication.hpp"
#include "node/session.hpp"

namespace parley::node {

// A message as docs/PROTOCOL.md section 5 has it; `place` is the conversation as the reader calls it.
boost::json::object message_json(const chat::MessageRow& row, std::string_view place);

// Upper bound of the bytes that the above becomes, for answers that must not get too long.
std::size_t message_bytes(const chat::MessageRow& row);

// The notifications of section 7, encoded.
Frame message_frame(const chat::MessageRow& row, std::string_view place, Index cursor);
Frame room_frame(const chat::RoomChanged& event, Index cursor);
Frame marker_frame(std::string_view place, chat::Number number);
Frame leader_frame(const LeaderView& view, const std::optional<CopiesTold>& copies, TimePoint now);
Frame closing_frame(std::string_view reason);

}  // namespace parley::node
