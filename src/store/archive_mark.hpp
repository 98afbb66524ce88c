#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/disk.hpp"
#include "store/wal_extent.hpp"

namespace parley::store {

// A small file beside the archive: how many transactions the archive held when the last checkpoint began, and how much
// of the write-ahead file the database file needs.
//
// While a checkpoint copies pages into the database file, or after it was interrupted, that file is a mixture which
// only the write-ahead file makes whole. SQLite takes the first frame that does not verify for the end of the
// write-ahead file: were it damaged just then, an older state would be read over newer pages, every page of it
// with a fitting checksum. The mark, synced before the first page is copied, tells: what it says of the write-ahead
// file must be there before SQLite looks at it. (An archive's number of transactions alone does not tell: its page may
// be among those that were copied.) An archive that holds fewer transactions than it says was replaced by an older one.
struct Mark {
  std::uint64_t transactions = 0;
  WalExtent wal;                   // no frames: the database file is whole by itself
  bool operator==(const Mark&) const = default;
};
void write_mark(Disk& disk, const std::string& file, const Mark& mark);   // synced; throws DiskError

// Of either version. nullopt: none, or half written (then no page was copied under it). Throws DiskError.
std::optional<Mark> read_mark(Disk& disk, const std::string& file);

}  // namespace parley::store
