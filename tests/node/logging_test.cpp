#include "node/logging.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace parley::node {
namespace {

TEST(LoggingTest, NobodyOutsideCanForgeALineOrMoveTheCursor) {
  EXPECT_EQ(escape_for_log("bob\n2026-01-01 error node 1: forged"), "bob\\n2026-01-01 error node 1: forged");
  EXPECT_EQ(escape_for_log("\r\t\x1b[2J\x7f"), "\\r\\t\\x1b[2J\\x7f");
  EXPECT_EQ(escape_for_log(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(escape_for_log("\xC2\x9B" "31m"), "\\xc2\\x9b31m");            // C1 control sequence introducer
  EXPECT_EQ(escape_for_log("a\xE2\x80\xA8z"), "a\\xe2\\x80\\xa8z");        // line separator
  EXPECT_EQ(escape_for_log("C:\\n"), "C:\\\\n");                           // or "\n" could be pretended
}

TEST(LoggingTest, TextInAnyLanguageStaysReadable) {
  EXPECT_EQ(escape_for_log("Grüße, 世界 🎉"), "Grüße, 世界 🎉");
}

TEST(LoggingTest, BrokenUtf8IsShownByteByByte) {
  EXPECT_EQ(escape_for_log("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(escape_for_log("\xC0\x8A"), "\\xc0\\x8a");           // an overlong newline
  EXPECT_EQ(escape_for_log("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(escape_for_log("\xE4\xB8"), "\\xe4\\xb8");           // cut short
}

TEST(LoggingTest, ALineHasALimit) {
  const auto line = escape_for_log(std::string(1'000'000, 'x'));
  EXPECT_LT(line.size(), log_text_max + 8);
  EXPECT_TRUE(line.ends_with("…"));
}

TEST(LoggingTest, ASinkGetsEscapedLinesWithLevelAndEvent) {
  std::vector<std::string> lines;
  const auto logger = make_sink_logger([&](LogLevel level, std::string_view event, std::string_view text) {
    lines.push_back(std::string(name(level)) + " " + std::string(event) + " " + std::string(text));
  });
  logger->warn("peer_rejected", "a\nb");
  EXPECT_EQ(lines, std::vector<std::string>{"warn peer_rejected a\\nb"});
}

TEST(LoggingTest, LevelsAndFormatsAreReadByName) {
  EXPECT_EQ(*parse_log_level("warn"), LogLevel::warn);
  EXPECT_EQ(parse_log_level("loud").error().message, "unknown log level 'loud': expected debug, info, warn or error");
  EXPECT_EQ(*parse_log_format("json"), LogFormat::json);
  EXPECT_FALSE(parse_log_format("xml").ok());
}

TEST(LoggingTest, ALimiterLetsOneLineThroughPerInterval) {
  LogLimiter limiter(milliseconds(100));
  const TimePoint start{milliseconds(5000)};
  EXPECT_TRUE(limiter.allow(start));
  EXPECT_FALSE(limiter.allow(start + milliseconds(99)));
  EXPECT_TRUE(limiter.allow(start + milliseconds(100)));
  EXPECT_EQ(limiter.take_suppressed(), 1U);
}

}  // namespace
}  // namespace parley::node
