#include "chat/text.hpp"

#include <algorithm>
#include <cstdint>

namespace parley::chat {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;   // 0: not well-formed
};

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() - at < size) return {};
  std::uint32_t value = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const unsigned next = byte_at(text, at + i);
    if ((next & 0xc0) != 0x80) return {};
    value = value << 6 | (next & 0x3f);
  }
  static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < least[size] || value > 0x10ffff || surrogate) return {};
  return {value, size};
}

bool is_control(std::uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
}

}  // namespace

std::string folded(std::string_view name) {
  std::string result(name);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_name(std::string_view folded_name, std::size_t max) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; };
  return !folded_name.empty() && folded_name.size() <= max && is_letter(folded_name[0]) &&
         std::all_of(folded_name.begin(), folded_name.end(), fits);
}

bool is_plain_text(std::string_view text, bool lines) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = code_point_at(text, at);
    if (point.size == 0) return false;
    const bool allowed = lines && (point.value == '\n' || point.value == '\t');
    if (is_control(point.value) && !allowed) return false;
    at += point.size;
  }
  return true;
}

std::optional<Code> fault_of_message(std::string_view text) {
  if (text.size() > text_max) return Code::text_too_long;
  if (text.find_first_not_of(" \t\n") == std::string_view::npos) return Code::text_empty;
  if (!is_plain_text(text, true)) return Code::bad_text;
  return std::nullopt;
}

std::optional<Code> fault_of_topic(std::string_view topic) {
  if (topic.size() > topic_max) return Code::text_too_long;
  if (!is_plain_text(topic, false)) return Code::bad_text;
  return std::nullopt;
}

std::string excerpt(std::string_view thing) {
  constexpr std::size_t excerpt_max = 64;
  std::string result;
  for (std::size_t at = 0; at < thing.size();) {
    const auto point = code_point_at(thing, at);
    const bool shown = point.size != 0 && !is_control(point.value);
    const auto part = shown ? thing.substr(at, point.size) : std::string_view("?");
    if (result.size() + part.size() > excerpt_max) break;
    result += part;
    at += point.size == 0 ? 1 : point.size;
  }
  return result;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return true;
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;   // the last `*`, and where the run that it takes ends
  std::size_t run_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      run_end = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++run_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace parley::chat
