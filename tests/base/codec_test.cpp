#include "base/codec.hpp"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(Codec, ReadsBackWhatWasWritten) {
  std::string bytes;
  Writer out(bytes);
  out.u8(7);
  out.u16(0xbeef);
  out.u32(0xdeadbeef);
  out.u64(~0ULL);
  out.i64(-5);
  out.boolean(true);
  out.string("häh");
  Reader in(bytes);
  EXPECT_EQ(in.u8(), 7);
  EXPECT_EQ(in.u16(), 0xbeef);
  EXPECT_EQ(in.u32(), 0xdeadbeefU);
  EXPECT_EQ(in.u64(), ~0ULL);
  EXPECT_EQ(in.i64(), -5);
  EXPECT_TRUE(in.boolean());
  EXPECT_EQ(in.string(100), "häh");
  EXPECT_TRUE(in.done());
}

TEST(Codec, NumbersAreLittleEndian) {
  std::string bytes;
  Writer(bytes).u32(0x01020304);
  EXPECT_EQ(bytes, std::string("\x04\x03\x02\x01"));
}

TEST(Codec, FailsForGoodAtTheFirstReadPastTheEnd) {
  Reader in("\x01\x02");
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0);
  EXPECT_FALSE(in.done());
}

TEST(Codec, RefusesAStringLongerThanItsLimit) {
  std::string bytes;
  Writer(bytes).string("twelve bytes");
  Reader in(bytes);
  EXPECT_EQ(in.string(11), "");
  EXPECT_FALSE(in.ok());
}

TEST(Codec, RefusesABooleanThatIsNeitherZeroNorOne) {
  Reader in("\x02");
  in.boolean();
  EXPECT_FALSE(in.ok());
}

TEST(Codec, EveryTruncationFails) {
  std::string bytes;
  Writer out(bytes);
  out.u64(1);
  out.string("text");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Reader in(std::string_view(bytes).substr(0, cut));
    in.u64();
    in.string(100);
    EXPECT_FALSE(in.done()) << "cut at " << cut;
  }
}

}  // namespace
}  // namespace parley
