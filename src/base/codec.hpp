#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

// Little-endian fixed-width numbers and length-prefixed strings: the alphabet of every binary format of ours
// (log records, peer frames, commands, state records). Canonical: equal values give equal bytes.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void u8(std::uint8_t v) { out_ += static_cast<char>(v); }
  void u16(std::uint16_t v) { number(v, 2); }
  void u32(std::uint32_t v) { number(v, 4); }
  void u64(std::uint64_t v) { number(v, 8); }
  void i64(std::int64_t v) { number(static_cast<std::uint64_t>(v), 8); }
  void boolean(bool v) { u8(v ? 1 : 0); }
  void string(std::string_view v) {
    u32(static_cast<std::uint32_t>(v.size()));
    out_ += v;
  }
  void raw(std::string_view v) { out_ += v; }   // no length: the reader knows it

 private:
  void number(std::uint64_t v, std::size_t bytes) {
    char little_endian[8];
    for (std::size_t i = 0; i < sizeof little_endian; ++i) little_endian[i] = static_cast<char>(v >> (8 * i));
    out_.append(little_endian, bytes);
  }
  std::string& out_;
};

// Reads what Writer wrote from bytes that may be anything. The first read past the end, or of an impossible
// value, makes it fail for good: every later read gives zero or empty, and ok() stays false. Check ok() once
// at the end, and before allocating by a count that was read.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }   // everything read and nothing left over
  std::size_t remaining() const { return rest_.size(); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(number(8)); }
  bool boolean() {
    const auto v = u8();
    if (v > 1) fail();
    return v == 1;
  }
  std::string_view string(std::size_t max) {   // a view into the bytes given to the constructor
    const std::uint32_t size = u32();
    if (size > max) fail();
    return raw(size);
  }
  std::string_view raw(std::size_t size) {
    if (!ok_ || rest_.size() < size) {
      fail();
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  std::uint64_t number(std::size_t bytes) {
    const auto taken = raw(bytes);
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < taken.size(); ++i) v |= std::uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
    return v;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace parley
