#include "node/room.hpp"

#include "node/backups.hpp"
#include "node/data_directory.hpp"
#include "store/archive_copies.hpp"
#include "store/archive_incoming.hpp"

namespace parley::node {
namespace {

void remove_all_in(store::Disk& disk, const std::string& directory) {
  if (!disk.exists(directory)) return;
  for (const auto& name : disk.list(directory)) disk.remove(directory + "/" + name);
}

std::uint64_t free_or_none(store::Disk& disk) {
  try {
    return disk.free_bytes();
  } catch (const store::DiskError&) {
    return 0;
  }
}

}  // namespace

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes / (1024 * 1024)) + " MiB"; }

std::optional<std::string> Room::lacks(std::uint64_t bytes) const {
  std::uint64_t free = 0;
  try {
    free = disk_->free_bytes();
  } catch (const store::DiskError&) {
    return std::nullopt;
  }
  if (free >= keep_free_bytes_ && free - keep_free_bytes_ >= bytes) return std::nullopt;
  return mebibytes(free) + " are free at " + disk_->describe("") + "; it takes " + mebibytes(bytes) + ", and " +
         mebibytes(keep_free_bytes_) + " are to stay free";
}

std::uint64_t remove_disposable(store::Disk& disk) {
  try {
    const auto lock = disk.lock(lock_file);
    if (!lock) return 0;
    const std::uint64_t before = free_or_none(disk);
    remove_all_in(disk, store::ArchiveCopies(disk).directory());
    remove_all_in(disk, Backups::directory);
    static_cast<void>(store::IncomingArchive::discard(disk, archive_file));
    const std::uint64_t after = free_or_none(disk);
    return after > before ? after - before : 0;
  } catch (const store::DiskError&) {
    return 0;   // it is tried again when the next life has met a full disk
  }
}

}  // namespace parley::node
