#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/types.hpp"

namespace parley::chat {

// The replicated settings: what decides outcomes is changed by a command, never read from a file (R6, R13).
enum class Setting : std::uint8_t {
  registration,                 // who may make an account: open, invite (with a code), closed (administrators only)
  accounts_max,
  rooms_max,
  rooms_per_account_max,        // owned at once
  memberships_per_account_max,  // joined at once
  members_per_room_max,
  logins_per_account_max,       // then the oldest login ends
  login_idle_days,              // without use, by log time: then the login ends
  min_voters                    // the voting set is never made smaller by itself (dynamic quorum)
};
inline constexpr std::size_t setting_count = 9;

struct SettingRule {
  Setting setting;
  std::string_view name;
  std::uint64_t least;
  std::uint64_t greatest;
  std::uint64_t initial;        // part of the meaning of the log from its first entry: never to be changed (R8)
};

const std::array<SettingRule, setting_count>& setting_rules();   // sorted by name
const SettingRule* find_setting(std::string_view name);

class Settings {
 public:
  Settings();
  std::uint64_t operator[](Setting setting) const { return values_[static_cast<std::size_t>(setting)]; }
  void set(Setting setting, std::uint64_t value) { values_[static_cast<std::size_t>(setting)] = value; }
  bool operator==(const Settings&) const = default;

 private:
  std::array<std::uint64_t, setting_count> values_{};
};

// Between the text that people type and the number kept; nothing: not a value of this setting.
std::optional<std::uint64_t> parse_setting(const SettingRule& rule, std::string_view text);
std::string format_setting(const SettingRule& rule, std::uint64_t value);
std::string expected_of(const SettingRule& rule);   // "1 to 365", "open, invite or closed"

}  // namespace parley::chat
