#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "net/argon2_hasher.hpp"
#include "net/system_entropy.hpp"

namespace parley::net {
namespace {

constexpr Argon2Cost cheap{64 * 1024, 1};

TEST(Argon2Hasher, makes_phc_strings_at_the_documented_cost) {
  const auto phc = Argon2Hasher().hash("correct horse");
  EXPECT_TRUE(phc.starts_with("$argon2id$v=19$m=47104,t=1,p=1$")) << phc;
  EXPECT_TRUE(Argon2Hasher().verify(phc, "correct horse"));
  EXPECT_FALSE(Argon2Hasher().verify(phc, "correct horsf"));
}

TEST(Argon2Hasher, salts_every_hash_anew) {
  Argon2Hasher hasher(cheap);
  EXPECT_NE(hasher.hash("same"), hasher.hash("same"));
}

TEST(Argon2Hasher, takes_passwords_of_any_bytes_up_to_the_limit) {
  Argon2Hasher hasher(cheap);
  for (const auto& password : {std::string(), std::string("\0a", 2), std::string(password_bytes_max, '\xff')}) {
    const auto phc = hasher.hash(password);
    EXPECT_TRUE(hasher.verify(phc, password));
    EXPECT_FALSE(hasher.verify(phc, password + "x"));
  }
  EXPECT_THROW(hasher.hash(std::string(password_bytes_max + 1, 'a')), std::length_error);
}

TEST(Argon2Hasher, verifies_nothing_against_what_is_no_hash) {
  Argon2Hasher hasher(cheap);
  const auto phc = hasher.hash("secret");
  for (const auto& text : {std::string(), std::string("secret"), phc.substr(0, phc.size() - 1), phc + "AAAA",
                           std::string("$argon2id$v=19$m=64,t=1,p=1$$"), std::string(10'000, '$')})
    EXPECT_FALSE(hasher.verify(text, "secret")) << text;
}

TEST(Argon2Hasher, verifies_a_hash_made_at_another_cost_and_wants_it_made_again) {
  Argon2Hasher old(cheap);
  Argon2Hasher now(Argon2Cost{128 * 1024, 1});
  const auto phc = old.hash("secret");
  EXPECT_TRUE(now.verify(phc, "secret"));
  EXPECT_TRUE(now.needs_rehash(phc));
  EXPECT_FALSE(old.needs_rehash(phc));
  EXPECT_TRUE(now.needs_rehash("nonsense"));
}

TEST(SystemEntropy, gives_bytes_that_do_not_repeat) {
  SystemEntropy entropy;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(entropy.u64());
  EXPECT_EQ(seen.size(), 1000u);
  const auto bytes = entropy.bytes(32);
  EXPECT_EQ(bytes.size(), 32u);
  EXPECT_FALSE(std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; }));
  EXPECT_EQ(entropy.bytes(0), "");
}

}  // namespace
}  // namespace parley::net
