#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace parley::node {

// A JSON value and the way to it ("nodes[1].peer"), for messages. The value outlives it.
struct JsonAt {
  const boost::json::value* value = nullptr;
  std::string path;
};

// Reads a strict JSON file and keeps the first thing that is wrong with it: line and column for what is not JSON,
// the key and what was expected there for the rest. After a failure the getters give harmless defaults, so that
// the reading code needs no branch per key; look at failed() at the end.
class ConfigReader {
 public:
  explicit ConfigReader(std::string file) : file_(std::move(file)) {}

  Result<boost::json::value> parse(std::string_view text);   // an object

  bool failed() const { return error_.has_value(); }
  Error error() const { return error_.value_or(Error{}); }
  void fail(const std::string& path, const std::string& expected);   // only the first one counts

  void only_keys(const JsonAt& at, const std::vector<std::string_view>& known);
  std::string required_string(const JsonAt& at, std::string_view key);
  std::optional<std::string> optional_string(const JsonAt& at, std::string_view key);
  std::uint64_t required_number(const JsonAt& at, std::string_view key, std::uint64_t least, std::uint64_t most);
  std::uint64_t optional_number(const JsonAt& at, std::string_view key, std::uint64_t least, std::uint64_t most,
                                std::uint64_t otherwise);
  bool optional_boolean(const JsonAt& at, std::string_view key, bool otherwise);
  JsonAt required_object(const JsonAt& at, std::string_view key);
  std::optional<JsonAt> optional_object(const JsonAt& at, std::string_view key);
  std::vector<JsonAt> required_objects(const JsonAt& at, std::string_view key, std::size_t least, std::size_t most);

  // "host:port" or "[::1]:port" with a port from 1 to 65535; fails otherwise.
  std::string address(const JsonAt& at, std::string_view key, std::string text);

 private:
  const boost::json::value* get(const JsonAt& at, std::string_view key) const;   // null: absent
  std::string file_;
  std::optional<Error> error_;
};

// The host part of an address, without brackets.
std::string_view host_of(std::string_view address);
bool is_loopback(std::string_view address);   // 127.0.0.0/8, [::1], localhost
bool is_wildcard(std::string_view address);   // 0.0.0.0, [::]
std::string quoted_json(std::string_view text);

}  // namespace parley::node
