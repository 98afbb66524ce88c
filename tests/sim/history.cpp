#include "sim/history.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace parley::sim {

bool Operation::sequenced() const {
  static constexpr std::array<std::string_view, 12> unsequenced = {
      "history", "read", "mark", "unread", "search", "sync", "room.list", "room.members", "who", "status", "account.list",
      "outcome"};
  for (const auto known : unsequenced) {
    if (method == known) return false;
  }
  return true;
}

Operation& History::begin(std::string person, std::string method, TimePoint now) {
  Operation operation;
  operation.id = operations_.size();
  operation.person = std::move(person);
  operation.method = std::move(method);
  operation.called = now;
  operations_.push_back(std::move(operation));
  return operations_.back();
}

Feed& History::begin_feed(std::string person, std::uint64_t cursor, TimePoint now) {
  Feed feed;
  feed.person = std::move(person);
  feed.begin = cursor;
  feed.begun = now;
  feeds_.push_back(std::move(feed));
  return feeds_.back();
}

std::string describe(const Operation& operation) {
  static constexpr std::array<std::string_view, 4> endings = {"no outcome", "done", "refused", "unknown"};
  std::string text = operation.person + "'s " + operation.method;
  if (!operation.place.empty()) text += " in " + operation.place;
  if (!operation.text.empty()) text += " \"" + operation.text + "\"";
  for (const auto id : operation.messages) text += " of message " + std::to_string(id);
  text += " (" + std::string(endings[static_cast<std::size_t>(operation.ending)]);
  if (!operation.reason.empty()) text += ", " + operation.reason;
  if (operation.message != 0) text += ", message " + std::to_string(operation.message);
  if (operation.number != 0) text += ", number " + std::to_string(operation.number);
  text += "; called at " + std::to_string(operation.called.time_since_epoch().count());
  if (operation.returned != never) text += ", ended at " + std::to_string(operation.returned.time_since_epoch().count());
  return text + ")";
}

}  // namespace parley::sim
