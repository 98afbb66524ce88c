#include <algorithm>

#include "chat/queries.hpp"
#include "chat/tables.hpp"
#include "chat/text.hpp"

namespace parley::chat {
namespace {

AccountView view_of(AccountId id, const Account& row) {
  return {id, row.name, row.phc, row.credential_version, row.administrator, row.banned, row.created};
}

}  // namespace

LogTime log_time(const State& state) { return state.tables().time; }

Generation generation(const State& state) { return state.tables().generation; }

std::vector<std::pair<std::string, std::string>> settings(const State& state) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& rule : setting_rules()) {
    values.emplace_back(rule.name, format_setting(rule, state.tables().settings[rule.setting]));
  }
  return values;
}

Registration registration(const State& state) {
  return static_cast<Registration>(state.tables().settings[Setting::registration]);
}

std::optional<AccountView> find_account(const State& state, std::string_view name) {
  AccountId id;
  const auto* row = state.tables().account_named(name, id);
  return row ? std::optional(view_of(id, *row)) : std::nullopt;
}

std::optional<AccountView> find_account(const State& state, AccountId id) {
  const auto* row = state.tables().account(id);
  return row ? std::optional(view_of(id, *row)) : std::nullopt;
}

std::string account_name(const State& state, AccountId id) {
  const auto* row = state.tables().account(id);
  return row ? row->name : std::string();
}

std::optional<AccountId> authenticate(const State& state, const LoginId& login) {
  const auto& tables = state.tables();
  const auto found = tables.logins.find(login);
  if (found == tables.logins.end() || tables.login_expired(found->second)) return std::nullopt;
  if (tables.banned.contains(found->second.account)) return std::nullopt;
  return found->second.account;
}

AccountPage list_accounts(const State& state, std::string_view pattern, std::string_view after, std::size_t limit) {
  AccountPage page;
  if (pattern.size() > pattern_max) return page;
  const auto wanted = folded(pattern);
  const auto prefix = wanted.substr(0, wanted.find_first_of("*?"));   // names beyond it can't match
  const auto& names = state.tables().account_names;
  const auto start = folded(after);
  auto at = start < prefix ? names.lower_bound(prefix) : names.upper_bound(start);
  for (; at != names.end(); ++at) {
    if (at->first.compare(0, prefix.size(), prefix) != 0) break;
    if (!matches(wanted, at->first)) continue;
    if (page.accounts.size() >= std::min(limit, list_max)) {
      page.more = true;
      break;
    }
    page.accounts.emplace_back(at->second, at->first);
  }
  return page;
}

}  // namespace parley::chat
