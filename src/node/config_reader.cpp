#include "node/config_reader.hpp"

#include <algorithm>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include "node/logging.hpp"

namespace parley::node {
namespace json = boost::json;
namespace {

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;   // in bytes, as most editors count ASCII
};

Place place_of(std::string_view text, std::size_t offset) {
  Place place;
  for (const char c : text.substr(0, std::min(offset, text.size()))) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else {
      ++place.column;
    }
  }
  return place;
}

std::string child(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

const json::value& empty_object() {
  static const json::value empty = json::object();
  return empty;
}

bool valid_port(std::string_view port) {
  if (port.empty() || port.size() > 5) return false;
  if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return false;
  const int number = std::stoi(std::string(port));
  return number >= 1 && number <= 65535;
}

bool valid_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Result<json::value> ConfigReader::parse(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);   // a byte-order mark, as some editors write
  json::parse_options options;
  options.max_depth = 8;
  json::stream_parser parser({}, options);
  boost::system::error_code failure;
  const std::size_t consumed = parser.write_some(text.data(), text.size(), failure);
  std::size_t at = consumed;
  if (!failure && consumed < text.size()) {
    const auto rest = text.find_first_not_of(" \t\r\n", consumed);
    if (rest != std::string_view::npos) {
      failure = json::make_error_code(json::error::extra_data);
      at = rest;
    }
  }
  if (!failure) parser.finish(failure);
  if (failure) {
    const Place place = place_of(text, at);
    return Error{file_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) +
                 ": not valid JSON: " + failure.message()};
  }
  json::value value = parser.release();
  if (!value.is_object()) return Error{file_ + ": expected an object with the key \"nodes\""};
  return value;
}

void ConfigReader::fail(const std::string& path, const std::string& expected) {
  if (error_) return;
  error_ = Error{file_ + ": " + (path.empty() ? "at the top" : path) + ": expected " + expected};
}

const json::value* ConfigReader::get(const JsonAt& at, std::string_view key) const {
  return at.value->get_object().if_contains(key);
}

void ConfigReader::only_keys(const JsonAt& at, const std::vector<std::string_view>& known) {
  std::string list;
  for (const auto& key : known) list += (list.empty() ? "" : ", ") + std::string(key);
  for (const auto& member : at.value->get_object()) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(known, key) != known.end()) continue;
    fail(child(at.path, escape_for_log(key)), "no such key here; known are: " + list);
  }
}

std::optional<std::string> ConfigReader::optional_string(const JsonAt& at, std::string_view key) {
  const auto* value = get(at, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    fail(child(at.path, key), "a string");
    return std::nullopt;
  }
  return std::string(value->get_string().data(), value->get_string().size());
}

std::string ConfigReader::required_string(const JsonAt& at, std::string_view key) {
  if (get(at, key) == nullptr) fail(child(at.path, key), "this key, with a string");
  return optional_string(at, key).value_or("");
}

std::uint64_t ConfigReader::optional_number(const JsonAt& at, std::string_view key, std::uint64_t least,
                                            std::uint64_t most, std::uint64_t otherwise) {
  const auto* value = get(at, key);
  if (value == nullptr) return otherwise;
  boost::system::error_code not_exact;
  const auto number = value->is_number() ? value->to_number<std::uint64_t>(not_exact) : 0;
  if (!value->is_number() || not_exact || number < least || number > most) {
    fail(child(at.path, key), "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return otherwise;
  }
  return number;
}

std::uint64_t ConfigReader::required_number(const JsonAt& at, std::string_view key, std::uint64_t least,
                                            std::uint64_t most) {
  if (get(at, key) == nullptr) {
    fail(child(at.path, key),
         "this key, with a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return optional_number(at, key, least, most, least);
}

bool ConfigReader::optional_boolean(const JsonAt& at, std::string_view key, bool otherwise) {
  const auto* value = get(at, key);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) {
    fail(child(at.path, key), "true or false");
    return otherwise;
  }
  return value->get_bool();
}

std::optional<JsonAt> ConfigReader::optional_object(const JsonAt& at, std::string_view key) {
  const auto* value = get(at, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return JsonAt{value, child(at.path, key)};
  fail(child(at.path, key), "an object");
  return std::nullopt;
}

JsonAt ConfigReader::required_object(const JsonAt& at, std::string_view key) {
  if (get(at, key) == nullptr) fail(child(at.path, key), "this key, with an object");
  return optional_object(at, key).value_or(JsonAt{&empty_object(), child(at.path, key)});
}

std::vector<JsonAt> ConfigReader::required_objects(const JsonAt& at, std::string_view key, std::size_t least,
                                                   std::size_t most) {
  const auto* value = get(at, key);
  std::vector<JsonAt> objects;
  const std::string path = child(at.path, key);
  if (value == nullptr || !value->is_array() || value->get_array().size() < least || value->get_array().size() > most) {
    fail(path, "a list of " + std::to_string(least) + " to " + std::to_string(most) + " objects");
    return objects;
  }
  for (const auto& element : value->get_array()) {
    const std::string element_path = path + "[" + std::to_string(objects.size()) + "]";
    if (!element.is_object()) fail(element_path, "an object");
    objects.push_back(JsonAt{element.is_object() ? &element : &empty_object(), element_path});
  }
  return objects;
}

std::string ConfigReader::address(const JsonAt& at, std::string_view key, std::string text) {
  const auto colon = text.rfind(':');
  const std::string_view host = host_of(text);
  const bool bare_ipv6 = host.find(':') != std::string_view::npos && !text.starts_with('[');
  if (colon == std::string::npos || !valid_host(host) || bare_ipv6 ||
      !valid_port(std::string_view(text).substr(colon + 1))) {
    fail(child(at.path, key),
         "\"host:port\" or \"[IPv6 address]:port\" with a port from 1 to 65535, not \"" + escape_for_log(text) + "\"");
  }
  return text;
}

std::string_view host_of(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return address;
  std::string_view host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

bool is_loopback(std::string_view address) {
  const auto host = host_of(address);
  if (host == "localhost" || host == "::1") return true;
  // Only a dotted quad: "127.example.org" is a name like any other.
  return host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
         std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_wildcard(std::string_view address) {
  const auto host = host_of(address);
  return host == "0.0.0.0" || host == "::" || host == "*";
}

std::string quoted_json(std::string_view text) { return json::serialize(json::value(json::string(text))); }

}  // namespace parley::node
