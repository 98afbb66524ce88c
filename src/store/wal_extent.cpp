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

bool is_header(std::string_view header) {
  if (header.size() < header_size || (big_endian(header, 0) & ~1U) != magic) return false;
  Checksum sum((big_endian(header, 0) & 1U) != 0);
  sum.add(header.substr(0, 24));
  return sum.is(header, 24);
}

// Goes along the frames for as long as they verify, each checksum covering all that came before.
class Frames {
 public:
  Frames(File& file, std::string_view header)
      : file_(file), salt_(salt_at(header, 16)), sum_((big_endian(header, 0) & 1U) != 0) {
    sum_.add(header.substr(0, 24));
  }
  std::uint64_t salt() const { return salt_; }
  // False: it is not there, is of an earlier round, or does not verify; then there is no next one either.
  bool next() {
    const std::string frame = read(file_, header_size + number_ * frame_size, frame_size);
    if (frame.size() < frame_size || salt_at(frame, 8) != salt_) return false;
    sum_.add(std::string_view(frame).substr(0, 8));
    sum_.add(std::string_view(frame).substr(frame_header_size));
    if (!sum_.is(frame, 16)) return false;
    ++number_;
    ends_transaction_ = big_endian(frame, 4) != 0;   // the database's size after it
    return true;
  }
  std::uint64_t number() const { return number_; }   // of the latest, from 1
  bool ends_transaction() const { return ends_transaction_; }

 private:
  File& file_;
  std::uint64_t salt_;
  Checksum sum_;
  std::uint64_t number_ = 0;
  bool ends_transaction_ = false;
};

}  // namespace

// As SQLite recovers the file (walformat.html, 4.3). The headers alone would not do: a power cut leaves frames of the
// present salt behind the last one that verifies, and nothing was ever promised of those.
WalExtent wal_extent(Disk& disk, const std::string& file) {
  WalExtent extent;
  if (!disk.exists(file)) return extent;
  const auto opened = disk.open(file, OpenMode::read);
  const std::string header = read(*opened, 0, header_size);
  if (!is_header(header)) return extent;
  Frames frames(*opened, header);
  extent.salt = frames.salt();
  while (frames.next()) {
    if (frames.ends_transaction()) extent.frames = frames.number();
  }
  return extent;
}

std::optional<std::string> wal_lacks(Disk& disk, const std::string& file, const WalExtent& extent) {
  if (extent.frames == 0 || !disk.exists(file)) return std::nullopt;
  const auto opened = disk.open(file, OpenMode::read);
  const std::string header = read(*opened, 0, header_size);
  if (!is_header(header)) {
    // Empty: all of it was copied. Nothing is written to it before the mark says so too (Archive::open).
    if (opened->size() == 0) return std::nullopt;
    return "is damaged: its header does not verify";
  }
  Frames frames(*opened, header);
  if (frames.salt() != extent.salt) return std::nullopt;
  while (frames.number() < extent.frames) {
    if (frames.next()) continue;
    return "is damaged: its frame " + std::to_string(frames.number() + 1) + " of " + std::to_string(extent.frames) +
           " that were synced does not verify";
  }
  return std::nullopt;
}

}  // namespace parley::store
