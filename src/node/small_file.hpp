#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace parley::node {

// For whose eyes a file is: a secret is refused if others than its owner may use it, any other file if anybody may
// change it.
enum class Secrecy : std::uint8_t { secret, open };

struct FileRefusal {
  std::string reason;       // and the remedy, where it is one for any file
  bool needs_another = false;   // no mending: another file has to be there
};

// The whole of a small regular file, a secret one above all. The caller names it, and wipes the text if need be.
// Blocks.
Result<std::string, FileRefusal> read_small_file(const std::string& file, std::size_t bytes_max, Secrecy secrecy);

}  // namespace parley::node
