#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cli/key_parser.hpp"

namespace parley::cli {

// What the terminal shows below everything printed so far: a prompt and the line being typed. Keys in, screen out;
// pure: no terminal, no file. A pasted text of several lines is one line with its line breaks shown as ⏎, edited and
// sent as one.
class LineEditor {
 public:
  struct Event {
    enum class Kind : std::uint8_t {
      line,            // Enter: `text`
      interrupt,       // Ctrl-C on an empty line (on another it clears the line)
      end_of_input,    // Ctrl-D on an empty line
      suspend,         // Ctrl-Z
      complaint        // `text` says why something typed or pasted was not taken
    };
    Kind kind = Kind::line;
    std::string text;
  };

  static constexpr std::size_t line_max = 16 * 1024;   // bytes; more is not taken, with a complaint
  static constexpr std::size_t history_max = 500;      // lines; the oldest is forgotten
  static constexpr std::size_t above_max = 1 << 20;    // bytes waiting for a terminal that is stopped; then left out

  LineEditor(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) {}

  std::vector<Event> feed(std::string_view bytes);
  void resize(std::size_t columns, std::size_t rows);
  // `style` is the escape sequence that colours the prompt (empty: none); it takes no columns.
  void set_prompt(std::string prompt, std::string style = {});
  // The next line is not shown, not kept in the history, and any line begun is put aside until then.
  void begin_secret(std::string prompt);
  void end_secret();
  bool secret() const { return secret_; }

  void print_above(std::string_view lines);   // whole lines, without control characters but \n and colours
  void hide();                                // at the end or before a suspension: the prompt disappears
  void redraw_below();                        // something else has written: drawn anew where the cursor is

  // What to write to the terminal to bring it up to date; empty: nothing changed.
  std::string take_output();

  const std::string& text() const { return text_; }
  std::size_t cursor() const { return cursor_; }   // byte offset into text()

 private:
  struct Layout {
    std::vector<std::string> rows;
    std::size_t cursor_row = 0;
    std::size_t cursor_column = 0;
  };

  void handle(const Key& key, std::vector<Event>& events);
  void handle_move(Key::Kind kind);
  void handle_edit(Key::Kind kind);
  void insert(const std::string& text, std::vector<Event>& events);
  void accept(std::vector<Event>& events);
  void replace(std::string text);
  void browse(int direction);
  void remember(const std::string& line);
  void kill(std::size_t from, std::size_t to);
  void transpose();
  std::size_t before(std::size_t offset) const;   // the previous character's offset
  std::size_t after(std::size_t offset) const;
  std::size_t word_before(std::size_t offset) const;
  std::size_t word_after(std::size_t offset) const;
  Layout lay_out() const;

  std::size_t columns_;
  std::size_t rows_;
  KeyParser parser_;
  std::string prompt_;
  std::string style_;
  std::string text_;
  std::size_t cursor_ = 0;
  std::string killed_;
  std::deque<std::string> history_;
  std::size_t browsing_ = 0;       // index into history_; history_.size(): the line being typed
  std::string draft_;              // that line, while browsing
  bool secret_ = false;
  std::string aside_prompt_;       // while secret
  std::string aside_style_;
  std::string aside_text_;

  std::string above_;
  bool dirty_ = true;
  bool hidden_ = false;
  bool redraw_all_ = false;        // Ctrl-L
  std::size_t drawn_cursor_row_ = 0;   // where the cursor was left, counted from the prompt's row
};

}  // namespace parley::cli
