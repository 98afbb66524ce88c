#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "cli/client_options.hpp"
#include "cli/events.hpp"

namespace parley::cli {

// Makes one stream, each change once and in the log's order, of what several connections bring: the pages of `sync`
// and the messages pushed. Pure.
//
// Pushes come in the log's order, so one at index c says that everything below c was delivered; of c itself there may
// be more (one entry can delete many messages). `complete` is therefore the index before the newest one seen, and
// what was seen at the newest is remembered, to be dropped when a sync brings it again.
class MessageFeed {
 public:
  explicit MessageFeed(std::size_t held_max) : held_max_(held_max) {}

  bool placed() const { return placed_; }
  std::uint64_t placement() const { return placement_; }   // another number: it was placed or given up since
  void place(Cursor cursor);                         // from here on; forgets what is held
  void unplace();                                    // nobody is logged in
  Cursor cursor() const { return complete_; }        // everything up to it was delivered: what `sync` begins from

  // Until the sync of this connection is through, pushes wait.
  void hold();
  bool holding() const { return holding_; }

  std::vector<Message> page(std::vector<Message> messages, std::uint64_t cursor);   // of sync: what to deliver
  // The sync is through: what to deliver of the pushes that waited. nullopt: too many came, sync once more.
  std::optional<std::vector<Message>> release();
  std::vector<Message> push(Message message);        // what to deliver now

 private:
  bool seen(const Message& message) const;
  void advance(std::uint64_t index);

  std::size_t held_max_;
  bool placed_ = false;
  std::uint64_t placement_ = 0;
  bool holding_ = true;
  bool overflowed_ = false;
  Cursor complete_;
  std::uint64_t newest_ = 0;                         // index of the newest push delivered; 0: none since the last sync
  std::map<std::uint64_t, Message> at_newest_;       // by message id
  std::vector<Message> held_;
};

}  // namespace parley::cli
