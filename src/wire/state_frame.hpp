#pragma once

#include <cstdint>
#include <vector>

#include "base/codec.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"

// What nodes tell each other of their state, past the log.

namespace parley::wire {

inline constexpr std::size_t presence_max = 10'000;

struct Presence {                    // who is logged in on this node; the whole list each time, cut at presence_max
  std::vector<std::uint64_t> accounts;
  bool operator==(const Presence&) const = default;
};
struct StateDigest {                 // what the sender's state machine came to at that entry (R10)
  Index index;
  Digest chain;
  bool operator==(const StateDigest&) const = default;
};
struct DiskShort {                   // whether the sender has little space left: then it is no good leader. A hint
  bool is_short = false;
  bool operator==(const DiskShort&) const = default;
};

// Bodies of frames (peer_frame.hpp); what is wrong in what is read makes `in` fail.
void write(Writer& out, const Presence& presence);
void write(Writer& out, const StateDigest& digest);
void write(Writer& out, const DiskShort& frame);
Presence read_presence(Reader& in);
StateDigest read_state_digest(Reader& in);
DiskShort read_disk_short(Reader& in);

}  // namespace parley::wire
