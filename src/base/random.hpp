#pragma once

#include <cstdint>

namespace parley {

// xoshiro256** (Blackman and Vigna), seeded through splitmix64. Equal on every platform and standard library,
// which std::uniform_int_distribution is not; for jitter and simulation only, never for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound);                             // 0 … bound-1; bound > 0
  std::uint64_t between(std::uint64_t low, std::uint64_t high);         // low … high, both included
  double unit();                                                        // 0 <= x < 1
  bool chance(double probability) { return unit() < probability; }
  Random fork() { return Random(next()); }   // an independent stream, so that one user's draws don't move another's

 private:
  std::uint64_t state_[4];
};

}  // namespace parley
