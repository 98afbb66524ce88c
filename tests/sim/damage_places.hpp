#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace parley::sim {

// The bar of P8: one bit of one of three nodes' files flipped, again and again: half of the places spread evenly over
// the bytes of the log's files, half over those of the archive's; somebody writes meanwhile.
struct DamageTally {
  std::size_t places = 0;
  std::size_t found_at_start = 0;     // set aside before the node did anything
  std::size_t found_running = 0;      // likewise later: by a read, a write or the scrub
  std::size_t meaningless = 0;        // log and archive say what they said before
  std::size_t undone = 0;             // the archive's last transactions are taken from the log, as after a power cut
  std::size_t in_log = 0;             // of the places; the others are of the archive
  std::size_t overwritten = 0;        // by a newer version of that page, before anything read the damaged one
  double slowest_repair_seconds = 0;  // virtual, from the start to the vote
  std::optional<std::string> wrong;   // the first place where something was not as it has to be
};

DamageTally flip_bits(std::uint64_t seed, std::size_t places);

}  // namespace parley::sim
