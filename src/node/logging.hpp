#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace parley::node {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

Result<LogLevel> parse_log_level(std::string_view word);     // "debug", "info", "warn", "error"
Result<LogFormat> parse_log_format(std::string_view word);   // "text", "json"
std::string_view name(LogLevel level);

// Where a node says what happens to it. An object, not a global: several nodes run in one simulator, each with its
// own sink. `event` is a fixed word for machines ("leader_changed"); `text` is for people and may hold bytes that
// came from outside: sinks escape them. One thread: the node's strand.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void write(LogLevel level, std::string_view event, std::string_view text) = 0;

  void debug(std::string_view event, std::string_view text) { write(LogLevel::debug, event, text); }
  void info(std::string_view event, std::string_view text) { write(LogLevel::info, event, text); }
  void warn(std::string_view event, std::string_view text) { write(LogLevel::warn, event, text); }
  void error(std::string_view event, std::string_view text) { write(LogLevel::error, event, text); }

  static Logger& discard();   // swallows everything; lives for ever
};

// To standard error, every line with time, level, node and event (spdlog behind it). Lines below `least` are dropped.
std::unique_ptr<Logger> make_stderr_logger(NodeId node, LogLevel least, LogFormat format);

// To a function, one finished line without its newline at a time: for tests and the simulator.
using LogSink = std::function<void(LogLevel level, std::string_view event, std::string_view text)>;
std::unique_ptr<Logger> make_sink_logger(LogSink sink);

// `text` on one line: control characters, DEL and backslashes as \n, \r, \t, \\ or \x1b, broken UTF-8 byte by byte,
// so that nobody outside can forge a log line or move a terminal's cursor. Cut at log_text_max bytes.
std::string escape_for_log(std::string_view text);
inline constexpr std::size_t log_text_max = 2048;

// Lets one line of a kind through per `interval`, and counts what it held back.
class LogLimiter {
 public:
  explicit LogLimiter(Duration interval) : interval_(interval) {}
  bool allow(TimePoint now);
  std::uint64_t take_suppressed();   // held back since the last line that was allowed

 private:
  Duration interval_;
  TimePoint next_ = long_ago;
  std::uint64_t suppressed_ = 0;
};

}  // namespace parley::node
