#pragma once

#include <cstdint>
#include <string>

namespace parley::net {

// Unpredictable bytes for tokens, salts and identities; the simulator draws them from its seed.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(void* bytes, std::size_t size) = 0;

  std::uint64_t u64() {
    std::uint64_t v = 0;
    fill(&v, sizeof v);
    return v;
  }
  std::string bytes(std::size_t size) {
    std::string result(size, '\0');
    fill(result.data(), size);
    return result;
  }
};

// Passwords to PHC strings and back (argon2id in production, a cheap stand-in in the simulator). Blocking and
// slow by design: call on Lane::password only.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;
  virtual std::string hash(const std::string& password) = 0;                              // a PHC string
  virtual bool verify(const std::string& phc, const std::string& password) = 0;           // constant time
};

}  // namespace parley::net
