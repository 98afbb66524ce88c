#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/disk.hpp"

namespace parley::store {

// How far SQLite's write-ahead file goes, and whether it still does: https://www.sqlite.org/walformat.html. SQLite
// itself takes the first frame that does not verify for the end, which is right after a power cut and wrong for what
// was synced: there a bit that flipped takes all later transactions away, without a word.
struct WalExtent {
  std::uint64_t salt = 0;      // of the file header: drawn anew whenever the file begins anew
  std::uint64_t frames = 0;    // through the last frame that ends a transaction
  bool operator==(const WalExtent&) const = default;
};

// Where it ends: as it was written here, by the headers alone, so that a page that rotted since is missed; or, of a
// file found at a start, where SQLite takes it to end: a power cut may leave headers whose pages never came.
enum class WalEnd : std::uint8_t { as_written, verified };

// Of a file that nobody writes to now. No file, an empty one, or one without a whole transaction: 0 frames. Throws
// DiskError.
WalExtent wal_extent(Disk& disk, const std::string& file, WalEnd end);

// Whether the file still holds all of that, every checksum verified; one that has begun anew since needs to hold
// nothing. nullopt: it does. Otherwise what is wrong, to follow the file's name. Throws DiskError.
std::optional<std::string> wal_lacks(Disk& disk, const std::string& file, const WalExtent& extent);

}  // namespace parley::store
