#pragma once

#include "net/entropy.hpp"

namespace parley::net {

// What one hash costs: `memory` bytes, passed over `passes` times, on one thread (libsodium fixes parallelism at 1).
// By default m=47104, t=1, p=1: the first choice of OWASP's Password Storage Cheat Sheet.
struct Argon2Cost {
  std::size_t memory = 46u * 1024 * 1024;
  unsigned passes = 1;
};

inline constexpr std::size_t password_bytes_max = 1024;   // longer ones are never right; bounds the work of one call

// argon2id to PHC strings ("$argon2id$v=19$m=47104,t=1,p=1$salt$hash"). Blocking, some tens of milliseconds: on
// Lane::password only. Keeps no state: any thread.
class Argon2Hasher final : public PasswordHasher {
 public:
  explicit Argon2Hasher(Argon2Cost cost = Argon2Cost());

  // Throws std::bad_alloc if the memory can't be had, std::length_error beyond password_bytes_max.
  std::string hash(const std::string& password) override;

  // False, too, where `phc` is no PHC string; then it takes as long as it would for one, so that asking with an empty
  // `phc` for an account that doesn't exist can't be told from a wrong password by a stopwatch (OWASP ASVS 6.3.8).
  bool verify(const std::string& phc, const std::string& password) override;

  // True if `phc` was made at another cost than today's: hash again at the next login, when the password is at hand.
  bool needs_rehash(const std::string& phc) const;

 private:
  Argon2Cost cost_;
};

}  // namespace parley::net
