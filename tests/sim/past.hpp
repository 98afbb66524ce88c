#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/history.hpp"
#include "sim/judge_reads.hpp"
#include "sim/truth.hpp"

namespace parley::sim {

inline TimePoint at(int second) { return TimePoint(std::chrono::seconds(second)); }

// Each judge accepts a good history and names what is wrong with a bad one. A judge that never says no is decoration.
#define EXPECT_NAMED(said, word) EXPECT_NE((said).find(word), std::string::npos) << (said)

// One open room with anna (1) and ben (2), one closed room that ben joined after its first message. Entry i is
// committed at second i:
//   10 anna opens #ops, 11 ben joins, 12 anna opens #closed,
//   20 anna "one", 21 ben "two", 22 anna edits 20, 23 anna "secret" in #closed, 24 ben joins #closed,
//   25 anna "shared" in #closed, 26 ben deletes 21
class Past : public ::testing::Test {
 protected:
  static constexpr chat::AccountId anna{1}, ben{2};
  static constexpr chat::ConversationId ops{10}, closed{12};

  Past();

  static chat::MessageRow message(std::uint64_t id, chat::ConversationId in, std::uint64_t number,
                                  chat::AccountId author, std::string text);
  static chat::MessageRow edited(chat::MessageRow row);
  static chat::MessageRow deleted(chat::MessageRow row);
  static chat::RoomChanged room(std::string name, chat::ConversationId id, chat::AccountId who,
                                chat::RoomChanged::What what);
  void commit(std::uint64_t index, chat::RoomChanged event);
  void commit(std::uint64_t index, chat::MessageRow row);

  Operation& operation(std::string person, std::string method, int called, int returned);
  Operation& send(std::string person, std::string place, std::string text, std::uint64_t id, std::uint64_t number);
  void good_requests();   // what really happened, as everybody was told

  static cli::Message seen(std::uint64_t id, std::string in, std::uint64_t number, std::string from, std::string text);
  static cli::Message as_edited(cli::Message message);
  static cli::Message as_deleted(cli::Message message);
  cli::Message one() const { return seen(20, "#ops", 1, "anna", "anna 1"); }
  cli::Message one_edited() const { return as_edited(seen(20, "#ops", 1, "anna", "anna 2")); }
  cli::Message two() const { return seen(21, "#ops", 2, "ben", "ben 1"); }
  cli::Message two_deleted() const { return as_deleted(two()); }
  cli::Message secret() const { return seen(23, "#closed", 1, "anna", "anna 3"); }
  cli::Message shared() const { return seen(25, "#closed", 2, "anna", "anna 4"); }

  // What ben was shown of #ops.
  Operation& page(int called, int returned, std::uint64_t last, std::vector<cli::Message> messages);
  // Ben's subscription from a cursor on: what he was told, and the cursor he then showed.
  Feed& feed(std::uint64_t begin, std::vector<cli::Message> messages, std::uint64_t cursor);

  // What the judges say.
  std::string requests() const;
  std::string reads() const;
  std::string feeds(int now = 32) const;

  Truth truth;
  History history;
  NodeLives lives;
};

}  // namespace parley::sim
