#include <array>
#include <cstdio>
#include <utility>

#include "node/logging.hpp"

namespace parley::node {
namespace {

class Discard final : public Logger {
 public:
  void write(LogLevel, std::string_view, std::string_view) override {}
};

class SinkLogger final : public Logger {
 public:
  explicit SinkLogger(LogSink sink) : sink_(std::move(sink)) {}
  void write(LogLevel level, std::string_view event, std::string_view text) override {
    sink_(level, event, escape_for_log(text));
  }

 private:
  LogSink sink_;
};

// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629 section 4); 0: there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  std::size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) size = 2;
  if (first >= 0xE0 && first <= 0xEF) size = 3;
  if (first >= 0xF0 && first <= 0xF4) size = 4;
  if (first == 0xE0) low = 0xA0;    // overlong
  if (first == 0xED) high = 0x9F;   // surrogates
  if (first == 0xF0) low = 0x90;    // overlong
  if (first == 0xF4) high = 0x8F;   // above U+10FFFF
  if (size == 0 || text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return size;
}

// C1 controls (U+0080 … U+009F) move cursors too, and U+2028/2029 end lines for some readers.
bool dangerous(std::string_view sequence) {
  if (sequence.size() == 2) return sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9";
}

void escape_byte(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\\': out += "\\\\"; return;
    default: break;
  }
  std::array<char, 5> hex{};
  std::snprintf(hex.data(), hex.size(), "\\x%02x", byte);
  out += hex.data();
}

}  // namespace

Logger& Logger::discard() {
  static Discard discard;
  return discard;
}

std::unique_ptr<Logger> make_sink_logger(LogSink sink) { return std::make_unique<SinkLogger>(std::move(sink)); }

std::string escape_for_log(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (out.size() >= log_text_max) return out + "…";
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = utf8_length(text);
    const std::string_view sequence = text.substr(0, size == 0 ? 1 : size);
    const bool plain_ascii = size == 1 && first >= 0x20 && first != 0x7F && first != '\\';
    if (plain_ascii || (size > 1 && !dangerous(sequence))) {
      out += sequence;
    } else {
      for (const char c : sequence) escape_byte(out, static_cast<unsigned char>(c));
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
  }
  return "error";
}

Result<LogLevel> parse_log_level(std::string_view word) {
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (word == name(level)) return level;
  }
  return Error{"unknown log level '" + escape_for_log(word) + "': expected debug, info, warn or error"};
}

Result<LogFormat> parse_log_format(std::string_view word) {
  if (word == "text") return LogFormat::text;
  if (word == "json") return LogFormat::json;
  return Error{"unknown log format '" + escape_for_log(word) + "': expected text or json"};
}

bool LogLimiter::allow(TimePoint now) {
  if (now < next_) {
    ++suppressed_;
    return false;
  }
  next_ = now + interval_;
  return true;
}

std::uint64_t LogLimiter::take_suppressed() { return std::exchange(suppressed_, 0); }

}  // namespace parley::node
