#pragma once

#include <cstdint>
#include <string_view>

namespace parley {

// XXH3-64 (library xxHash): guards log records, pages and frames against accident, not against intent.
// `seed` chains checksums: pass the previous one to make this one cover it.
std::uint64_t checksum(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace parley
