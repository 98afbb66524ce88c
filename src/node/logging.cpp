#include "node/logging.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

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

std::shared_ptr<spdlog::logger> make_spdlog(NodeId node, LogLevel least, LogFormat format) {
  const std::string name = std::to_string(node.value);
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (format == LogFormat::text && ::isatty(STDERR_FILENO) != 0) {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_st>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
  }
  auto logger = std::make_shared<spdlog::logger>(name, std::move(sink));
  // UTC with milliseconds (RFC 3339), so that the logs of several machines can be merged by sorting.
  const std::string pattern = format == LogFormat::json
                                  ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","node":%n,%v})"
                                  : "%Y-%m-%dT%H:%M:%S.%eZ %^%-5!l%$ node %n: %v";
  logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  logger->set_level(to_spdlog(least));
  logger->flush_on(spdlog::level::debug);
  return logger;
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(NodeId node, LogLevel least, LogFormat format)
      : format_(format), logger_(make_spdlog(node, least, format)) {}

  void write(LogLevel level, std::string_view event, std::string_view text) override {
    const auto spdlog_level = to_spdlog(level);
    if (!logger_->should_log(spdlog_level)) return;
    const std::string safe = escape_for_log(text);
    if (format_ == LogFormat::json) {
      const std::string line = "\"event\":" + json_quoted(event) + ",\"text\":" + json_quoted(safe);
      logger_->log(spdlog_level, line);
    } else {
      const std::string line = safe + " [" + std::string(event) + "]";
      logger_->log(spdlog_level, line);
    }
  }

 private:
  LogFormat format_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace

std::unique_ptr<Logger> make_stderr_logger(NodeId node, LogLevel least, LogFormat format) {
  return std::make_unique<StderrLogger>(node, least, format);
}

}  // namespace parley::node
