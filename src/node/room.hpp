#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/disk.hpp"

namespace parley::node {

// Space for files that a node makes or fetches and can do without: copies of its archive for others and for backups,
// another node's archive. Each is as large as the archive, and must not take what the node lives on (decision 0026).
// Blocking; from any thread.
class Room {
 public:
  Room(store::Disk& disk, std::uint64_t keep_free_bytes) : disk_(&disk), keep_free_bytes_(keep_free_bytes) {}

  // nullopt: so many bytes more leave enough free, or the file system does not say. Else why not, for people.
  std::optional<std::string> lacks(std::uint64_t bytes) const;

 private:
  store::Disk* disk_;
  std::uint64_t keep_free_bytes_;
};

std::string mebibytes(std::uint64_t bytes);   // for people: "17 MiB", rounded down

// Of a data directory whose node has ended for want of space: removes what can be made or fetched again. Not where
// another process has it. Throws nothing; how many bytes went.
std::uint64_t remove_disposable(store::Disk& disk);

}  // namespace parley::node
