#include "cli/methods.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace parley::cli {
namespace {

constexpr bool secret = true;
constexpr bool alone = true;
constexpr bool repeatable = true;

// docs/PROTOCOL.md sections 3 to 6. `read` moves a marker: asked again, it would skip what the lost answer held.
constexpr std::array methods = {
    std::pair{std::string_view("account.delete"), MethodTraits{secret, alone, false}},
    std::pair{std::string_view("account.list"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("account.password"), MethodTraits{secret, alone, false}},
    std::pair{std::string_view("account.register"), MethodTraits{secret, alone, false}},
    std::pair{std::string_view("admin.admin"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("admin.ban"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("admin.invite"), MethodTraits{secret, alone, repeatable}},
    std::pair{std::string_view("admin.password"), MethodTraits{secret, alone, repeatable}},
    std::pair{std::string_view("admin.set"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("delete"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("edit"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("hello"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("history"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("login"), MethodTraits{secret, alone, repeatable}},
    std::pair{std::string_view("logout"), MethodTraits{false, alone, repeatable}},
    std::pair{std::string_view("mark"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("outcome"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("ping"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("room.list"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("room.members"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("room.topic"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("search"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("status"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("sync"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("unread"), MethodTraits{false, false, repeatable}},
    std::pair{std::string_view("who"), MethodTraits{false, false, repeatable}},
};

constexpr auto by_name = [](const auto& row, std::string_view name) { return row.first < name; };

}  // namespace

MethodTraits traits_of(std::string_view method) {
  const auto* row = std::lower_bound(methods.begin(), methods.end(), method, by_name);
  if (row == methods.end() || row->first != method) return {};
  return row->second;
}

}  // namespace parley::cli
