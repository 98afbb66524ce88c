#include "net/argon2_hasher.hpp"

#include <sodium.h>

#include <array>
#include <new>
#include <stdexcept>

#include "base/assert.hpp"

namespace parley::net {
namespace {

constexpr std::string_view phc_prefix = crypto_pwhash_argon2id_STRPREFIX;

bool is_phc(const std::string& text) {
  return text.starts_with(phc_prefix) && text.size() < crypto_pwhash_STRBYTES && text.find('\0') == std::string::npos;
}

}  // namespace

Argon2Hasher::Argon2Hasher(Argon2Cost cost) : cost_(cost) {
  PARLEY_ASSERT(sodium_init() >= 0, "libsodium must initialise");
  PARLEY_ASSERT(cost.memory >= crypto_pwhash_argon2id_MEMLIMIT_MIN && cost.passes >= 1, "a cost argon2id can have");
}

std::string Argon2Hasher::hash(const std::string& password) {
  if (password.size() > password_bytes_max) throw std::length_error("the password is too long");
  std::array<char, crypto_pwhash_STRBYTES> phc{};
  const int failed = crypto_pwhash_str_alg(phc.data(), password.data(), password.size(), cost_.passes, cost_.memory,
                                           crypto_pwhash_ALG_ARGON2ID13);
  if (failed) throw std::bad_alloc();   // the one way it can fail, by its manual
  return phc.data();
}

bool Argon2Hasher::verify(const std::string& phc, const std::string& password) {
  if (password.size() > password_bytes_max) return false;   // says nothing about the account
  if (!is_phc(phc)) {
    hash(password);
    return false;
  }
  return crypto_pwhash_str_verify(phc.c_str(), password.data(), password.size()) == 0;
}

bool Argon2Hasher::needs_rehash(const std::string& phc) const {
  return !is_phc(phc) || crypto_pwhash_str_needs_rehash(phc.c_str(), cost_.passes, cost_.memory) != 0;
}

}  // namespace parley::net
