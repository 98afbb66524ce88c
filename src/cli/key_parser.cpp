#include "cli/key_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

constexpr char escape = '\x1b';
constexpr std::string_view paste_end = "\x1b[201~";

Key make(Key::Kind kind) { return Key{kind, {}}; }

struct Sequence {
  std::string_view text;   // after "ESC [" or "ESC O"
  Key::Kind kind;
};
// xterm's, and what rxvt, the Linux console and screen send instead (terminfo kcuu1, khome, kend, kdch1 ...).
constexpr std::array sequences = {
    Sequence{"A", Key::Kind::up},           Sequence{"B", Key::Kind::down},
    Sequence{"C", Key::Kind::right},        Sequence{"D", Key::Kind::left},
    Sequence{"H", Key::Kind::home},         Sequence{"F", Key::Kind::end},
    Sequence{"1~", Key::Kind::home},        Sequence{"7~", Key::Kind::home},
    Sequence{"4~", Key::Kind::end},         Sequence{"8~", Key::Kind::end},
    Sequence{"3~", Key::Kind::erase},       Sequence{"1;5C", Key::Kind::word_right},
    Sequence{"1;5D", Key::Kind::word_left}, Sequence{"1;3C", Key::Kind::word_right},
    Sequence{"1;3D", Key::Kind::word_left}, Sequence{"c", Key::Kind::word_right},
    Sequence{"d", Key::Kind::word_left}};

// Line ends as \n, tabs as spaces; other control characters have no business in a message.
std::string clean_paste(std::string_view pasted) {
  std::string out;
  for (std::size_t i = 0; i < pasted.size(); ++i) {
    const char c = pasted[i];
    if (c == '\r') {
      if (i + 1 >= pasted.size() || pasted[i + 1] != '\n') out += '\n';
    } else if (c == '\t') {
      out += "    ";
    } else if (c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) {
      out += c;
    }
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

std::vector<Key> KeyParser::feed(std::string_view bytes) {
  waiting_ += bytes;
  std::vector<Key> keys;
  while (!waiting_.empty() && take_one(keys)) {
  }
  return keys;
}

bool KeyParser::take_one(std::vector<Key>& keys) {
  if (pasting_) return take_paste(keys);
  const char c = waiting_.front();
  if (std::exchange(after_return_, false) && c == '\n') {
    waiting_.erase(0, 1);
    return true;
  }
  if (c == escape) return take_escape(keys);
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    take_control(keys);
    return true;
  }
  const std::size_t length = utf8_length(static_cast<unsigned char>(c));
  const auto point = decode_utf8(waiting_);
  if (!point.valid && length > waiting_.size()) {   // the rest may be on its way, if what is there can begin it
    const auto rest = std::string_view(waiting_).substr(1);
    if (std::all_of(rest.begin(), rest.end(), [](char byte) { return (byte & 0xc0) == 0x80; })) return false;
  }
  if (point.valid) {
    keys.push_back(Key{Key::Kind::text, waiting_.substr(0, point.bytes)});
  } else {
    keys.push_back(make(Key::Kind::bad_text));
  }
  waiting_.erase(0, point.bytes);
  return true;
}

void KeyParser::take_control(std::vector<Key>& keys) {
  static constexpr std::array<std::pair<char, Key::Kind>, 22> controls = {{
      {'\x01', Key::Kind::home}, {'\x02', Key::Kind::left}, {'\x03', Key::Kind::interrupt},
      {'\x04', Key::Kind::end_of_input}, {'\x05', Key::Kind::end}, {'\x06', Key::Kind::right},
      {'\x08', Key::Kind::backspace}, {'\x09', Key::Kind::tab}, {'\x0a', Key::Kind::enter},
      {'\x0b', Key::Kind::kill_to_end}, {'\x0c', Key::Kind::redraw}, {'\x0d', Key::Kind::enter},
      {'\x0e', Key::Kind::down}, {'\x10', Key::Kind::up}, {'\x14', Key::Kind::transpose},
      {'\x15', Key::Kind::kill_to_start}, {'\x17', Key::Kind::kill_word_left}, {'\x19', Key::Kind::yank},
      {'\x1a', Key::Kind::suspend}, {'\x7f', Key::Kind::backspace}, {'\x1c', Key::Kind::interrupt},
      {'\x1f', Key::Kind::redraw}}};
  const char c = waiting_.front();
  waiting_.erase(0, 1);
  after_return_ = c == '\r';
  for (const auto& [byte, kind] : controls) {
    if (byte == c) keys.push_back(make(kind));
  }
}

bool KeyParser::take_escape(std::vector<Key>& keys) {
  if (waiting_.size() < 2) return false;
  const char second = waiting_[1];
  if (second == '[' || second == 'O') return take_csi(keys);
  if (second == escape) {   // a lone Escape, then another sequence
    waiting_.erase(0, 1);
    return true;
  }
  if (second == 'b') keys.push_back(make(Key::Kind::word_left));
  if (second == 'f') keys.push_back(make(Key::Kind::word_right));
  if (second == 'd') keys.push_back(make(Key::Kind::kill_word_right));
  if (second == '\x7f' || second == '\x08') keys.push_back(make(Key::Kind::kill_word_left));
  if (static_cast<unsigned char>(second) >= 0x80) {   // not Alt with a letter: the character counts by itself
    waiting_.erase(0, 1);
  } else {
    waiting_.erase(0, 2);
  }
  return true;
}

// ECMA-48: parameters 0x30-0x3f, intermediates 0x20-0x2f, one final byte 0x40-0x7e.
bool KeyParser::take_csi(std::vector<Key>& keys) {
  std::size_t end = 2;
  while (end < waiting_.size() && waiting_[end] >= 0x20 && waiting_[end] < 0x40 && end < escape_sequence_max) ++end;
  if (end == waiting_.size()) return false;
  const bool complete = waiting_[end] >= 0x40 && waiting_[end] < 0x7f;
  const std::string text = waiting_.substr(2, end + 1 - 2);
  waiting_.erase(0, complete ? end + 1 : end);
  if (!complete) return true;   // dropped as far as it came
  if (text == "200~") {
    pasting_ = true;
    paste_overflow_ = false;
    paste_.clear();
    return true;
  }
  for (const auto& sequence : sequences) {
    if (sequence.text == text) keys.push_back(make(sequence.kind));
  }
  return true;
}

bool KeyParser::take_paste(std::vector<Key>& keys) {
  const auto end = waiting_.find(paste_end);
  // Of what is there, everything but a possible beginning of the end mark.
  const auto kept_back = std::min(waiting_.size(), paste_end.size() - 1);
  const auto usable = end != std::string::npos ? end : waiting_.size() - kept_back;
  paste_overflow_ = paste_overflow_ || paste_.size() + usable > paste_max;
  if (!paste_overflow_) paste_.append(waiting_, 0, usable);
  waiting_.erase(0, usable);
  if (end == std::string::npos) return false;
  waiting_.erase(0, paste_end.size());
  pasting_ = false;
  std::string text = clean_paste(std::exchange(paste_, {}));
  if (paste_overflow_) {
    keys.push_back(make(Key::Kind::paste_too_long));
  } else if (find_invalid_utf8(text)) {
    keys.push_back(make(Key::Kind::bad_text));
  } else if (!text.empty()) {
    keys.push_back(Key{Key::Kind::paste, std::move(text)});
  }
  return true;
}

}  // namespace parley::cli
