#pragma once

#include "net/entropy.hpp"

namespace parley::net {

// The kernel's random bytes (getrandom(2), by libsodium). Any thread.
class SystemEntropy final : public Entropy {
 public:
  SystemEntropy();   // asserts that libsodium can be used
  void fill(void* bytes, std::size_t size) override;
};

}  // namespace parley::net
