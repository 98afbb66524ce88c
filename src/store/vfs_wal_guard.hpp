#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace parley::store {

// Remembers a checksum of every part of SQLite's write-ahead file, so that a later read shows whether the disk gave
// back what it was given. SQLite verifies its own frame checksums only when it recovers the file, never when it
// reads a page from it (https://www.sqlite.org/walformat.html, 4.4 "Reader Algorithm" looks at the index alone).
// What this process did not write is remembered as first read: that is recovery, which verifies it by SQLite's
// checksums. The file's bytes are never altered: SQLite's checksums cover them before the VFS sees them.
// Memory: 16 bytes a frame, so 1/256 of the file. Thread-safe.
class WalGuard {
 public:
  static constexpr std::uint64_t file_header_size = 32;    // walformat.html, 1.1
  static constexpr std::uint64_t frame_header_size = 24;   // walformat.html, 1.2

  void written(std::uint64_t offset, std::string_view bytes);
  // Empty, or the offset of the first part that is not as it was.
  std::optional<std::uint64_t> changed_since(std::uint64_t offset, std::string_view bytes);
  void truncated(std::uint64_t size);

 private:
  template <class Visit>
  void for_each_part(std::uint64_t offset, std::string_view bytes, Visit visit);

  std::mutex mutex_;
  std::vector<std::uint64_t> sums_;   // by part: file header, then header and page of each frame; 0: not known
};

}  // namespace parley::store
