#pragma once

#include <filesystem>

#include "report.hpp"

namespace parley::bench {

// What no replicated write can beat on this machine and disk: one fdatasync of a small append into preallocated
// space (as the log does it), and one TCP round trip on loopback.
Report measure_floor(const std::filesystem::path& directory, std::size_t rounds);

}  // namespace parley::bench
