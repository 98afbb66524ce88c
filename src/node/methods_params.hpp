#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/rpc.hpp"

namespace parley::node {

// Reads the parameters of one request. The first thing that is wrong is kept, with the parameter's name, and all
// later reads give nothing of value: read everything, then ask `error()`, which also refuses what was never asked for.
class Params {
 public:
  explicit Params(const boost::json::object& params) : params_(params) {}

  std::string text(std::string_view name, std::size_t least = 1, std::size_t most = 64 * 1024);
  std::string text_or(std::string_view name, std::string_view otherwise, std::size_t most = 64 * 1024);
  std::optional<std::string> maybe_text(std::string_view name, std::size_t most = 64 * 1024);
  std::uint64_t number(std::string_view name);  // from 0
  std::optional<std::uint64_t> maybe_number(std::string_view name);
  std::size_t limit(std::size_t otherwise, std::size_t most);  // "limit": from 1; more than most is most
  bool flag_or(std::string_view name, bool otherwise);
  bool flag(std::string_view name);
  std::vector<std::uint64_t> numbers(std::string_view name, std::size_t most);

  void known(std::string_view name) { asked_.push_back(name); }   // read elsewhere
  void refuse(std::string_view name, std::string_view expected);  // says what is wrong with a value that was read
  std::optional<wire::RpcError> error();

 private:
  const boost::json::value* find(std::string_view name);
  std::string checked_text(std::string_view name, const boost::json::value& value, std::size_t least, std::size_t most);
  std::uint64_t checked_number(std::string_view name, const boost::json::value& value);

  const boost::json::object& params_;
  std::vector<std::string_view> asked_;
  std::optional<wire::RpcError> error_;
};

}  // namespace parley::node
