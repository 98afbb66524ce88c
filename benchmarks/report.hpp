#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "samples.hpp"

namespace parley::bench {

// What one measurement found: lines for people, one JSON object for programs, from the same values.
class Report {
 public:
  explicit Report(std::string name) : name_(std::move(name)) { json_["benchmark"] = name_; }

  void add(const std::string& label, const std::string& key, double value, const std::string& unit);
  void add(const std::string& label, const std::string& key, const Samples& samples);   // p50, p99, max, count
  void note(const std::string& key, const std::string& text);
  void fail(const std::string& why);   // what must not be: the program then ends with 1
  bool failed() const { return failed_; }
  void print(bool as_json) const;   // to stdout

 private:
  std::string name_;
  boost::json::object json_;
  std::vector<std::string> lines_;
  bool failed_ = false;
};

}  // namespace parley::bench
