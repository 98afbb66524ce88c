#include "cli/json_fields.hpp"

#include <boost/json/array.hpp>

namespace parley::cli {
namespace {

const json::value* find(const json::object& object, std::string_view name) {
  return object.if_contains(json::string_view(name.data(), name.size()));
}

}  // namespace

std::optional<std::uint64_t> to_number(const json::value& value) {
  if (const auto* number = value.if_uint64()) return *number;
  if (const auto* number = value.if_int64(); number && *number >= 0) return static_cast<std::uint64_t>(*number);
  return std::nullopt;
}

std::optional<std::uint64_t> number_field(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value ? to_number(*value) : std::nullopt;
}

std::string text_field(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value && value->is_string() ? to_text(value->get_string()) : std::string();
}

bool flag_field(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value && value->is_bool() && value->get_bool();
}

const json::array* array_field(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value ? value->if_array() : nullptr;
}

const json::object* object_field(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value ? value->if_object() : nullptr;
}

}  // namespace parley::cli
