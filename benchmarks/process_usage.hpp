#pragma once

#include <sys/types.h>

#include <cstdint>

namespace parley::bench {

struct ProcessUsage {
  double cpu_seconds = 0;              // user and system, of all threads (proc(5), /proc/PID/stat)
  std::uint64_t resident_bytes = 0;    // VmRSS
};

ProcessUsage usage_of(pid_t pid);   // zeros if the process is gone

}  // namespace parley::bench
