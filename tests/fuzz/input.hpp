#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What libFuzzer calls with every input (https://llvm.org/docs/LibFuzzer.html, "Fuzz Target"). Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace parley::fuzz {

// The bytes of one input, taken from the front as decisions. Total: when they are used up, every further decision is
// zero and every text empty; so a longer input only adds to what a shorter one did, and both halves of a cut input
// mean something. Little-endian, as the formats under test, so that what the fuzzer learns from comparisons fits.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  bool boolean() { return (u8() & 1) != 0; }

  std::uint64_t below(std::uint64_t bound) { return bound <= 256 ? u8() % bound : u32() % bound; }   // bound > 0

  // A number of any size, small ones and those near the ends of the range among them.
  std::uint64_t any_number() {
    switch (u8() % 4) {
      case 0: return u8();
      case 1: return u32();
      case 2: return ~std::uint64_t{0} - u8();
      default: return u64();
    }
  }

  std::string_view bytes(std::size_t size) {   // fewer where the input ends
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string text(std::size_t max) { return std::string(bytes(max == 0 ? 0 : below(max + 1))); }

 private:
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const auto taken = bytes(size);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
    }
    return value;
  }

  std::string_view rest_;
};

}  // namespace parley::fuzz
