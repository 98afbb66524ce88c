#include "base/random.hpp"

#include <bit>

#include "base/assert.hpp"

namespace parley {
namespace {

std::uint64_t splitmix64(std::uint64_t& x) {
  std::uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) {
  for (auto& word : state_) word = splitmix64(seed);
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  PARLEY_ASSERT(bound > 0, "a draw from an empty range");
  const std::uint64_t limit = bound * (~std::uint64_t{0} / bound);   // rejects the tail that would bias the draw
  std::uint64_t draw = next();
  while (draw >= limit) draw = next();
  return draw % bound;
}

std::uint64_t Random::between(std::uint64_t low, std::uint64_t high) {
  PARLEY_ASSERT(low <= high, "a draw from a reversed range");
  const std::uint64_t span = high - low;
  if (span == ~std::uint64_t{0}) return next();
  return low + below(span + 1);
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

}  // namespace parley
