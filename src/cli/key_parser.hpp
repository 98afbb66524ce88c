#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::cli {

// What a terminal sends, as keys. Pure; keeps what is incomplete until the rest comes.
struct Key {
  enum class Kind : std::uint8_t {
    text,            // one character: `text`
    paste,           // bracketed paste, whole: `text`, with \n for every line end
    enter, tab, backspace, erase, left, right, up, down, home, end, word_left, word_right,
    kill_to_end, kill_to_start, kill_word_left, kill_word_right, yank, transpose, redraw, interrupt, end_of_input,
    suspend,
    bad_text,        // bytes that are not UTF-8: dropped
    paste_too_long   // more than paste_max: dropped whole
  };
  Kind kind = Kind::text;
  std::string text;
  bool operator==(const Key&) const = default;
};

inline constexpr std::size_t paste_max = 64 * 1024;           // bytes
inline constexpr std::size_t escape_sequence_max = 32;        // a longer one is dropped as far as it came

class KeyParser {
 public:
  std::vector<Key> feed(std::string_view bytes);

 private:
  bool take_one(std::vector<Key>& keys);             // false: more bytes are needed
  bool take_escape(std::vector<Key>& keys);
  bool take_csi(std::vector<Key>& keys);
  bool take_paste(std::vector<Key>& keys);
  void take_control(std::vector<Key>& keys);

  std::string waiting_;
  std::string paste_;
  bool pasting_ = false;
  bool paste_overflow_ = false;
  bool after_return_ = false;                        // "\r\n" is one Enter
};

}  // namespace parley::cli
