#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/disk.hpp"

namespace parley::store {

// A small file beside the archive: how many transactions the archive held when the last checkpoint began.
//
// While a checkpoint copies pages into the database file, or after it was interrupted, that file is a mixture which
// only the write-ahead file makes whole. SQLite takes the first frame that does not verify for the end of the
// write-ahead file: were it damaged just then, an older state would be read over newer pages, every page of it
// with a fitting checksum. The mark, synced before the first page is copied, tells: an archive that
// holds fewer transactions than it says has lost some that it needs. It also tells when the archive's file was
// replaced by an older one, or is gone.
void write_mark(Disk& disk, const std::string& file, std::uint64_t transactions);   // synced; throws DiskError

// nullopt: none, or half written (then no page was copied under it). Throws DiskError.
std::optional<std::uint64_t> read_mark(Disk& disk, const std::string& file);

}  // namespace parley::store
