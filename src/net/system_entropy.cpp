#include "net/system_entropy.hpp"

#include <sodium.h>

#include "base/assert.hpp"

namespace parley::net {

SystemEntropy::SystemEntropy() { PARLEY_ASSERT(sodium_init() >= 0, "libsodium must initialise"); }

void SystemEntropy::fill(void* bytes, std::size_t size) { randombytes_buf(bytes, size); }

}  // namespace parley::net
