#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "fuzz/input.hpp"

namespace parley::fuzz {

// What disks do to files, drawn from an input. No operation writes bytes of the input's choice: with those the fuzzer
// would in the end forge a checksum, which guards against accident and not against intent.
class Damage {
 public:
  Damage(Input& in, std::size_t block) : in_(in), block_(block) {}

  // `old` is what the same file held earlier: a write that never arrived puts a block of it back.
  void once(std::string& file, const std::string& old) {
    if (file.empty()) return;
    const std::size_t blocks = (file.size() + block_ - 1) / block_;
    const std::size_t one = in_.below(blocks) * block_;
    const std::size_t other = in_.below(blocks) * block_;
    switch (in_.below(7)) {
      case 0: return put(file, one, std::string(std::min(block_, file.size() - one), '\0'));      // lost
      case 1: return put(file, one, std::string(file.substr(other, block_)));                     // misdirected
      case 2: {                                                                                   // exchanged
        const std::string kept = file.substr(one, block_);
        put(file, one, file.substr(other, block_));
        return put(file, other, kept);
      }
      case 3:                                                                                     // stale
        return one < old.size() ? put(file, one, old.substr(one, block_)) : void();
      case 4: return file.resize(in_.below(file.size() + 1));                                     // cut short
      default: {                                                                                  // a flipped bit
        const std::size_t at = std::min(one + in_.below(block_), file.size() - 1);
        file[at] = static_cast<char>(file[at] ^ (1 << in_.below(8)));
      }
    }
  }

 private:
  static void put(std::string& file, std::size_t at, const std::string& bytes) {
    const std::size_t fits = std::min(bytes.size(), file.size() - at);
    file.replace(at, fits, bytes, 0, fits);
  }

  Input& in_;
  std::size_t block_;
};

}  // namespace parley::fuzz
