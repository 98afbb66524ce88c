#include "node/methods_params.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace parley::node {

namespace json = boost::json;

const json::value* Params::find(std::string_view name) {
  asked_.push_back(name);
  const auto* value = params_.if_contains(name);
  return value && value->is_null() ? nullptr : value;
}

void Params::refuse(std::string_view name, std::string_view expected) {
  if (error_) return;
  wire::RpcError error;
  error.code = wire::RpcCode::invalid_parameters;
  error.message = "parameter \"" + std::string(name.substr(0, 64)) + "\": " + std::string(expected);
  error.data["parameter"] = name.substr(0, 64);
  error_ = std::move(error);
}

std::string Params::checked_text(std::string_view name, const json::value& value, std::size_t least, std::size_t most) {
  const auto* text = value.if_string();
  if (!text) {
    refuse(name, "expected a text");
    return {};
  }
  if (text->size() < least || text->size() > most) {
    refuse(name, "expected " + std::to_string(least) + " to " + std::to_string(most) + " bytes");
    return {};
  }
  return std::string(text->data(), text->size());
}

std::string Params::text(std::string_view name, std::size_t least, std::size_t most) {
  const auto* value = find(name);
  if (!value) {
    refuse(name, "missing: expected a text");
    return {};
  }
  return checked_text(name, *value, least, most);
}

std::string Params::text_or(std::string_view name, std::string_view otherwise, std::size_t most) {
  const auto* value = find(name);
  return value ? checked_text(name, *value, 0, most) : std::string(otherwise);
}

std::optional<std::string> Params::maybe_text(std::string_view name, std::size_t most) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  return checked_text(name, *value, 0, most);
}

std::uint64_t Params::checked_number(std::string_view name, const json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  refuse(name, "expected a whole number, not negative");
  return 0;
}

std::uint64_t Params::number(std::string_view name) {
  const auto* value = find(name);
  if (!value) {
    refuse(name, "missing: expected a number");
    return 0;
  }
  return checked_number(name, *value);
}

std::optional<std::uint64_t> Params::maybe_number(std::string_view name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  return checked_number(name, *value);
}

std::size_t Params::limit(std::size_t otherwise, std::size_t most) {
  const auto given = maybe_number("limit");
  if (!given) return otherwise;
  if (*given == 0) refuse("limit", "expected 1 to " + std::to_string(most));
  return static_cast<std::size_t>(std::min<std::uint64_t>(*given, most));
}

bool Params::flag_or(std::string_view name, bool otherwise) {
  const auto* value = find(name);
  if (!value) return otherwise;
  if (!value->is_bool()) refuse(name, "expected true or false");
  return value->is_bool() && value->get_bool();
}

bool Params::flag(std::string_view name) {
  if (!params_.contains(name)) refuse(name, "missing: expected true or false");
  return flag_or(name, false);
}

std::vector<std::uint64_t> Params::numbers(std::string_view name, std::size_t most) {
  std::vector<std::uint64_t> result;
  const auto* value = find(name);
  const auto* list = value ? value->if_array() : nullptr;
  if (!list || list->empty() || list->size() > most) {
    refuse(name, "expected a list of 1 to " + std::to_string(most) + " numbers");
    return result;
  }
  for (const auto& item : *list) result.push_back(checked_number(name, item));
  return result;
}

std::optional<wire::RpcError> Params::error() {
  if (error_) return error_;
  for (const auto& member : params_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) refuse(name, "there is no such parameter");
  }
  return error_;
}

}  // namespace parley::node
