#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/archive.hpp"
#include "store/disk.hpp"

namespace parley::store {

inline constexpr std::size_t archive_copies_max = 2;

// The copies of its archive that a node keeps for others, as files of one directory (R12, docs/DISK.md). A file's name
// says which copy it is, so that a peer may go on with a transfer after this node was restarted. Thread-safe: it
// keeps nothing in memory. Blocking; throws DiskError only where said.
class ArchiveCopies {
 public:
  explicit ArchiveCopies(Disk& disk, std::string directory = "snapshot");

  // Makes one more (Archive::copy). Before that all go but one: `in_use`, or the one of the highest index. One thread
  // at a time. What fails leaves the others, and the archive, as they were.
  Result<ArchiveCopy> make(Archive& archive, const std::optional<ArchiveCopyId>& in_use, std::stop_token stop = {});

  std::vector<ArchiveCopyId> list() const;   // by index; throws DiskError

  // Part of one: `size` bytes from `offset`, fewer at its end. Its pages are verified; a copy with a damaged one is
  // removed, since whoever was sent it would refuse the whole. The error says so, or that there is no such copy.
  Result<std::string> read(const ArchiveCopyId& id, std::uint64_t offset, std::size_t size);

  void remove_all_but(const std::optional<ArchiveCopyId>& kept);   // throws DiskError
  std::string path_of(const ArchiveCopyId& id) const;
  const std::string& directory() const { return directory_; }

 private:
  Disk& disk_;
  std::string directory_;
};

}  // namespace parley::store
