#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::cli {

inline constexpr char32_t replacement_character = 0xfffd;

struct CodePoint {
  char32_t value = replacement_character;
  std::size_t bytes = 0;     // 0: the text was empty
  bool valid = false;        // invalid: `bytes` is 1, to be skipped
};

// The first code point of `text` (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
CodePoint decode_utf8(std::string_view text);

// How many bytes a sequence that begins with `lead` has; 0: `lead` begins none.
std::size_t utf8_length(unsigned char lead);

void append_utf8(std::string& out, char32_t value);

// The offset of the first byte that isn't UTF-8; nullopt: all is well.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// Columns a terminal uses for it: 0 (combining), 1 or 2 (wide); control characters count 0. No locale is asked.
int display_width(char32_t value);
std::size_t display_width(std::string_view text);

// For printing what others wrote: control characters (escape sequences!) and what isn't UTF-8 become visible
// substitutes; line breaks stay if `keep_lines`.
std::string printable(std::string_view text, bool keep_lines);

}  // namespace parley::cli
