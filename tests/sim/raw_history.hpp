#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "chat/types.hpp"

namespace parley::sim {

inline constexpr std::uint64_t no_operation = ~0ULL;

// One question of a raw client to one node, and what it was answered. What is not known is zero or empty.
struct RawExchange {
  enum class Ending : std::uint8_t {
    none,      // no answer: the connection was lost, or nobody waited any longer
    done, refused, later, unknown,
    invalid    // not a request of the protocol: one of the codes without an outcome
  };

  std::string who;
  std::string method;
  std::uint32_t node = 0;
  TimePoint called{};
  TimePoint returned = never;
  Index applied;                         // by that node when it was asked: it knew that much at least

  std::uint64_t client = 0;              // sequenced requests, client.attach, outcome
  std::uint64_t sequence = 0;            // sequenced requests, outcome
  std::uint64_t first = 0;               // sequenced requests: answers below it may be gone
  std::uint64_t operation = no_operation;   // sends: of the history; several may share a number
  std::optional<chat::LoginId> login;    // resume: that one; else the one that the connection is logged in with
  int wanted_code = 0;                   // what PROTOCOL.md has for this one if it is answered; 0: not nonsense

  Ending ending = Ending::none;
  int code = 0;                          // of an error
  std::string reason;                    // of an error
  std::string result;                    // done: all of it, as text
  std::uint64_t expected = 0;            // wrong_sequence
  std::uint64_t message = 0;             // send, outcome: id
  std::uint64_t number = 0;              // send, outcome: in the conversation
  bool sent = false;                     // outcome
  std::uint64_t cursor = 0;              // sync: asked from; 0: not a sync

  bool answered() const { return ending != Ending::none; }
  bool is_final() const { return ending == Ending::done || ending == Ending::refused; }
  bool refused_as(const char* word) const { return ending == Ending::refused && reason == word; }
};

// Log time, by which sessions expire, jumps with the next entry of a leader that has heard the others' clocks: one that
// led before the weeks passed hears them with the next round, one that is elected later knows them from the votes.
inline constexpr Duration weeks_show_within = std::chrono::seconds(60);

// A client session, or a login, that a raw client was told it has.
struct RawSession {
  std::string who;
  std::uint64_t client = 0;
  TimePoint opened{};                    // when it was told
};
struct RawLogin {
  std::string who;
  chat::LoginId login;
  chat::AccountId account;
  TimePoint called{};                    // when it asked for it
  TimePoint opened{};                    // when it was told
};

// One connection of a raw client while it was logged in.
struct RawPresence {
  std::string who;
  std::uint32_t node = 0;
  TimePoint connected{};                 // when the connection was made
  chat::LoginId login;
  TimePoint since{};
  TimePoint until = never;               // never: it still is
  std::string closing;                   // the reason that the node named, if it ended it
};

// All that raw clients asked and were answered in one run. Entries are added to, never removed.
struct RawHistory {
  std::deque<RawExchange> exchanges;
  std::deque<RawSession> sessions;
  std::deque<RawLogin> logins;
  std::deque<RawPresence> presences;
  std::deque<TimePoint> weeks_passed;    // when everybody had been away for longer than client sessions live
};

// Whatever was open from then on may have expired by then.
inline bool weeks_passed(const RawHistory& raw, TimePoint from, TimePoint to) {
  for (const TimePoint time : raw.weeks_passed) {
    if (from <= time + weeks_show_within && time <= to) return true;
  }
  return false;
}

std::string describe(const RawExchange& exchange);

}  // namespace parley::sim
