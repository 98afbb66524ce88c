#include "base/digest.hpp"

#include <gtest/gtest.h>

#include "base/checksum.hpp"

namespace parley {
namespace {

TEST(Digest, IsBlake2bOf256Bits) {   // RFC 7693, key-less, 32 bytes
  EXPECT_EQ(digest("").hex(), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

TEST(Digest, PiecesGiveTheSameAsTheWhole) {
  Hasher hasher;
  hasher.add("ab");
  hasher.add("c");
  EXPECT_EQ(hasher.finish(), digest("abc"));
}

TEST(Digest, ViewAndBack) {
  const Digest d = digest("x");
  EXPECT_EQ(Digest::from_view(d.view()), d);
}

TEST(Checksum, EveryFlippedBitShows) {
  std::string bytes(100, 'a');
  const auto good = checksum(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_NE(checksum(bytes), good) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
}

TEST(Checksum, TheSeedChangesIt) { EXPECT_NE(checksum("a", 1), checksum("a", 2)); }

}  // namespace
}  // namespace parley
