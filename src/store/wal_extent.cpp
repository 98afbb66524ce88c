#include "store/wal_extent.hpp"

#include <array>
#include <string_view>

#include "store/page_checksum.hpp"
#include "store/vfs_wal_guard.hpp"

namespace parley::store {
namespace {

constexpr std::uint64_t header_size = WalGuard::file_header_size;
constexpr std::uint64_t frame_header_size = WalGuard::frame_header_size;
constexpr std::uint64_t frame_size = frame_header_size + page_size;
constexpr std::uint32_t magic = 0x377f0682;   // walformat.html, 1.1; its lowest bit: the checksums are big-endian

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i - 1]);
  return value;
}

std::uint64_t salt_at(std::string_view bytes, std::size_t at) {
  return std::uint64_t{big_endian(bytes, at)} << 32 | big_endian(bytes, at + 4);
}

// walformat.html, 4.2: over pairs of words, each sum going into the other.
class Checksum {
 public:
  explicit Checksum(bool big) : big_(big) {}
  void add(std::string_view bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first_ += word(bytes, at) + second_;
      second_ += word(bytes, at + 4) + first_;
    }
  }
  bool is(std::string_view bytes, std::size_t at) const {
    return big_endian(bytes, at) == first_ && big_endian(bytes, at + 4) == second_;
  }

 private:
  std::uint32_t word(std::string_view bytes, std::size_t at) const {
    return big_ ? big_endian(bytes, at) : little_endian(bytes, at);
  }
  bool big_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

std::string read(File& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(file.read_at(offset, bytes.data(), size));
  return bytes;
}

Checksum sum_after(std::string_view header) {
  Checksum sum((big_endian(header, 0) & 1U) != 0);
  sum.add(header.substr(0, 24));
  return sum;
}

bool is_header(std::string_view header) {
  if (header.size() < header_size || (big_endian(header, 0) & ~1U) != magic) return false;
  return sum_after(header).is(header, 24);
}

// A whole frame; `sum`: of all before, then of this one too.
bool follows(std::string_view frame, Checksum& sum) {
  sum.add(frame.substr(0, 8));
  sum.add(frame.substr(frame_header_size));
  return sum.is(frame, 16);
}

}  // namespace

WalExtent wal_extent(Disk& disk, const std::string& file, WalEnd end) {
  WalExtent extent;
  if (!disk.exists(file)) return extent;
  const auto opened = disk.open(file, OpenMode::read);
  const std::string header = read(*opened, 0, header_size);
  if (!is_header(header)) return extent;
  extent.salt = salt_at(header, 16);
  Checksum sum = sum_after(header);
  const std::size_t size = end == WalEnd::verified ? frame_size : frame_header_size;
  for (std::uint64_t number = 1;; ++number) {
    const std::string frame = read(*opened, header_size + (number - 1) * frame_size, size);
    if (frame.size() < size || salt_at(frame, 8) != extent.salt) return extent;
    if (end == WalEnd::verified && !follows(frame, sum)) return extent;
    if (big_endian(frame, 4) != 0) extent.frames = number;   // the database's size after a transaction
  }
}

std::optional<std::string> wal_lacks(Disk& disk, const std::string& file, const WalExtent& extent) {
  if (extent.frames == 0 || !disk.exists(file)) return std::nullopt;
  const auto opened = disk.open(file, OpenMode::read);
  const std::string header = read(*opened, 0, header_size);
  if (!is_header(header)) {
    // While a mark says that frames are needed nobody begins the file anew (archive.cpp), so no power cut leaves that.
    if (opened->size() < header_size + frame_size) return std::nullopt;
    return "is damaged: its header does not verify";
  }
  if (salt_at(header, 16) != extent.salt) return std::nullopt;
  Checksum sum = sum_after(header);
  for (std::uint64_t number = 1; number <= extent.frames; ++number) {
    const std::string frame = read(*opened, header_size + (number - 1) * frame_size, frame_size);
    if (frame.size() < frame_size || salt_at(frame, 8) != extent.salt || !follows(frame, sum)) {
      return "is damaged: its frame " + std::to_string(number) + " of " + std::to_string(extent.frames) +
             " that were synced does not verify";
    }
  }
  return std::nullopt;
}

}  // namespace parley::store
