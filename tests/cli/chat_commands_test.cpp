// The table of commands and what is made of a line.
#include "cli/chat_commands.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace parley::cli {
namespace {

ParsedLine parsed(const std::string& line) {
  auto result = parse_chat_line(line);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? *result : ParsedLine{};
}
std::string complaint(const std::string& line) {
  const auto result = parse_chat_line(line);
  return result.ok() ? "(none)" : result.error().message;
}

TEST(ChatCommandsTest, EveryCommandOfTheDesignIsThere) {
  std::set<std::string_view> names;
  for (const auto& command : chat_commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name << " stands twice";
    EXPECT_NE(command.handler, nullptr) << command.name;
    EXPECT_FALSE(command.help.empty()) << command.name;
    EXPECT_LE(command.least, command.most) << command.name;
    EXPECT_EQ(command.arguments.empty(), command.most == 0) << command.name;
  }
  for (const char* name :
       {"/help", "/register", "/login", "/logout", "/passwd", "/delete-account", "/users", "/msg", "/join", "/leave",
        "/rooms", "/members", "/topic", "/history", "/read", "/unread", "/search", "/edit", "/delete", "/who",
        "/status", "/quit", "/create", "/invite", "/remove", "/open"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(ChatCommandsTest, HelpHasALineForEach) {
  const auto lines = help_lines();
  for (const auto& command : chat_commands()) {
    const bool found = std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.starts_with(std::string(command.name) + " ") && line.ends_with(command.help);
    });
    EXPECT_TRUE(found) << command.name;
  }
}

TEST(ChatCommandsTest, ALineWithoutASlashIsAText) {
  EXPECT_EQ(parsed("hello there").command, nullptr);
  EXPECT_EQ(parsed("hello there").text, "hello there");
  EXPECT_EQ(parsed(" /quit").text, " /quit");
}

TEST(ChatCommandsTest, TwoSlashesSendATextThatBeginsWithOne) { EXPECT_EQ(parsed("//quit now").text, "/quit now"); }

TEST(ChatCommandsTest, WordsAndTheRestOfTheLine) {
  const auto line = parsed("/msg  bea   hello   there ");
  EXPECT_EQ(line.command->name, "/msg");
  EXPECT_EQ(line.arguments.word(0), "bea");
  EXPECT_EQ(line.arguments.rest(1), "hello   there");
}

TEST(ChatCommandsTest, ATextOfSeveralLinesStaysWhole) {
  EXPECT_EQ(parsed("/msg bea one\ntwo").arguments.rest(1), "one\ntwo");
}

TEST(ChatCommandsTest, AnUnknownCommandNamesTheNearestAndTheRemedy) {
  EXPECT_NE(complaint("/jion #a").find("did you mean /join?"), std::string::npos) << complaint("/jion #a");
  EXPECT_NE(complaint("/frobnicate").find("/help lists them"), std::string::npos);
  EXPECT_EQ(complaint("/frobnicate").find("did you mean"), std::string::npos);
  EXPECT_NE(complaint("/"), "(none)");
}

TEST(ChatCommandsTest, WrongArgumentsAreAnsweredWithTheUsage) {
  EXPECT_EQ(complaint("/msg bea"), "usage: /msg USER TEXT");
  EXPECT_EQ(complaint("/quit now"), "usage: /quit");
}

TEST(ChatCommandsTest, InvalidUtf8NamesTheByte) {
  EXPECT_NE(complaint("ab\xff").find("byte 3"), std::string::npos);
  EXPECT_NE(complaint("/msg bea \xc3").find("not valid UTF-8"), std::string::npos);
}

TEST(ChatCommandsTest, WhatAnUnknownCommandIsCalledCanNotCommandTheTerminal) {
  EXPECT_EQ(complaint("/\x1b[2J").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace parley::cli
