#include "base/digest.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/assert.hpp"

namespace parley {
namespace {

crypto_generichash_state* state_of(std::array<unsigned char, 384>& storage) {
  static_assert(sizeof(crypto_generichash_state) <= 384);
  return reinterpret_cast<crypto_generichash_state*>(storage.data());
}

}  // namespace

std::string Digest::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Digest Digest::from_view(std::string_view thirty_two) {
  Digest result;
  PARLEY_ASSERT(thirty_two.size() == result.bytes.size(), "a digest has 32 bytes");
  std::copy(thirty_two.begin(), thirty_two.end(), result.bytes.begin());
  return result;
}

Digest digest(std::string_view bytes) {
  Digest result;
  crypto_generichash(result.bytes.data(), result.bytes.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  return result;
}

Hasher::Hasher() { crypto_generichash_init(state_of(state_), nullptr, 0, sizeof(Digest::bytes)); }

void Hasher::add(std::string_view bytes) {
  crypto_generichash_update(state_of(state_), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

void Hasher::add(std::uint64_t number) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(number >> (8 * i));
  crypto_generichash_update(state_of(state_), bytes, sizeof bytes);
}

Digest Hasher::finish() {
  Digest result;
  crypto_generichash_final(state_of(state_), result.bytes.data(), result.bytes.size());
  return result;
}

}  // namespace parley
