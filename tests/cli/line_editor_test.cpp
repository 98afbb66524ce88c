// Keys in, screen out: a small terminal reads what the editor writes.
#include "cli/line_editor.hpp"

#include <gtest/gtest.h>

#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

using Kind = LineEditor::Event::Kind;
using Lines = std::vector<std::string>;

// As much of a terminal as the editor uses: CR, LF, CSI n A/C, CSI K, CSI J, CSI H, CSI 2J; SGR is passed over.
class Screen {
 public:
  Screen(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows), cells_(rows, Row(columns)) {}

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes.starts_with("\x1b[")) {
        bytes.remove_prefix(escape(bytes));
        continue;
      }
      const auto point = decode_utf8(bytes);
      if (point.value == '\r') {
        column_ = 0;
      } else if (point.value == '\n') {
        line_feed();
      } else {
        put(bytes.substr(0, point.bytes), static_cast<std::size_t>(display_width(point.value)));
      }
      bytes.remove_prefix(point.bytes);
    }
  }

  Lines lines() const {   // without trailing blanks and trailing empty lines
    Lines result;
    for (const auto& row : cells_) {
      std::string text;
      for (const auto& cell : row) text += cell;
      while (text.ends_with(' ')) text.pop_back();
      result.push_back(text);
    }
    while (!result.empty() && result.back().empty()) result.pop_back();
    return result;
  }
  std::size_t row() const { return row_; }
  std::size_t column() const { return column_; }

 private:
  using Row = std::vector<std::string>;

  void line_feed() {
    if (++row_ < rows_) return;
    cells_.erase(cells_.begin());
    cells_.emplace_back(columns_, " ");
    row_ = rows_ - 1;
  }
  void put(std::string_view bytes, std::size_t width) {
    if (width == 0) {
      if (column_ > 0) cells_[row_][column_ - 1] += bytes;
      return;
    }
    ASSERT_LE(column_ + width, columns_) << "the editor relied on automatic margins";
    cells_[row_][column_] = std::string(bytes);
    if (width == 2) cells_[row_][column_ + 1] = "";
    column_ += width;
  }
  std::size_t escape(std::string_view bytes) {
    std::size_t end = 2;
    while (bytes[end] < 0x40) ++end;
    const std::string number(bytes.substr(2, end - 2));
    const std::size_t count = number.empty() ? 1 : std::stoul(number);
    const std::size_t at = std::min(column_, columns_ - 1);   // a pending wrap is the last column
    switch (bytes[end]) {
      case 'A': row_ -= std::min(count, row_); break;
      case 'C': column_ = std::min(column_ + count, columns_ - 1); break;
      case 'H': row_ = column_ = 0; break;
      case 'K': blank(row_, at); break;
      case 'J':
        if (number == "2") {
          for (std::size_t i = 0; i < rows_; ++i) blank(i, 0);
        } else {
          blank(row_, at);
          for (std::size_t i = row_ + 1; i < rows_; ++i) blank(i, 0);
        }
        break;
      default: break;
    }
    return end + 1;
  }
  void blank(std::size_t row, std::size_t from) {
    for (std::size_t i = from; i < columns_; ++i) cells_[row][i] = " ";
  }

  std::size_t columns_;
  std::size_t rows_;
  std::vector<Row> cells_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

class LineEditorTest : public ::testing::Test {
 protected:
  LineEditorTest() { editor_.set_prompt("> "); }

  std::vector<LineEditor::Event> type(std::string_view keys) {
    auto events = editor_.feed(keys);
    screen_.write(editor_.take_output());
    return events;
  }
  std::string line(std::string_view keys) {   // what Enter gives at last
    std::string text = "(no line)";
    for (const auto& event : type(keys)) {
      if (event.kind == Kind::line) text = event.text;
    }
    return text;
  }
  void print(std::string_view text) {
    editor_.print_above(text);
    screen_.write(editor_.take_output());
  }

  LineEditor editor_{20, 6};
  Screen screen_{20, 6};
};

TEST_F(LineEditorTest, ShowsThePromptAndWhatIsTyped) {
  type("hello");
  EXPECT_EQ(screen_.lines(), Lines{"> hello"});
  EXPECT_EQ(screen_.column(), 7U);
}

TEST_F(LineEditorTest, EnterGivesTheLineAndEmptiesIt) {
  EXPECT_EQ(line("hello\r"), "hello");
  EXPECT_EQ(editor_.text(), "");
  EXPECT_EQ(screen_.lines(), Lines{">"});
}

TEST_F(LineEditorTest, CarriageReturnAndLineFeedAreOneEnter) {
  EXPECT_EQ(type("a\r\nb\n").size(), 2U);
}

TEST_F(LineEditorTest, ArrowsMoveAndCharactersAreInsertedThere) {
  EXPECT_EQ(line("held\x1b[D\x1b[Dl\x1b[C\x1b[Co\r"), "helldo");
  EXPECT_EQ(line("ac\x1bODb\r"), "abc");
}

TEST_F(LineEditorTest, HomeAndEndInEveryDialect) {
  for (const char* home : {"\x01", "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"}) {
    for (const char* end : {"\x05", "\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"}) {
      EXPECT_EQ(line(std::string("b") + home + "a" + end + "c\r"), "abc");
    }
  }
}

TEST_F(LineEditorTest, KillsToTheEndAndToTheStart) {
  EXPECT_EQ(line("one two\x1b[D\x1b[D\x1b[D\x0b\r"), "one ");
  EXPECT_EQ(line("one two\x1b[D\x1b[D\x1b[D\x15\r"), "two");
}

TEST_F(LineEditorTest, KillsAWordAndYanksItBack) {
  EXPECT_EQ(line("one two \x17\r"), "one ");
  EXPECT_EQ(line("one two\x17\x01\x19 \r"), "two one ");
}

TEST_F(LineEditorTest, MovesByWords) {
  EXPECT_EQ(line("one two three\x1b" "b\x1b" "bX\x1b" "fY\r"), "one XtwoY three");
  EXPECT_EQ(line("one two\x1b[1;5DX\r"), "one Xtwo");
}

TEST_F(LineEditorTest, BackspaceAndDelete) {
  EXPECT_EQ(line("abc\x7f\r"), "ab");
  EXPECT_EQ(line("abc\x08\r"), "ab");
  EXPECT_EQ(line("abc\x01\x1b[3~\r"), "bc");
  EXPECT_EQ(line("abc\x01\x04\r"), "bc");
  EXPECT_EQ(line("\x7f\x1b[3~x\r"), "x");
}

TEST_F(LineEditorTest, TransposesTheTwoCharactersBeforeTheEnd) { EXPECT_EQ(line("teh\x14\r"), "the"); }

TEST_F(LineEditorTest, WholeCharactersAreErasedNotBytes) {
  EXPECT_EQ(line("gr\u00fc\u00df\x7f\r"), "gr\u00fc");
  EXPECT_EQ(line("\u65e5\u672c\x1b[D\x7f\r"), "\u672c");
  EXPECT_EQ(line("e\u0301x\x7f\x7f\r"), "");   // e with a combining accent is one
}

TEST_F(LineEditorTest, ACharacterMayArriveInPieces) {
  type("\xe6\x97");
  EXPECT_EQ(editor_.text(), "");
  EXPECT_EQ(line("\xa5\r"), "\u65e5");
}

TEST_F(LineEditorTest, AnEscapeSequenceMayArriveInPieces) {
  type("ac\x1b");
  type("[");
  type("D");
  EXPECT_EQ(line("b\r"), "abc");
}

TEST_F(LineEditorTest, BytesThatAreNotUtf8AreRefusedWithAReason) {
  const auto events = type("a\xff" "b");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::complaint);
  EXPECT_NE(events[0].text.find("UTF-8"), std::string::npos);
  EXPECT_EQ(editor_.text(), "ab");
}

TEST_F(LineEditorTest, UnknownEscapeSequencesLeaveNoRubbish) {
  EXPECT_EQ(line("a\x1b[24~\x1b[?1;2c\x1b[I\x1bx" "b\r"), "ab");
}

TEST_F(LineEditorTest, WideCharactersTakeTwoColumns) {
  type("\u65e5\u672c");
  EXPECT_EQ(screen_.column(), 6U);
  type("\x1b[D");
  EXPECT_EQ(screen_.column(), 4U);
}

TEST_F(LineEditorTest, ALongLineWrapsAndTheCursorFollows) {
  type("abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(screen_.lines(), (Lines{"> abcdefghijklmnopqr", "stuvwxyz"}));
  EXPECT_EQ(screen_.row(), 1U);
  EXPECT_EQ(screen_.column(), 8U);
  type("\x01");
  EXPECT_EQ(screen_.row(), 0U);
  EXPECT_EQ(screen_.column(), 2U);
  type("\x0b");
  EXPECT_EQ(screen_.lines(), Lines{">"});
}

TEST_F(LineEditorTest, AfterAFullRowTheCursorStandsOnTheNext) {
  type("abcdefghijklmnopqr");
  EXPECT_EQ(screen_.lines(), Lines{"> abcdefghijklmnopqr"});
  EXPECT_EQ(screen_.row(), 1U);
  EXPECT_EQ(screen_.column(), 0U);
  type("\x1b[D");
  EXPECT_EQ(screen_.lines(), Lines{"> abcdefghijklmnopqr"});
  EXPECT_EQ(screen_.row(), 0U);
  EXPECT_EQ(screen_.column(), 19U);
}

TEST_F(LineEditorTest, AWideCharacterIsNotCutAtTheEdge) {
  type("abcdefghijklmnopq\u65e5x");   // one column was left
  EXPECT_EQ(screen_.lines(), (Lines{"> abcdefghijklmnopq", "\u65e5x"}));
}

TEST_F(LineEditorTest, WhatIsHigherThanTheScreenIsShownAroundTheCursor) {
  type(std::string(200, 'x') + "end");
  EXPECT_EQ(screen_.lines().size(), 6U);
  EXPECT_EQ(screen_.lines().back(), "xxend");
  type("\x01");
  EXPECT_EQ(screen_.lines().front(), "> xxxxxxxxxxxxxxxxxx");
  EXPECT_EQ(screen_.row(), 0U);
}

TEST_F(LineEditorTest, AnArrivingMessageIsPrintedAboveTheLineBeingTyped) {
  type("half a li");
  print("bea: hello");
  EXPECT_EQ(screen_.lines(), (Lines{"bea: hello", "> half a li"}));
  EXPECT_EQ(screen_.column(), 11U);
  EXPECT_EQ(line("ne\r"), "half a line");
}

TEST_F(LineEditorTest, AMessageAboveALineOfSeveralRowsLeavesNothingBehind) {
  type("abcdefghijklmnopqrstuvwxyz");
  type("\x01");
  print("one\ntwo");
  EXPECT_EQ(screen_.lines(), (Lines{"one", "two", "> abcdefghijklmnopqr", "stuvwxyz"}));
  EXPECT_EQ(screen_.row(), 2U);
}

TEST_F(LineEditorTest, ScrollsWhenTheScreenIsFull) {
  type("typing");
  for (int i = 0; i < 10; ++i) print("line " + std::to_string(i));
  EXPECT_EQ(screen_.lines(), (Lines{"line 5", "line 6", "line 7", "line 8", "line 9", "> typing"}));
}

TEST_F(LineEditorTest, HistoryGoesBackAndForthAndKeepsTheDraft) {
  type("one\rtwo\r");
  type("dra");
  type("\x1b[A");
  EXPECT_EQ(editor_.text(), "two");
  type("\x1b[A\x1b[A\x1b[A");
  EXPECT_EQ(editor_.text(), "one");
  type("\x1b[B\x1b[B\x1b[B");
  EXPECT_EQ(editor_.text(), "dra");
  type("\x10");
  EXPECT_EQ(line("!\r"), "two!");
}

TEST_F(LineEditorTest, HistoryHoldsALineThatWasRepeatedOnce) {
  type("one\rtwo\rtwo\r");
  type("\x1b[A\x1b[A");
  EXPECT_EQ(editor_.text(), "one");
}

TEST_F(LineEditorTest, HistoryForgetsTheOldest) {
  for (std::size_t i = 0; i < LineEditor::history_max + 10; ++i) type("line " + std::to_string(i) + "\r");
  for (std::size_t i = 0; i < LineEditor::history_max + 20; ++i) editor_.feed("\x1b[A");
  EXPECT_EQ(editor_.text(), "line 10");
}

TEST_F(LineEditorTest, APasswordIsNeitherShownNorRemembered) {
  type("half");
  editor_.begin_secret("Password: ");
  type("sesame");
  EXPECT_EQ(screen_.lines(), Lines{"Password:"});
  EXPECT_EQ(screen_.column(), 10U);
  EXPECT_EQ(line("\r"), "sesame");
  editor_.end_secret();
  type("");
  EXPECT_EQ(screen_.lines(), Lines{"> half"});
  type("\x15\x1b[A");
  EXPECT_EQ(editor_.text(), "");
  type("\x19");                      // nothing of it in the kill ring either
  EXPECT_EQ(editor_.text(), "half");
}

TEST_F(LineEditorTest, APasswordErasedByControlUCanNotBeYanked) {
  editor_.begin_secret("Password: ");
  type("sesame\x15\x19");
  EXPECT_EQ(editor_.text(), "");
}

TEST_F(LineEditorTest, APasteOfSeveralLinesIsOneMessage) {
  type("say \x1b[200~one\r\ntwo\rthree\n\x1b[201~");
  EXPECT_EQ(screen_.lines(), Lines{"> say one\u23cetwo\u23cethree"});
  EXPECT_EQ(line("!\r"), "say one\ntwo\nthree!");
}

TEST_F(LineEditorTest, APasteMayArriveInPieces) {
  type("\x1b[20");
  type("0~a\x1b[2");
  type("01~b");
  EXPECT_EQ(editor_.text(), "ab");
  type("\x1b[200~c\x1b[201");
  type("~d");
  EXPECT_EQ(editor_.text(), "abcd");
}

TEST_F(LineEditorTest, ControlCharactersOfAPasteAreNotObeyed) {
  type("\x1b[200~a\x03\x04\tb\x1b[A\x1b[201~");
  EXPECT_EQ(editor_.text(), "a    b[A");
}

TEST_F(LineEditorTest, TooMuchIsNotTakenAndSaid) {
  auto events = type("\x1b[200~" + std::string(paste_max + 1, 'x') + "\x1b[201~");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::complaint);
  EXPECT_EQ(editor_.text(), "");
  events = editor_.feed("\x1b[200~" + std::string(LineEditor::line_max + 1, 'x') + "\x1b[201~");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_NE(events[0].text.find("16384"), std::string::npos);
}

TEST_F(LineEditorTest, ControlCClearsALineAndOnAnEmptyOneInterrupts) {
  EXPECT_TRUE(type("half\x03").empty());
  EXPECT_EQ(screen_.lines(), Lines{">"});
  const auto events = type("\x03");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::interrupt);
}

TEST_F(LineEditorTest, ControlDOnAnEmptyLineEndsTheInput) {
  const auto events = type("\x04");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::end_of_input);
}

TEST_F(LineEditorTest, ANewWidthIsUsedFromThenOn) {
  type("abcdefghij");
  editor_.resize(8, 6);
  Screen narrow(8, 6);
  narrow.write(editor_.take_output());
  EXPECT_EQ(narrow.lines(), (Lines{"> abcdef", "ghij"}));
}

TEST_F(LineEditorTest, TheColourOfThePromptTakesNoColumns) {
  editor_.set_prompt("> ", "\x1b[32m");
  type("x");
  EXPECT_EQ(screen_.lines(), Lines{"> x"});
  EXPECT_EQ(screen_.column(), 3U);
}

TEST_F(LineEditorTest, HidingRemovesThePrompt) {
  type("abcdefghijklmnopqrstuvwxyz");
  editor_.hide();
  screen_.write(editor_.take_output());
  EXPECT_TRUE(screen_.lines().empty());
  EXPECT_EQ(screen_.row(), 0U);
}

TEST_F(LineEditorTest, NothingIsWrittenWhenNothingChanged) {
  type("x");
  EXPECT_EQ(editor_.take_output(), "");
  editor_.set_prompt("> ");
  EXPECT_EQ(editor_.take_output(), "");
}

TEST(Utf8Test, FindsWhatIsNotUtf8) {
  EXPECT_EQ(find_invalid_utf8("gr\u00fc\u00df \U0001f600"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("ab\xc3"), 2U);
  EXPECT_EQ(find_invalid_utf8("\xc0\xaf"), 0U);           // overlong
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0U);       // a surrogate
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0U);   // beyond U+10FFFF
}

TEST(Utf8Test, WhatOthersWroteCanNotCommandTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\x07", false), "a\ufffd[2Jb\ufffd");
  EXPECT_EQ(printable("a\nb", true), "a\nb");
  EXPECT_EQ(printable("a\nb", false), "a\ufffdb");
  EXPECT_EQ(printable("\u202eabc", false), "\ufffdabc");
  EXPECT_EQ(printable("\xff", false), "\ufffd");
}

TEST(Utf8Test, KnowsWidths) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\u65e5\u672c"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("\U0001f600"), 2U);
}

}  // namespace
}  // namespace parley::cli
