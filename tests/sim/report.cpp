#include "sim/report.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace parley::sim {
namespace {

namespace json = boost::json;

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

using CounterField = std::pair<const char*, std::uint64_t Counters::*>;
constexpr CounterField counter_fields[] = {
    {"elections", &Counters::elections},
    {"campaigns", &Counters::campaigns},
    {"truncations", &Counters::truncations},
    {"leader_crashes", &Counters::leader_crashes},
    {"leader_crashes_with_unreplicated", &Counters::leader_crashes_with_unreplicated},
    {"restarts", &Counters::restarts},
    {"snapshots", &Counters::snapshots},
    {"committed", &Counters::committed},
    {"configurations", &Counters::configurations},
    {"member_changes", &Counters::member_changes},
    {"messages", &Counters::messages},
    {"acknowledged", &Counters::acknowledged},
    {"refused", &Counters::refused},
    {"unknown", &Counters::unknown},
    {"pages", &Counters::pages},
    {"pushes", &Counters::pushes},
};

json::object to_json(const Counters& counters) {
  json::object object;
  for (const auto& [name, field] : counter_fields) object[name] = counters.*field;
  return object;
}

json::object to_json(const std::map<Fault, std::uint64_t>& faults) {
  json::object object;
  for (const auto& [fault, times] : faults) object[info(fault).name] = times;
  return object;
}

double speed(double virtual_seconds, double core_seconds) {
  return core_seconds > 0 ? virtual_seconds / core_seconds : 0;
}

}  // namespace

std::string to_line(std::uint64_t seed, const RunResult& result) {
  const Counters& counters = result.counters;
  const auto count = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  return format("seed %-8llu %s  %5.0f x  %5llu ops  %3llu elections  %3llu truncations  %2llu leaders lost with "
                "unreplicated  %2llu restarts  live in %4.1f s",
                count(seed), result.hash.c_str(), speed(result.virtual_seconds, result.core_seconds),
                count(result.operations), count(counters.elections), count(counters.truncations),
                count(counters.leader_crashes_with_unreplicated), count(counters.restarts), result.liveness_seconds);
}

std::string to_json(std::uint64_t seed, const RunResult& result) {
  json::object object;
  object["seed"] = seed;
  object["hash"] = result.hash;
  object["operations"] = result.operations;
  object["world_events"] = result.world_events;
  object["virtual_seconds"] = result.virtual_seconds;
  object["core_seconds"] = result.core_seconds;
  object["liveness_seconds"] = result.liveness_seconds;
  object["planned"] = result.planned;
  object["counters"] = to_json(result.counters);
  object["faults"] = to_json(result.faults);
  if (result.violation) {
    object["judge"] = result.violation->judge;
    object["violation"] = result.violation->text;
  }
  return json::serialize(object);
}

RunResult from_json(const std::string& line, std::uint64_t& seed) {
  const auto parsed = json::parse(line);
  const json::object& object = parsed.as_object();
  RunResult result;
  seed = object.at("seed").to_number<std::uint64_t>();
  result.hash = object.at("hash").as_string().c_str();
  result.operations = object.at("operations").to_number<std::uint64_t>();
  result.world_events = object.at("world_events").to_number<std::uint64_t>();
  result.virtual_seconds = object.at("virtual_seconds").to_number<double>();
  result.core_seconds = object.at("core_seconds").to_number<double>();
  result.liveness_seconds = object.at("liveness_seconds").to_number<double>();
  result.planned = object.at("planned").to_number<std::size_t>();
  for (const auto& [name, field] : counter_fields) {
    result.counters.*field = object.at("counters").at(name).to_number<std::uint64_t>();
  }
  for (const FaultInfo& row : fault_table()) {
    const auto* times = object.at("faults").as_object().if_contains(row.name);
    if (times != nullptr) result.faults[row.fault] = times->to_number<std::uint64_t>();
  }
  if (object.contains("violation")) {
    result.violation = Violation{object.at("judge").as_string().c_str(), object.at("violation").as_string().c_str()};
  }
  return result;
}

void Totals::add(const RunResult& result) {
  ++runs_;
  if (result.violation) ++violations_;
  operations_ += result.operations;
  virtual_seconds_ += result.virtual_seconds;
  core_seconds_ += result.core_seconds;
  liveness_most_ = std::max(liveness_most_, result.liveness_seconds);
  for (const auto& [name, field] : counter_fields) counters_.*field += result.counters.*field;
  for (const auto& [fault, times] : result.faults) faults_[fault] += times;
}

std::string Totals::text() const {
  const auto count = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  const auto per_thousand = [&](std::uint64_t number) {
    return runs_ == 0 ? 0.0 : 1000.0 * static_cast<double>(number) / static_cast<double>(runs_);
  };
  std::string text = format("%llu seeds, %llu violations; %.0f virtual seconds in %.1f of processor time: %.0f in one; "
                            "%llu operations: %.1f a virtual second; slowest liveness %.1f s\n",
                            count(runs_), count(violations_), virtual_seconds_, core_seconds_,
                            speed(virtual_seconds_, core_seconds_), count(operations_),
                            speed(static_cast<double>(operations_), virtual_seconds_), liveness_most_);
  text += format("per 1,000 seeds: %.0f elections (bar 1000), %.0f truncations (bar 1000), %.0f crashes of a leader "
                 "with unreplicated entries (bar 500), %.0f member changes by an operator\n",
                 per_thousand(counters_.elections), per_thousand(counters_.truncations),
                 per_thousand(counters_.leader_crashes_with_unreplicated), per_thousand(counters_.member_changes));
  for (const auto& [name, field] : counter_fields) text += format("%s %llu  ", name, count(counters_.*field));
  text += "\nfaults:";
  for (const auto& [fault, times] : faults_) {
    text += format(" %s %llu", std::string(info(fault).name).c_str(), count(times));
  }
  return text + "\n";
}

std::string Totals::json() const {
  json::object object;
  object["runs"] = runs_;
  object["violations"] = violations_;
  object["operations"] = operations_;
  object["virtual_seconds"] = virtual_seconds_;
  object["core_seconds"] = core_seconds_;
  object["liveness_seconds_most"] = liveness_most_;
  object["counters"] = to_json(counters_);
  object["faults"] = to_json(faults_);
  return json::serialize(object);
}

}  // namespace parley::sim
