#include "sim/history.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace parley::sim {

bool Operation::sequenced() const {
  static constexpr std::array<std::string_view, 12> unsequenced = {"history", "read",   "mark",         "unread",
                                                                   "search",  "sync",   "room.list",    "room.members",
                                                                   "who",     "status", "account.list", "outcome"};
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

namespace {

// As the trace shows time: the world begins at one hour.
std::string in_seconds(TimePoint time) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  const auto since_start = micros - 3'600'000'000;
  const std::string rest = std::to_string(1'000'000 + since_start % 1'000'000);
  return std::to_string(since_start / 1'000'000) + "." + rest.substr(1);
}

}  // namespace

std::string describe(const Operation& operation) {
  static constexpr std::array<std::string_view, 4> endings = {"no outcome", "done", "refused", "unknown"};
  std::string text = operation.person + "'s " + operation.method;
  if (!operation.place.empty()) text += " in " + operation.place;
  if (!operation.text.empty()) text += " \"" + operation.text.substr(0, 40) + "\"";
  for (const auto id : operation.messages) text += " of message " + std::to_string(id);
  text += " (" + std::string(endings[static_cast<std::size_t>(operation.ending)]);
  if (!operation.reason.empty()) text += ", " + operation.reason;
  if (operation.message != 0) text += ", message " + std::to_string(operation.message);
  if (operation.number != 0) text += ", number " + std::to_string(operation.number);
  if (operation.asked != 0) text += ", from " + std::to_string(operation.asked);
  if (operation.cursor != 0) text += ", cursor " + std::to_string(operation.cursor);
  if (operation.last != 0) text += ", last " + std::to_string(operation.last);
  if (!operation.page.empty()) text += ", a page of " + std::to_string(operation.page.size());
  text += "; called at " + in_seconds(operation.called);
  if (operation.returned != never) text += ", ended at " + in_seconds(operation.returned);
  return text + ")";
}

}  // namespace parley::sim
