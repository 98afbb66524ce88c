#include "cli/line_editor.hpp"

#include <algorithm>
#include <utility>

#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

constexpr std::string_view line_break_sign = "\u23ce";   // ⏎, one column
constexpr std::string_view style_end = "\x1b[0m";
constexpr std::string_view erase_to_row_end = "\x1b[K";
constexpr std::string_view erase_below = "\x1b[J";

bool is_word(char c) { return c != ' ' && c != '\n'; }

std::string move(std::size_t count, char direction) {
  return count == 0 ? std::string() : "\x1b[" + std::to_string(count) + direction;
}

}  // namespace

std::vector<LineEditor::Event> LineEditor::feed(std::string_view bytes) {
  std::vector<Event> events;
  for (const auto& key : parser_.feed(bytes)) handle(key, events);
  return events;
}

void LineEditor::handle(const Key& key, std::vector<Event>& events) {
  dirty_ = true;
  switch (key.kind) {
    case Key::Kind::text:
    case Key::Kind::paste: return insert(key.text, events);
    case Key::Kind::enter: return accept(events);
    case Key::Kind::up: return browse(-1);
    case Key::Kind::down: return browse(+1);
    case Key::Kind::redraw:
      redraw_all_ = true;
      return;
    case Key::Kind::interrupt:
      if (text_.empty() || secret_) {
        events.push_back({Event::Kind::interrupt, {}});
      } else {
        replace({});
      }
      return;
    case Key::Kind::end_of_input:
      if (text_.empty()) {
        events.push_back({Event::Kind::end_of_input, {}});
      } else {
        handle_edit(Key::Kind::erase);
      }
      return;
    case Key::Kind::suspend:
      events.push_back({Event::Kind::suspend, {}});
      return;
    case Key::Kind::bad_text:
      events.push_back({Event::Kind::complaint, "not taken: the terminal sent bytes that are not valid UTF-8"});
      return;
    case Key::Kind::paste_too_long:
      events.push_back({Event::Kind::complaint,
                        "not taken: the pasted text is longer than " + std::to_string(paste_max) + " bytes"});
      return;
    default:
      handle_move(key.kind);
      handle_edit(key.kind);
  }
}

void LineEditor::handle_move(Key::Kind kind) {
  switch (kind) {
    case Key::Kind::left: cursor_ = before(cursor_); break;
    case Key::Kind::right: cursor_ = after(cursor_); break;
    case Key::Kind::home: cursor_ = 0; break;
    case Key::Kind::end: cursor_ = text_.size(); break;
    case Key::Kind::word_left: cursor_ = word_before(cursor_); break;
    case Key::Kind::word_right: cursor_ = word_after(cursor_); break;
    default: break;
  }
}

void LineEditor::handle_edit(Key::Kind kind) {
  switch (kind) {
    case Key::Kind::backspace: {
      const std::size_t from = before(cursor_);
      text_.erase(from, cursor_ - from);
      cursor_ = from;
      break;
    }
    case Key::Kind::erase: text_.erase(cursor_, after(cursor_) - cursor_); break;
    case Key::Kind::kill_to_end: kill(cursor_, text_.size()); break;
    case Key::Kind::kill_to_start: kill(0, cursor_); break;
    case Key::Kind::kill_word_left: kill(word_before(cursor_), cursor_); break;
    case Key::Kind::kill_word_right: kill(cursor_, word_after(cursor_)); break;
    case Key::Kind::yank:
      if (text_.size() + killed_.size() > line_max) break;
      text_.insert(cursor_, killed_);
      cursor_ += killed_.size();
      break;
    case Key::Kind::transpose: transpose(); break;
    default: break;
  }
}

void LineEditor::insert(const std::string& text, std::vector<Event>& events) {
  if (text_.size() + text.size() > line_max) {
    events.push_back(
        {Event::Kind::complaint, "not taken: a line may have at most " + std::to_string(line_max) + " bytes"});
    return;
  }
  text_.insert(cursor_, text);
  cursor_ += text.size();
}

void LineEditor::accept(std::vector<Event>& events) {
  if (!secret_) remember(text_);
  events.push_back({Event::Kind::line, std::move(text_)});
  replace({});
  browsing_ = history_.size();
}

void LineEditor::replace(std::string text) {
  text_ = std::move(text);
  cursor_ = text_.size();
}

void LineEditor::browse(int direction) {
  if (secret_ || (direction < 0 && browsing_ == 0) || (direction > 0 && browsing_ == history_.size())) return;
  if (browsing_ == history_.size()) draft_ = text_;
  browsing_ = direction < 0 ? browsing_ - 1 : browsing_ + 1;
  replace(browsing_ == history_.size() ? draft_ : history_[browsing_]);
}

void LineEditor::remember(const std::string& line) {
  if (!line.empty() && (history_.empty() || history_.back() != line)) history_.push_back(line);
  if (history_.size() > history_max) history_.pop_front();
}

void LineEditor::kill(std::size_t from, std::size_t to) {
  if (from == to) return;
  killed_ = secret_ ? std::string() : text_.substr(from, to - from);
  text_.erase(from, to - from);
  cursor_ = from;
}

void LineEditor::transpose() {
  if (cursor_ == 0 || text_.size() < 2) return;
  const std::size_t second = cursor_ == text_.size() ? before(cursor_) : cursor_;
  if (second == 0) return;
  const std::size_t first = before(second);
  const std::size_t end = after(second);
  const std::string left = text_.substr(first, second - first);
  const std::string right = text_.substr(second, end - second);
  text_.replace(first, end - first, right + left);
  cursor_ = end;
}

// A character is a base with what combines with it: the cursor never stands between the two.
std::size_t LineEditor::after(std::size_t offset) const {
  if (offset >= text_.size()) return text_.size();
  offset += decode_utf8(std::string_view(text_).substr(offset)).bytes;
  while (offset < text_.size()) {
    const auto point = decode_utf8(std::string_view(text_).substr(offset));
    if (point.value == '\n' || display_width(point.value) != 0) break;
    offset += point.bytes;
  }
  return offset;
}

std::size_t LineEditor::before(std::size_t offset) const {
  while (offset > 0) {
    do --offset;
    while (offset > 0 && (text_[offset] & 0xc0) == 0x80);
    const auto point = decode_utf8(std::string_view(text_).substr(offset));
    if (point.value == '\n' || display_width(point.value) != 0) break;
  }
  return offset;
}

std::size_t LineEditor::word_before(std::size_t offset) const {
  while (offset > 0 && !is_word(text_[offset - 1])) --offset;
  while (offset > 0 && is_word(text_[offset - 1])) --offset;
  return offset;
}

std::size_t LineEditor::word_after(std::size_t offset) const {
  while (offset < text_.size() && !is_word(text_[offset])) ++offset;
  while (offset < text_.size() && is_word(text_[offset])) ++offset;
  return offset;
}

void LineEditor::resize(std::size_t columns, std::size_t rows) {
  columns_ = std::max<std::size_t>(columns, 2);
  rows_ = std::max<std::size_t>(rows, 1);
  // The terminal has rewrapped what was there; where the prompt began is guessed from the new width.
  const Layout layout = lay_out();
  drawn_cursor_row_ = std::min(layout.cursor_row, rows_ - 1);
  dirty_ = true;
}

void LineEditor::set_prompt(std::string prompt, std::string style) {
  auto& kept = secret_ ? aside_prompt_ : prompt_;
  auto& kept_style = secret_ ? aside_style_ : style_;
  if (kept == prompt && kept_style == style) return;
  kept = std::move(prompt);
  kept_style = std::move(style);
  dirty_ = true;
}

void LineEditor::begin_secret(std::string prompt) {
  if (!secret_) {
    aside_prompt_ = std::exchange(prompt_, {});
    aside_style_ = std::exchange(style_, {});
    aside_text_ = std::exchange(text_, {});
  }
  secret_ = true;
  prompt_ = std::move(prompt);
  replace({});
  dirty_ = true;
}

void LineEditor::end_secret() {
  if (!secret_) return;
  secret_ = false;
  prompt_ = std::exchange(aside_prompt_, {});
  style_ = std::exchange(aside_style_, {});
  replace(std::exchange(aside_text_, {}));
  dirty_ = true;
}

void LineEditor::print_above(std::string_view lines) {
  if (above_.size() + lines.size() > above_max) above_ = "... a part of what was printed is left out here ...\n";
  above_ += lines;
  if (!lines.empty() && lines.back() != '\n') above_ += '\n';
}

void LineEditor::hide() {
  hidden_ = true;
  dirty_ = true;
}

void LineEditor::redraw_below() {
  drawn_cursor_row_ = 0;
  hidden_ = false;
  dirty_ = true;
}

// Breaks rows itself instead of relying on the terminal's automatic margins, which differ at the last column.
LineEditor::Layout LineEditor::lay_out() const {
  Layout layout;
  layout.rows.emplace_back();
  std::size_t column = 0;
  const auto put = [&](std::string_view bytes, std::size_t width) {
    if (column + width > columns_) {
      layout.rows.emplace_back();
      column = 0;
    }
    layout.rows.back() += bytes;
    column += width;
  };
  const auto put_text = [&](std::string_view text, bool is_line) {
    for (std::size_t at = 0; at < text.size();) {
      const auto point = decode_utf8(text.substr(at));
      if (is_line && at == cursor_) layout.cursor_row = layout.rows.size() - 1, layout.cursor_column = column;
      if (point.value == '\n') {
        put(line_break_sign, 1);
      } else {
        put(text.substr(at, point.bytes), static_cast<std::size_t>(display_width(point.value)));
      }
      // The cursor stands on the character at its offset, wherever that one was put.
      if (is_line && at == cursor_ && layout.cursor_row + 1 < layout.rows.size())
        layout.cursor_row = layout.rows.size() - 1, layout.cursor_column = 0;
      at += point.bytes;
    }
  };
  put_text(prompt_, false);
  if (!secret_) put_text(text_, true);
  if (secret_ || cursor_ == text_.size()) {
    if (column == columns_) {   // the cursor after a full row stands on the next one
      layout.rows.emplace_back();
      column = 0;
    }
    layout.cursor_row = layout.rows.size() - 1;
    layout.cursor_column = column;
  }
  return layout;
}

std::string LineEditor::take_output() {
  if (!dirty_ && above_.empty() && !redraw_all_) return {};
  dirty_ = false;
  std::string out;
  if (std::exchange(redraw_all_, false)) {
    out += "\x1b[H\x1b[2J";
  } else {
    out += '\r' + move(std::exchange(drawn_cursor_row_, 0), 'A');
  }
  drawn_cursor_row_ = 0;
  if (!above_.empty() || hidden_) out += erase_below;
  for (const char c : std::exchange(above_, {})) {   // raw mode: a line feed alone would not return
    if (c == '\n') out += '\r';
    out += c;
  }
  if (hidden_) return out;

  // What is higher than the screen is shown in part, around the cursor.
  const Layout layout = lay_out();
  const std::size_t height = std::max<std::size_t>(rows_, 1);
  const std::size_t top = layout.cursor_row >= height ? layout.cursor_row + 1 - height : 0;
  const std::size_t bottom = std::min(layout.rows.size(), top + height);
  if (!style_.empty() && top == 0) out += style_;
  std::size_t prompt_left = top == 0 ? prompt_.size() : 0;
  for (std::size_t row = top; row < bottom; ++row) {
    if (row > top) out += "\r\n";
    if (row + 1 == bottom) out += erase_below;   // before, not after: behind a full row it would take the last column
    const std::string& bytes = layout.rows[row];
    const std::size_t styled = std::min(prompt_left, bytes.size());
    out += bytes.substr(0, styled);
    prompt_left -= styled;
    if (!style_.empty() && styled > 0 && prompt_left == 0) out += style_end;
    out += bytes.substr(styled);
    if (row + 1 < bottom && display_width(bytes) < columns_) out += erase_to_row_end;
  }
  const std::size_t cursor_row = layout.cursor_row - top;
  out += move(bottom - top - 1 - cursor_row, 'A') + '\r' + move(layout.cursor_column, 'C');
  drawn_cursor_row_ = cursor_row;
  return out;
}

}  // namespace parley::cli
