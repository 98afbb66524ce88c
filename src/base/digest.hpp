#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley {

// BLAKE2b-256 (library libsodium): two states, chains or payloads with equal digests are equal.
struct Digest {
  std::array<unsigned char, 32> bytes{};
  auto operator<=>(const Digest&) const = default;

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  std::string hex() const;                                  // 64 lower-case digits
  static Digest from_view(std::string_view thirty_two);     // asserts the length
};

Digest digest(std::string_view bytes);

// Takes its input in pieces; two different splittings of the same bytes give the same digest.
class Hasher {
 public:
  Hasher();
  void add(std::string_view bytes);
  void add(std::uint64_t number);   // eight bytes, little endian
  Digest finish();                  // once

 private:
  alignas(64) std::array<unsigned char, 384> state_;   // crypto_generichash_state
};

}  // namespace parley
