#pragma once

#include <string>

#include "store/archive_copies.hpp"
#include "store/archive_incoming.hpp"
#include "store/archive_install.hpp"
#include "store/archive_sample.hpp"
#include "store/log_script.hpp"
#include "store/memory_disk.hpp"
#include "store/write_ahead_log.hpp"

// What the tests of receiving and installing another node's archive have in common.
namespace parley::store::testing {

inline const std::string archive_file = "archive.db";
inline constexpr LogOptions small_segments{4096, false};
inline constexpr std::uint64_t archive_bytes_max = 1 << 30;

// The copy that the leader sends, and what is in it.
struct Sent {
  ArchiveCopy copy;
  std::string bytes;
  ArchiveModel model;

  explicit Sent(int batches, const std::string& sql = "");   // of four entries each; `sql`: done to it at the end
};

const Sent& sent();   // entries 1 to 120

bool receive(Disk& disk, const Sent& from);   // what is missing; false: the disk failed
Result<ArchivePosition> prepare(Disk& disk, const Sent& from = sent());

// A follower that stands at some entry of its own, with a log and an archive that differ from the leader's.
class Follower {
 public:
  explicit Follower(Disk& disk) : disk_(disk) {}

  // Writes an archive up to entry 40, and a log up to entry 60 of which 40 are committed.
  void live();

  Archive::Opened open_archive();   // these two fail the test where they can't
  WriteAheadLog::Opened open_log();

  void install();   // all that a node does with an offered copy. Stops where the disk does; may throw DiskError

  ArchiveModel own_model;
  raft::Durable own_log;

 private:
  Disk& disk_;
};

}  // namespace parley::store::testing
