// What a terminal sends, as keys, and the line editor behind them. Any bytes, in any pieces: the keys are those of the
// whole, the line stays UTF-8 within its limit, the cursor between two characters, and nothing that was typed or
// pasted reaches the screen as an escape sequence of its own.
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "cli/key_parser.hpp"
#include "cli/line_editor.hpp"
#include "cli/utf8.hpp"
#include "fuzz/input.hpp"

namespace parley::fuzz {
namespace {

using cli::Key;
using cli::LineEditor;

std::vector<Key> keys_of_pieces(std::string_view bytes, std::size_t piece) {
  cli::KeyParser parser;
  std::vector<Key> keys;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    for (auto& key : parser.feed(bytes.substr(at, piece))) keys.push_back(std::move(key));
  }
  return keys;
}

void check_keys(std::string_view bytes, std::size_t piece) {
  const auto keys = keys_of_pieces(bytes, bytes.size() + 1);
  PARLEY_ASSERT(keys == keys_of_pieces(bytes, piece), "how the bytes are cut does not change the keys");
  for (const auto& key : keys) {
    PARLEY_ASSERT(!cli::find_invalid_utf8(key.text), "a key's text is UTF-8");
    PARLEY_ASSERT(key.text.find('\x1b') == std::string::npos, "no escape sequence is text");
  }
}

void check_line(const LineEditor& editor) {
  const std::string& text = editor.text();
  PARLEY_ASSERT(text.size() <= LineEditor::line_max, "a line has at most line_max bytes");
  PARLEY_ASSERT(!cli::find_invalid_utf8(text), "a line is UTF-8");
  PARLEY_ASSERT(editor.cursor() <= text.size(), "the cursor stands in the line");
  const bool on_boundary = editor.cursor() == text.size() || cli::decode_utf8(text.substr(editor.cursor(), 4)).valid;
  PARLEY_ASSERT(on_boundary, "the cursor stands between two characters");
}

void act(LineEditor& editor, Input& in) {
  switch (in.below(8)) {
    case 0: return editor.resize(in.below(200), in.below(60));
    case 1: return editor.set_prompt(cli::printable(in.text(12), false));
    case 2: return editor.secret() ? editor.end_secret() : editor.begin_secret("password: ");
    case 3: return editor.print_above(cli::printable(in.text(60), true) + "\n");
    case 4: return editor.redraw_below();
    case 5: return editor.hide();
    default: break;
  }
  for (const auto& event : editor.feed(in.text(255))) {
    PARLEY_ASSERT(!cli::find_invalid_utf8(event.text), "what was typed is UTF-8");
  }
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  fuzz::Input in(data, size);
  fuzz::check_keys(in.rest(), 1 + size % 7);
  const std::string shown = cli::printable(in.rest(), false);
  PARLEY_ASSERT(!cli::find_invalid_utf8(shown) && shown.find_first_of("\x1b\n\r\x07") == std::string::npos,
                "what others wrote can't command the terminal");
  cli::LineEditor editor(in.below(100), in.below(50));   // 0: a terminal that does not know
  while (!in.empty()) {
    fuzz::act(editor, in);
    fuzz::check_line(editor);
    const std::string output = editor.take_output();
    PARLEY_ASSERT(!cli::find_invalid_utf8(output), "the screen gets UTF-8");
    PARLEY_ASSERT(editor.take_output().empty(), "once up to date, there is nothing to write");
  }
  return 0;
}
