#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/entropy.hpp"
#include "store/archive.hpp"
#include "store/disk.hpp"
#include "store/identity.hpp"
#include "store/refusal.hpp"
#include "store/write_ahead_log.hpp"

namespace parley::node {

// A node's data directory, locked, read and found consistent (RELIABILITY.md W7, W8; DESIGN.md R9).
struct DataDirectory {
  std::unique_ptr<store::Lock> lock;      // held for as long as the node runs
  store::Identity identity;
  store::Archive::Opened archive;
  std::unique_ptr<store::WriteAheadLog> log;
  raft::Durable durable;
  bool unfilled = false;                  // begun anew, and never a voter since (begin_anew.hpp)
  std::vector<std::string> notes;         // what was found and repaired, for the log
};

// What `parley recover` leaves until it is through: no node starts beside it.
inline constexpr const char* unfinished_recover_file = "recover.unfinished";
enum class Unfinished : std::uint8_t { is_refused, recover_is_gone_on_with };

// Opens the directory of node `id`, making what a new one lacks. Blocking. The error names the thing that is wrong:
// used by another process, another node's, a lost identity; or damage: of log or archive, a lost log, an archive beyond
// it. What becomes of damage is the caller's affair: see begin_anew.hpp.
Result<DataDirectory, store::Refusal> open_data_directory(store::Disk& disk, NodeId id, net::Entropy& entropy,
                                                          store::LogOptions log_options = {},
                                                          Unfinished unfinished = Unfinished::is_refused);

// The parts of that which can be looked at without files. `unborn`: an identity without a cluster.
Result<Nothing, store::Refusal> check_log(const store::Identity& identity, const raft::Durable& durable,
                                          const std::string& directory);
Result<Nothing, store::Refusal> check_archive(const store::ArchivePosition& position, const raft::Durable& durable,
                                              const std::string& directory);

inline constexpr const char* lock_file = "lock";
inline constexpr const char* log_directory = "log";
inline constexpr const char* archive_file = "archive.db";

}  // namespace parley::node
