#pragma once

#include <cstdint>
#include <string>

namespace parley::cli {

struct LogDumpOptions {
  std::string data;                // the data directory of a stopped node
  bool json = false;               // one object a line
  std::uint64_t from = 0;          // entries from this index on,
  std::uint64_t to = ~0ULL;        // and no further
};

// Prints what the write-ahead log of a stopped node holds, and changes nothing but the lock file. Exit code: 0 all of
// it was read; 1 some of it is damaged, or the node runs; 2 usage.
int log_dump_command(const LogDumpOptions& options);

}  // namespace parley::cli
