#include "wire/binary_text.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace parley::wire {
namespace {

TEST(Base64, IsThatOfRfc4648) {   // section 10
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xfb\xff"), "+/8=");
}

TEST(Base64, GivesBackAnyBytes) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random.below(50), '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random.below(256));
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Base64, RefusesEverythingElse) {
  for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 8", "Zm-_", "Zg==Zg==",
                           "=Zg="}) {
    EXPECT_FALSE(from_base64(text).has_value()) << text;
  }
}

TEST(DigestText, IsItsHexAndNothingElse) {
  const Digest one = digest("something");
  EXPECT_EQ(digest_from_hex(one.hex()), one);
  EXPECT_FALSE(digest_from_hex(one.hex().substr(1)).has_value());
  EXPECT_FALSE(digest_from_hex(one.hex() + "0").has_value());
  EXPECT_FALSE(digest_from_hex(std::string(64, 'A')).has_value());
  EXPECT_FALSE(digest_from_hex(std::string(63, '0') + "g").has_value());
}

}  // namespace
}  // namespace parley::wire
