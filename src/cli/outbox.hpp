#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/outbox_store.hpp"
#include "cli/outcome.hpp"

namespace parley::cli {

// The sequenced requests that have no answer yet, in order, and what may be sent of them now. Pure.
//
//   first ... ... | next_unsent ... last
//   under way     | waiting: held back by the window, a request that goes alone, or a `later`
//
// After a lost connection, a `later` or a gap, everything from some number on is sent again in order (go back N):
// a node answers what it carried out already with the first answer.
class Outbox {
 public:
  struct Entry {
    std::uint64_t sequence = 0;
    std::string method;
    json::object params;
    OnOutcome then;                // may be empty: nobody waits
    std::uint64_t rpc_id = 0;      // of the latest sending
    unsigned sendings = 0;
    unsigned failures = 0;         // of nodes that could not tell what became of it, though nothing was in the way
    std::size_t bytes = 0;
    bool from_earlier_run = false;
    bool unsure = false;           // an earlier run may have sent it in this client session
    bool secret_lost = false;      // only its number is left
    bool in_doubt = false;         // an ended client session may have carried it out: a "no" now says little

    bool maybe_sent() const { return sendings > 0 || unsure; }
  };

  Outbox(std::size_t entries_max, std::size_t bytes_max) : entries_max_(entries_max), bytes_max_(bytes_max) {}

  bool has_room(std::size_t bytes) const { return entries_.size() < entries_max_ && bytes_ + bytes <= bytes_max_; }
  Entry& add(std::string method, json::object params, std::size_t bytes, OnOutcome then);   // numbers it
  void restore(StoredRequest request);       // from an earlier run; in order, before anything is added

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::uint64_t next() const { return next_; }
  void raise_next(std::uint64_t next) { if (next > next_) next_ = next; }
  std::uint64_t first() const { return entries_.empty() ? next_ : entries_.begin()->first; }
  Entry* front() { return entries_.empty() ? nullptr : &entries_.begin()->second; }
  Entry* find(std::uint64_t sequence);
  std::optional<Entry> take(std::uint64_t sequence);   // it has its answer
  // The number of the entry added last, which was taken out before it was ever sent, is free again.
  void withdraw_last() { --next_; }
  std::vector<std::uint64_t> sequences() const;
  std::map<std::uint64_t, Entry>& entries() { return entries_; }

  // The next one that may be sent, at most `window` being under way; mark_sent says that it was.
  Entry* next_to_send(std::size_t window);
  void mark_sent(Entry& entry, std::uint64_t rpc_id);
  void rewind(std::uint64_t sequence);                 // everything from there on counts as unsent
  void rewind_all() { rewind(0); }
  std::size_t under_way() const { return under_way_; }

  // For a new client session: numbers what is left from 1; nothing of it counts as sent any more.
  void renumber();
  // Empties it; the entries are the caller's to settle.
  std::map<std::uint64_t, Entry> clear(std::uint64_t next);

  std::vector<StoredRequest> stored() const;           // what a store keeps

 private:
  std::size_t entries_max_;
  std::size_t bytes_max_;
  std::map<std::uint64_t, Entry> entries_;
  std::uint64_t next_ = 1;
  std::uint64_t next_unsent_ = 1;      // entries below are under way
  std::size_t under_way_ = 0;
  std::size_t bytes_ = 0;
};

// What a store keeps of one request.
StoredRequest to_stored(const Outbox::Entry& entry);

// At least as much as the strings and numbers of `params` take as JSON, for limits; exact enough without encoding.
std::size_t json_size(const json::value& value);
std::size_t json_size(const json::object& object);

}  // namespace parley::cli
