#include "cli/message_feed.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley::cli {

void MessageFeed::place(Cursor cursor) {
  placed_ = true;
  ++placement_;
  complete_ = cursor;
  newest_ = 0;
  at_newest_.clear();
  held_.clear();
  overflowed_ = false;
}

void MessageFeed::unplace() {
  place(Cursor{});
  placed_ = false;
}

void MessageFeed::hold() {
  holding_ = true;
  held_.clear();
  overflowed_ = false;
}

// Two changes of one message at one index don't exist, so equal content is the same change. The place is no content:
// "@name" becomes "@name~id" when that account ends.
bool MessageFeed::seen(const Message& message) const {
  const auto at = at_newest_.find(message.id);
  if (at == at_newest_.end()) return false;
  Message known = at->second;
  known.cursor = message.cursor;
  known.in = message.in;
  return known == message;
}

void MessageFeed::advance(std::uint64_t index) {
  if (index <= newest_) return;
  if (newest_ > complete_.index) complete_.index = newest_;
  newest_ = index;
  at_newest_.clear();
}

std::vector<Message> MessageFeed::page(std::vector<Message> messages, std::uint64_t cursor) {
  std::vector<Message> fresh;
  for (auto& message : messages) {
    if (!seen(message)) fresh.push_back(std::move(message));
  }
  // A node that lags behind what we have seen already answers with an older cursor: nothing moves back.
  if (cursor > complete_.index) complete_.index = cursor;
  if (complete_.index >= newest_) {
    newest_ = 0;
    at_newest_.clear();
  }
  return fresh;
}

std::optional<std::vector<Message>> MessageFeed::release() {
  if (overflowed_) {
    hold();
    return std::nullopt;
  }
  holding_ = false;
  std::vector<Message> fresh;
  for (auto& message : std::exchange(held_, {})) {
    for (auto& one : push(std::move(message))) fresh.push_back(std::move(one));
  }
  return fresh;
}

std::vector<Message> MessageFeed::push(Message message) {
  if (!placed_) return {};
  if (holding_) {
    overflowed_ = overflowed_ || held_.size() >= held_max_;
    if (!overflowed_) held_.push_back(std::move(message));
    return {};
  }
  if (message.cursor <= complete_.index || message.cursor < newest_) return {};
  if (message.cursor == newest_ && seen(message)) return {};
  advance(message.cursor);
  at_newest_[message.id] = message;
  std::vector<Message> fresh;
  fresh.push_back(std::move(message));
  return fresh;
}

}  // namespace parley::cli
