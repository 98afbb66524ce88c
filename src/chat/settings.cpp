#include "chat/settings.hpp"

#include <charconv>

namespace parley::chat {
namespace {

constexpr std::array<std::string_view, 3> registration_words = {"open", "invite", "closed"};

constexpr std::array<SettingRule, setting_count> rules = {{
    {Setting::accounts_max, "accounts_max", 1, 1'000'000, 100'000},
    {Setting::login_idle_days, "login_idle_days", 1, 365, 30},
    {Setting::logins_per_account_max, "logins_per_account_max", 1, 100, 20},
    {Setting::members_per_room_max, "members_per_room_max", 2, 10'000, 1'000},
    {Setting::memberships_per_account_max, "memberships_per_account_max", 1, 10'000, 500},
    {Setting::min_voters, "min_voters", 1, 63, 1},
    {Setting::registration, "registration", 0, 2, 0},
    {Setting::rooms_max, "rooms_max", 0, 100'000, 10'000},
    {Setting::rooms_per_account_max, "rooms_per_account_max", 0, 10'000, 100},
}};

}  // namespace

const std::array<SettingRule, setting_count>& setting_rules() { return rules; }

const SettingRule* find_setting(std::string_view name) {
  for (const auto& rule : rules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

Settings::Settings() {
  for (const auto& rule : rules) set(rule.setting, rule.initial);
}

std::optional<std::uint64_t> parse_setting(const SettingRule& rule, std::string_view text) {
  if (rule.setting == Setting::registration) {
    for (std::size_t i = 0; i < registration_words.size(); ++i) {
      if (text == registration_words[i]) return i;
    }
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);   // knows no locale
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < rule.least || value > rule.greatest) return std::nullopt;
  return value;
}

std::string format_setting(const SettingRule& rule, std::uint64_t value) {
  if (rule.setting == Setting::registration && value < registration_words.size()) {
    return std::string(registration_words[value]);
  }
  return std::to_string(value);
}

std::string expected_of(const SettingRule& rule) {
  if (rule.setting == Setting::registration) return "open, invite or closed";
  return std::to_string(rule.least) + " to " + std::to_string(rule.greatest);
}

}  // namespace parley::chat
