#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace parley::store {

// The bytes of one file, sparse: a block that is absent reads as zeros, so a preallocated segment costs nothing.
class MemoryImage {
 public:
  static constexpr std::uint64_t block_size = 4096;

  std::uint64_t size() const { return size_; }

  void resize(std::uint64_t size) {
    if (size < size_) {
      blocks_.erase(blocks_.lower_bound((size + block_size - 1) / block_size), blocks_.end());
      const auto last = blocks_.find(size / block_size);
      if (last != blocks_.end()) {
        const auto kept = static_cast<std::size_t>(size % block_size);
        std::fill(last->second.begin() + static_cast<std::ptrdiff_t>(kept), last->second.end(), '\0');
      }
    }
    size_ = size;
  }

  std::size_t read(std::uint64_t offset, char* bytes, std::size_t count) const {
    if (offset >= size_) return 0;
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - offset));
    for (std::size_t done = 0; done < count;) {
      const std::uint64_t at = (offset + done) % block_size;
      const auto piece = std::min<std::size_t>(count - done, static_cast<std::size_t>(block_size - at));
      const auto block = blocks_.find((offset + done) / block_size);
      if (block == blocks_.end()) std::fill_n(bytes + done, piece, '\0');
      else std::copy_n(block->second.data() + at, piece, bytes + done);
      done += piece;
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
      put(offset / block_size, at, piece);
      offset += piece.size();
      bytes.remove_prefix(piece.size());
    }
  }

 private:
  void put(std::uint64_t block_number, std::uint64_t at, std::string_view piece) {
    auto block = blocks_.find(block_number);
    if (block == blocks_.end()) {
      if (piece.find_first_not_of('\0') == std::string_view::npos) return;
      block = blocks_.emplace(block_number, std::string(block_size, '\0')).first;
    }
    std::copy(piece.begin(), piece.end(), block->second.begin() + static_cast<std::ptrdiff_t>(at));
  }

  std::map<std::uint64_t, std::string> blocks_;
  std::uint64_t size_ = 0;
};

}  // namespace parley::store
