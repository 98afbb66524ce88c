#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cli/events.hpp"
#include "sim/raw_history.hpp"

namespace parley::sim {

// One request of one person, from the call to its outcome, by the world's one clock. What is not known is zero or
// empty.
struct Operation {
  enum class Ending : std::uint8_t { open, done, refused, unknown };   // open: no outcome (yet)

  std::uint64_t id = 0;             // its place in the history
  std::string person;
  std::string method;               // of docs/PROTOCOL.md
  std::string place;                // "#room" or "@name"
  std::string text;                 // of send and edit: no two operations have the same
  std::vector<std::uint64_t> messages;   // edit, delete: the ids concerned
  std::uint64_t asked = 0;          // sync: the cursor; history: `before` or `after`; mark: the number
  bool descending = false;          // history: backwards from `asked` (0: the newest)
  std::size_t limit = 0;            // history, read, sync
  TimePoint called{};
  TimePoint returned = never;
  Ending ending = Ending::open;
  std::string reason;               // refused, unknown
  bool local = false;               // said by the client itself: no node was asked

  // Of what was answered:
  std::uint32_t node = 0;           // by which node,
  TimePoint connected{};            // over a connection made then
  bool stale = false;               // marked so
  std::uint64_t message = 0;        // send, edit: id
  std::uint64_t number = 0;         // send, edit: in its conversation; read: left unread
  std::uint64_t count = 0;          // delete: how many
  std::uint64_t last = 0;           // history: the last number
  std::uint64_t cursor = 0;         // sync
  bool more = false;                // sync
  std::vector<cli::Message> page;   // history, read, sync, search

  bool sequenced() const;           // S in PROTOCOL.md: kept in the outbox, carried out at most once, in order
};

// What `unread` said of one place.
struct MarkerSeen {
  std::string person;
  std::string place;
  std::uint32_t node = 0;
  TimePoint connected{};
  TimePoint called{};
  TimePoint returned{};
  std::uint64_t read = 0;
  std::uint64_t last = 0;
};

// One unbroken subscription of one person, across as many connections as it took: what the client delivered, and its
// cursor whenever it was looked at.
struct Feed {
  struct Item {
    cli::Message message;
    TimePoint at{};
  };
  struct Bookmark {
    std::size_t items = 0;         // delivered by then
    std::uint64_t cursor = 0;      // "everything up to it was delivered"
    TimePoint at{};
  };
  std::string person;
  std::uint64_t begin = 0;         // cursor
  std::vector<Item> items;
  std::vector<Bookmark> bookmarks;
  TimePoint begun{};
  TimePoint ended = never;
  TimePoint ready_since = never;   // the present connection; never: none
  std::uint32_t node = 0;          // to which node, and made when
  TimePoint connected{};
};

// Everything that people did and saw in one run. Entries are added to, never removed.
class History {
 public:
  Operation& begin(std::string person, std::string method, TimePoint now);
  Operation& operation(std::uint64_t id) { return operations_.at(id); }
  const std::deque<Operation>& operations() const { return operations_; }

  Feed& begin_feed(std::string person, std::uint64_t cursor, TimePoint now);
  const std::deque<Feed>& feeds() const { return feeds_; }

  void saw_marker(MarkerSeen marker) { markers_.push_back(std::move(marker)); }
  const std::deque<MarkerSeen>& markers() const { return markers_; }

  RawHistory& raw() { return raw_; }
  const RawHistory& raw() const { return raw_; }

  void add_person(std::string name) { people_.push_back(std::move(name)); }
  const std::vector<std::string>& people() const { return people_; }

 private:
  std::deque<Operation> operations_;   // a deque: references stay
  std::deque<Feed> feeds_;
  std::deque<MarkerSeen> markers_;
  std::vector<std::string> people_;
  RawHistory raw_;
};

std::string describe(const Operation& operation);

}  // namespace parley::sim
