#include "chat/text.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace parley::chat {
namespace {

TEST(Text, NamesAreLettersDigitsAndThreeSignsBeginningWithALetter) {
  for (const auto* name : {"a", "alice", "a1", "a.b-c_d", "z0123456789"}) EXPECT_TRUE(is_name(name, 32)) << name;
  for (const auto* name : {"", "1a", ".a", "Alice", "al ice", "a#", "a@b", "a~1", "älice", "a\n"}) {
    EXPECT_FALSE(is_name(name, 32)) << name;
  }
  EXPECT_TRUE(is_name(std::string(32, 'x'), 32));
  EXPECT_FALSE(is_name(std::string(33, 'x'), 32));
}

TEST(Text, CaseIsFoldedForAsciiOnly) {
  EXPECT_EQ(folded("AliCE.Z-1"), "alice.z-1");
  EXPECT_EQ(folded("\xc3\x84"), "\xc3\x84");   // Ä stays: no locale decides
}

TEST(Text, WellFormedUtf8IsAcceptedAndNothingElse) {
  for (const auto* text : {"plain", "h\xc3\xa4h", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xc2\xa0"}) {
    EXPECT_TRUE(is_plain_text(text, true)) << text;
  }
  const std::string_view bad[] = {
      "\x80",             // a continuation alone
      "\xc3",             // cut off
      "\xc0\xaf",         // overlong
      "\xe0\x80\xaf",     // overlong
      "\xf0\x80\x80\x80", // overlong
      "\xed\xa0\x80",     // a surrogate
      "\xf4\x90\x80\x80", // beyond U+10FFFF
      "\xf5\x80\x80\x80", "\xff", "a\xe2\x82"};
  for (const auto text : bad) EXPECT_FALSE(is_plain_text(text, true));
}

TEST(Text, ControlCharactersAreRefusedButNewlineAndTabInMessages) {
  for (unsigned c = 0; c < 0xa0; ++c) {
    const std::string text = c < 0x80 ? std::string(1, static_cast<char>(c))
                                      : std::string("\xc2") + static_cast<char>(c);
    const bool control = c < 0x20 || c >= 0x7f;
    EXPECT_EQ(is_plain_text(text, true), !control || c == '\n' || c == '\t') << c;
    EXPECT_EQ(is_plain_text(text, false), !control) << c;
  }
}

TEST(Text, AMessageHasOneByteToTextMaxAndMoreThanBlanks) {
  EXPECT_EQ(fault_of_message("x"), std::nullopt);
  EXPECT_EQ(fault_of_message("two\nlines\tand a tab"), std::nullopt);
  EXPECT_EQ(fault_of_message(""), Code::text_empty);
  EXPECT_EQ(fault_of_message(" \n\t "), Code::text_empty);
  EXPECT_EQ(fault_of_message(std::string(text_max, 'x')), std::nullopt);
  EXPECT_EQ(fault_of_message(std::string(text_max + 1, 'x')), Code::text_too_long);
  EXPECT_EQ(fault_of_message("\x1b[2J"), Code::bad_text);
}

TEST(Text, ATopicIsOneLineAndMayBeEmpty) {
  EXPECT_EQ(fault_of_topic(""), std::nullopt);
  EXPECT_EQ(fault_of_topic("two\nlines"), Code::bad_text);
  EXPECT_EQ(fault_of_topic(std::string(topic_max, 'x')), std::nullopt);
  EXPECT_EQ(fault_of_topic(std::string(topic_max + 1, 'x')), Code::text_too_long);
}

TEST(Text, AnExcerptIsPlainAndShortWhateverWasGiven) {
  EXPECT_EQ(excerpt("name"), "name");
  EXPECT_EQ(excerpt("a\x1b[2Jb\xff"), "a?[2Jb?");
  EXPECT_EQ(excerpt(std::string(63, 'x') + "\xc3\xa4"), std::string(63, 'x'));   // no half character
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random.below(100), '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random.below(256));
    EXPECT_TRUE(is_plain_text(excerpt(bytes), false));
    EXPECT_LE(excerpt(bytes).size(), 64U);
  }
}

TEST(Text, AStarTakesAnyRunAndAQuestionMarkAnyOneByte) {
  const std::pair<std::string_view, std::string_view> match[] = {
      {"", "anything"}, {"*", ""}, {"*", "abc"}, {"a*", "a"}, {"a*c", "abbc"}, {"*b*", "abc"}, {"a?c", "abc"},
      {"??", "ab"},     {"*a*b*", "xxaxxbxx"}, {"a**b", "ab"}, {"*ab", "aab"}, {"abc", "abc"}};
  for (const auto& [pattern, name] : match) EXPECT_TRUE(matches(pattern, name)) << pattern << " " << name;
  const std::pair<std::string_view, std::string_view> differ[] = {
      {"a", "b"}, {"a", "ab"}, {"?", ""}, {"a?c", "ac"}, {"*b", "abc"}, {"a*b*c", "acb"}, {"ab", "a"}};
  for (const auto& [pattern, name] : differ) EXPECT_FALSE(matches(pattern, name)) << pattern << " " << name;
}

TEST(Text, AHostilePatternCostsLittle) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(1000, 'a')));
}

}  // namespace
}  // namespace parley::chat
