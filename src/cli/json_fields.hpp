#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::cli {

namespace json = boost::json;

// Reading what a node sent: a member that is missing or of another type counts as absent, never as an error.
std::optional<std::uint64_t> number_field(const json::object& object, std::string_view name);   // not negative
std::string text_field(const json::object& object, std::string_view name);                      // "" if absent
bool flag_field(const json::object& object, std::string_view name);                             // false if absent
const json::array* array_field(const json::object& object, std::string_view name);              // null if absent
const json::object* object_field(const json::object& object, std::string_view name);            // null if absent

std::optional<std::uint64_t> to_number(const json::value& value);
inline std::string to_text(const json::string& text) { return std::string(text.data(), text.size()); }

}  // namespace parley::cli
