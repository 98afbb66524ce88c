#include "report.hpp"

#include <boost/json/serialize.hpp>
#include <cstdio>

namespace parley::bench {
namespace {

double in_us(Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

}  // namespace

void Report::add(const std::string& label, const std::string& key, double value, const std::string& unit) {
  char text[64];
  std::snprintf(text, sizeof text, value < 100 ? "%.2f" : "%.0f", value);
  lines_.push_back(label + ": " + text + (unit.empty() ? "" : " " + unit));
  json_[key] = value;
}

void Report::add(const std::string& label, const std::string& key, const Samples& samples) {
  lines_.push_back(label + ": p50 " + to_text(samples.percentile(50)) + ", p99 " + to_text(samples.percentile(99)) +
                   ", max " + to_text(samples.max()) + " (" + std::to_string(samples.count()) + " samples)");
  boost::json::object object;
  object["p50_us"] = in_us(samples.percentile(50));
  object["p90_us"] = in_us(samples.percentile(90));
  object["p99_us"] = in_us(samples.percentile(99));
  object["max_us"] = in_us(samples.max());
  object["mean_us"] = in_us(samples.mean());
  object["count"] = samples.count();
  json_[key] = std::move(object);
}

void Report::note(const std::string& key, const std::string& text) {
  lines_.push_back(key + ": " + text);
  json_[key] = text;
}

void Report::fail(const std::string& why) {
  failed_ = true;
  note("FAILED", why);
}

void Report::print(bool as_json) const {
  if (as_json) {
    std::printf("%s\n", boost::json::serialize(json_).c_str());
  } else {
    std::printf("%s\n", name_.c_str());
    for (const auto& line : lines_) std::printf("  %s\n", line.c_str());
  }
  std::fflush(stdout);
}

}  // namespace parley::bench
