#include "sim/judge_feeds.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
using Fault = std::optional<std::string>;

constexpr Duration told_within = 5s;   // who is connected to a healthy node

std::string words(const Truth::Change& change) {
  return "message " + std::to_string(change.message.value) + ", number " + std::to_string(change.number.value) +
         (change.deleted ? ", deleted" : change.edited ? ", edited" : "") + " at " + std::to_string(change.index.value);
}

// What one reader was given, change by change, and up to which cursor nothing may be missing.
class Stream {
 public:
  Stream(const Truth& truth, const std::string& person, std::uint64_t begin)
      : truth_(truth),
        person_(person),
        account_(truth.account_named(person)),
        begin_(begin),
        next_(truth.first_change_after(Index(begin))) {}

  Fault give(const cli::Message& message, TimePoint at) {
    std::size_t version = 0;
    if (auto fault = judge_message(truth_, person_, message, at, version)) return fault;
    if (message.cursor == 0) version = next_that_looks_like(version);
    const Truth::Change& change = truth_.changes()[version];
    if (auto fault = check_order(change)) return fault;
    if (change.index.value <= begin_) return person_ + " was told " + words(change) + ", which its cursor was beyond";
    if (message.cursor != 0 && message.cursor != change.index.value) {
      return person_ + " was told " + words(change) + " with the cursor " + std::to_string(message.cursor);
    }
    const auto before = told_.find(change.message);
    if (before != told_.end() && truth_.changes()[before->second].index >= change.index) {
      return person_ + " was told " + words(change) + " twice";
    }
    told_[change.message] = version;
    return std::nullopt;
  }

  // Everything up to `cursor` was given by `at`.
  Fault complete(std::uint64_t cursor, TimePoint at) {
    const Index by_then = truth_.committed_by(at);
    if (cursor < last_cursor_) return person_ + "'s cursor went back to " + std::to_string(cursor);
    last_cursor_ = cursor;
    for (; next_ < truth_.changes().size() && truth_.changes()[next_].index.value <= cursor; ++next_) {
      const Truth::Change& change = truth_.changes()[next_];
      if (!is_owed(next_, by_then)) continue;
      const auto told = told_.find(change.message);
      if (told != told_.end() && covers(truth_.changes()[told->second], change)) continue;
      return person_ + " was never told " + words(change) + " of conversation " +
             std::to_string(change.conversation.value) + ", though its cursor says so: " + std::to_string(cursor) +
             " (begun at " + std::to_string(begin_) + ")";
    }
    return std::nullopt;
  }

 private:
  static bool looks_like(const Truth::Change& a, const Truth::Change& b) {
    return a.text == b.text && a.edited == b.edited && a.deleted == b.deleted;
  }
  static bool covers(const Truth::Change& told, const Truth::Change& owed) {
    return told.index >= owed.index || looks_like(told, owed);
  }

  // A page does not say which of two versions that look the same it shows (an edit that was repeated): the first one
  // that is in order.
  std::size_t next_that_looks_like(std::size_t version) const {
    const Truth::Change& shown = truth_.changes()[version];
    const auto told = told_.find(shown.message);
    for (const std::size_t place : truth_.message(shown.message.value)->changes) {
      const Truth::Change& change = truth_.changes()[place];
      const bool later = told == told_.end() || truth_.changes()[told->second].index < change.index;
      const bool in_order = change.index >= newest_ && change.index.value > begin_ && later;
      if (in_order && looks_like(change, shown)) return place;
    }
    return version;
  }

  Fault check_order(const Truth::Change& change) {
    if (change.index < newest_)
      return person_ + " was told " + words(change) + " after " + std::to_string(newest_.value);
    newest_ = change.index;
    if (std::binary_search(change.audience.begin(), change.audience.end(), account_)) return std::nullopt;
    return person_ + " was told " + words(change) + ", which was not meant for them";
  }

  bool is_owed(std::size_t place, Index by_then) const {
    const Truth::Change& change = truth_.changes()[place];
    if (!std::binary_search(change.audience.begin(), change.audience.end(), account_)) return false;
    // Replaced: below the cursor its successor is owed, beyond it a page shows the message as it will be there.
    if (truth_.replaced_at(place) <= by_then) return false;
    const auto* conversation = truth_.conversation(change.conversation);
    if (conversation->room.empty()) return true;
    const auto member = conversation->members.find(account_);
    if (member == conversation->members.end()) return false;
    return std::any_of(member->second.begin(), member->second.end(), [&](const Truth::Membership& time) {
      return time.joined < change.index && change.index < time.left && time.left > by_then;
    });
  }

  const Truth& truth_;
  const std::string& person_;
  chat::AccountId account_;
  std::uint64_t begin_;
  std::size_t next_;
  std::uint64_t last_cursor_ = 0;
  Index newest_;
  std::map<chat::MessageId, std::size_t> told_;   // the version told last: its place
};

Fault judge_feed(const Truth& truth, const Feed& feed, const NodeLives& lives, TimePoint quiet, TimePoint now) {
  Stream stream(truth, feed.person, feed.begin);
  std::size_t given = 0;
  const auto give_up_to = [&](std::size_t count) -> Fault {
    for (; given < count; ++given) {
      if (auto fault = stream.give(feed.items[given].message, feed.items[given].at)) return fault;
    }
    return std::nullopt;
  };
  for (const auto& bookmark : feed.bookmarks) {
    if (auto fault = give_up_to(bookmark.items)) return fault;
    if (auto fault = stream.complete(bookmark.cursor, bookmark.at)) return fault;
  }
  if (auto fault = give_up_to(feed.items.size())) return fault;
  const bool connected = feed.ended == never && feed.ready_since != never &&
                         std::max(feed.ready_since, quiet) + told_within <= now &&
                         lives.life(feed.node, feed.connected) == lives.life(feed.node, now);
  if (!connected) return std::nullopt;
  if (auto fault = stream.complete(truth.committed().value, now)) return "at the end " + *fault;
  return std::nullopt;
}

Fault judge_sync(const Truth& truth, const Operation& operation) {
  Stream stream(truth, operation.person, operation.asked);
  for (const auto& message : operation.page) {
    if (auto fault = stream.give(message, operation.returned)) return fault;
  }
  if (operation.cursor < operation.asked) return "the cursor went back";
  return stream.complete(operation.cursor, operation.returned);
}

}  // namespace

std::optional<std::string> judge_feeds(const Truth& truth, const History& history, const NodeLives& lives,
                                       TimePoint quiet, TimePoint now) {
  for (const auto& feed : history.feeds()) {
    if (auto fault = judge_feed(truth, feed, lives, quiet, now)) return fault;
  }
  for (const auto& operation : history.operations()) {
    if (operation.method != "sync" || operation.ending != Operation::Ending::done) continue;
    if (auto fault = judge_sync(truth, operation)) return *fault + ", in " + describe(operation);
  }
  return std::nullopt;
}

}  // namespace parley::sim
