#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace parley::store {

// The bytes of one file, sparse: a block that is absent reads as zeros, so a preallocated segment costs next to
// nothing.
class MemoryImage {
 public:
  static constexpr std::uint64_t block_size = 4096;

  std::uint64_t size() const { return size_; }

  void resize(std::uint64_t size) {
    if (size < size_) {
      const auto kept = static_cast<std::size_t>((size + block_size - 1) / block_size);
      if (kept < blocks_.size()) blocks_.resize(kept);
      const auto within = static_cast<std::ptrdiff_t>(size % block_size);
      if (within != 0 && kept <= blocks_.size() && !blocks_[kept - 1].empty()) {
        auto& last = blocks_[kept - 1];
        std::fill(last.begin() + within, last.end(), '\0');
      }
    }
    size_ = size;
  }

  std::size_t read(std::uint64_t offset, char* bytes, std::size_t count) const {
    if (offset >= size_) return 0;
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - offset));
    for (std::size_t done = 0; done < count;) {
      const auto piece = piece_at(offset + done, count - done);
      if (piece.bytes == nullptr) std::memset(bytes + done, 0, piece.size);
      else std::memcpy(bytes + done, piece.bytes, piece.size);
      done += piece.size;
    }
    return count;
  }

  std::string read(std::uint64_t offset, std::size_t count) const {
    std::string bytes(count, '\0');
    bytes.resize(read(offset, bytes.data(), count));
    return bytes;
  }

  void write(std::uint64_t offset, std::string_view bytes) {
    size_ = std::max<std::uint64_t>(size_, offset + bytes.size());
    while (!bytes.empty()) {
      const std::uint64_t at = offset % block_size;
      const auto piece = bytes.substr(0, static_cast<std::size_t>(block_size - at));
      put(offset / block_size, static_cast<std::size_t>(at), piece);
      offset += piece.size();
      bytes.remove_prefix(piece.size());
    }
  }

  // The bytes of that range which lie within the file, without a copy if they are held; the range lies in one block.
  // `zeros` are what a block that is absent reads as.
  std::string_view look(std::uint64_t offset, std::size_t count, std::string_view zeros) const {
    if (offset >= size_) return {};
    const auto piece = piece_at(offset, static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - offset)));
    return piece.bytes == nullptr ? zeros.substr(0, piece.size) : std::string_view(piece.bytes, piece.size);
  }

 private:
  static bool all_zero(std::string_view bytes) {   // zero at first, and each byte as the one before it
    return bytes.front() == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
  }

  struct Piece {
    const char* bytes;   // null: zeros
    std::size_t size;
  };

  Piece piece_at(std::uint64_t offset, std::size_t most) const {   // to the end of its block
    const auto at = static_cast<std::size_t>(offset % block_size);
    const auto number = static_cast<std::size_t>(offset / block_size);
    const bool held = number < blocks_.size() && !blocks_[number].empty();
    return {held ? blocks_[number].data() + at : nullptr, std::min(most, static_cast<std::size_t>(block_size) - at)};
  }

  void put(std::uint64_t number, std::size_t at, std::string_view piece) {
    const auto place = static_cast<std::size_t>(number);
    if (place >= blocks_.size() || blocks_[place].empty()) {
      if (all_zero(piece)) return;
      if (place >= blocks_.size()) blocks_.resize(place + 1);
      auto& block = blocks_[place];   // most writes are of a whole block: each byte is stored once
      block.reserve(block_size);
      block.assign(at, '\0').append(piece).append(block_size - at - piece.size(), '\0');
      return;
    }
    std::memcpy(blocks_[place].data() + at, piece.data(), piece.size());
  }

  std::vector<std::string> blocks_;   // each empty (all zeros) or of block_size
  std::uint64_t size_ = 0;
};

}  // namespace parley::store
