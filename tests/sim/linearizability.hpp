#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace parley::sim {

// A list that is only appended to, as its users saw it. Every append got the number of its place, so the total order
// is known, and whether points in time exist that fit it is decided in O(n log n): RELIABILITY.md section 5.
struct Appended {
  std::uint64_t number = 0;   // its place, from 1
  TimePoint called{};
  TimePoint returned = never; // never: its caller was not told, or doesn't count
};
struct LengthRead {
  std::uint64_t length = 0;   // what the reader was told
  TimePoint called{};
  TimePoint returned{};
};

// Is there a moment for each append and each read, between its call and its return, so that the moments stand in the
// order of the numbers and each read sees what was appended before it? What is wrong, in words; nullopt: nothing.
// Appends must have distinct numbers; a number that nobody appended can have been appended at any time.
std::optional<std::string> find_nonlinear(std::vector<Appended> appends, std::vector<LengthRead> reads);

}  // namespace parley::sim
