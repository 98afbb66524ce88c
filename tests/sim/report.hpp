#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/run.hpp"

namespace parley::sim {

std::string to_line(std::uint64_t seed, const RunResult& result);   // for people
std::string to_json(std::uint64_t seed, const RunResult& result);   // one line; from_json reads it back
RunResult from_json(const std::string& line, std::uint64_t& seed);

// Of many runs.
class Totals {
 public:
  void add(const RunResult& result);
  std::string text() const;     // some lines, with whether the bars of docs/TESTING.md are met
  std::string json() const;
  std::uint64_t runs() const { return runs_; }
  std::uint64_t violations() const { return violations_; }

 private:
  std::uint64_t runs_ = 0;
  std::uint64_t violations_ = 0;
  std::uint64_t operations_ = 0;
  double virtual_seconds_ = 0;
  double core_seconds_ = 0;
  double liveness_most_ = 0;
  Counters counters_;
  std::map<Fault, std::uint64_t> faults_;
};

}  // namespace parley::sim
