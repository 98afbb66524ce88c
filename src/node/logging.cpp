#include "node/logging.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace parley::node {
namespace {

// Escapes what JSON must escape; the text went through escape_for_log before, so it holds no control characters.
std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(NodeId node, LogLevel least, LogFormat format)
      : node_(std::to_string(node.value)),
        format_(format),
        logger_("parley", std::make_shared<spdlog::sinks::stderr_sink_st>()) {
    // UTC with milliseconds (RFC 3339), so that the logs of several machines can be merged by sorting.
    const std::string time = "%Y-%m-%dT%H:%M:%S.%eZ";
    const std::string pattern = format == LogFormat::json ? "{\"time\":\"" + time + "\",%v}" : time + " %v";
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    logger_.set_level(to_spdlog(least));
    logger_.flush_on(spdlog::level::debug);
  }

  void write(LogLevel level, std::string_view event, std::string_view text) override {
    const auto spdlog_level = to_spdlog(level);
    if (!logger_.should_log(spdlog_level)) return;
    logger_.log(spdlog_level, format_ == LogFormat::json ? json_members(level, event, text) : line(level, event, text));
  }

 private:
  std::string json_members(LogLevel level, std::string_view event, std::string_view text) const {
    return "\"level\":" + json_quoted(name(level)) + ",\"node\":" + node_ + ",\"event\":" + json_quoted(event) +
           ",\"text\":" + json_quoted(escape_for_log(text));
  }

  std::string line(LogLevel level, std::string_view event, std::string_view text) const {
    std::string word(name(level));
    word.resize(5, ' ');
    return word + " node " + node_ + ": " + escape_for_log(text) + " [" + std::string(event) + "]";
  }

  std::string node_;
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Logger> make_stderr_logger(NodeId node, LogLevel least, LogFormat format) {
  return std::make_unique<StderrLogger>(node, least, format);
}

}  // namespace parley::node
