#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/operator_door.hpp"
#include "store/backup_file.hpp"

namespace parley::cli {

struct BackupTaken {
  store::BackupAbout about;
  std::string from;     // the address of the node whose archive it is
  bool stale = false;   // no leader confirmed that it holds all that was acknowledged
};

struct BackupPlan {
  std::vector<Door> doors;            // one after the other, until one has a copy
  std::string name;                   // in the disk given
  bool replace = false;
  milliseconds patience{600'000};     // for a node to make its copy
  std::function<void(std::uint64_t bytes, std::uint64_t of)> progress = [](auto, auto) {};
};

// Asks for a copy, carries it into the file piece by piece, verifies it. A connection that breaks is made again, a few
// times. After an error nothing is left of the file. Memory: one piece.
awaitable<Result<BackupTaken>> take_backup(ClientSeams seams, BackupPlan plan, store::Disk& disk);

}  // namespace parley::cli
