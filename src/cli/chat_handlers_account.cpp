#include <boost/json/array.hpp>
#include <utility>

#include "cli/chat_handlers.hpp"
#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

constexpr const char* password_missing = "at a pipe the password stands in the line";

Report not_given() { return report_refused("no_password", "given up: no password was typed"); }

std::string plain_name(std::string name) {
  if (name.starts_with('@')) name.erase(0, 1);
  return name;
}

// The password: from the line where it may stand there, else asked for. nullopt: there is none.
awaitable<std::optional<std::string>> password_from(Chat& chat, Arguments arguments, std::size_t index,
                                                    std::string question) {
  if (arguments.count() > index) co_return arguments.word(index);
  if (!chat.manners().ask_secret) co_return std::nullopt;
  std::optional<std::string> answer = co_await chat.manners().ask_secret(std::move(question));
  co_return answer;
}

// Typed twice, so that a slip of the finger locks nobody out.
awaitable<std::optional<std::string>> new_password(Chat& chat) {
  auto first = co_await chat.manners().ask_secret("New password: ");
  if (!first) co_return std::nullopt;
  auto second = co_await chat.manners().ask_secret("Again: ");
  if (!second || *first != *second) co_return std::nullopt;
  co_return first;
}

}  // namespace

awaitable<Report> register_command(Chat& chat, Arguments arguments) {
  std::optional<std::string> password;
  if (arguments.count() > 1) {
    password = arguments.word(1);
  } else if (chat.manners().ask_secret) {
    password = co_await new_password(chat);
    if (!password) co_return report_refused("no_password", "given up: the two passwords were not the same");
  } else {
    co_return report_refused("no_password", std::string(password_missing) + ": /register NAME PASSWORD");
  }
  const std::string name = plain_name(arguments.word(0));
  json::object params;
  params["name"] = name;
  params["password"] = *password;
  if (arguments.count() > 2) params["invitation"] = arguments.word(2);
  Report report = co_await chat.submit("account.register", std::move(params));
  if (!report.outcome.done()) co_return report;
  Report login = co_await chat.log_in(name, std::move(*password));
  login.lines.insert(login.lines.begin(), "registered " + name);
  co_return login;
}

awaitable<Report> login_command(Chat& chat, Arguments arguments) {
  const std::string name = plain_name(arguments.word(0));
  auto password = co_await password_from(chat, std::move(arguments), 1, "Password: ");
  if (!password && !chat.manners().ask_secret)
    co_return report_refused("no_password", std::string(password_missing) + ": /login NAME PASSWORD");
  if (!password) co_return not_given();
  Report report = co_await chat.log_in(name, std::move(*password));
  co_return report;
}

awaitable<Report> logout_command(Chat& chat, Arguments arguments) {
  const bool everywhere = arguments.count() == 1;
  if (everywhere && arguments.word(0) != "everywhere")
    co_return report_refused("bad_command", "usage: /logout [everywhere]");
  const TimePoint until = chat.deadline();
  Report report;
  report.outcome = co_await chat.client().logout(everywhere, until);
  if (report.outcome.done()) {
    chat.forget_login();
    report.lines.emplace_back("logged out");
  }
  co_return report;
}

awaitable<Report> passwd_command(Chat& chat, Arguments arguments) {
  std::optional<std::string> old_password;
  std::optional<std::string> fresh;
  if (arguments.count() == 2) {
    old_password = arguments.word(0);
    fresh = arguments.word(1);
  } else if (chat.manners().ask_secret && arguments.count() == 0) {
    old_password = co_await chat.manners().ask_secret("Old password: ");
    if (old_password) fresh = co_await new_password(chat);
    if (!fresh) co_return report_refused("no_password", "nothing was changed: the two new passwords were not the same");
  } else {
    co_return report_refused("no_password", std::string(password_missing) + ": /passwd OLD NEW");
  }
  json::object params;
  params["password"] = *old_password;
  params["new_password"] = *fresh;
  Report report = co_await chat.submit("account.password", std::move(params));
  if (report.outcome.done()) report.lines.emplace_back("the password is changed; all other logins have ended");
  co_return report;
}

awaitable<Report> delete_account_command(Chat& chat, Arguments arguments) {
  auto password = co_await password_from(chat, std::move(arguments), 0, "Your password, to delete the account: ");
  if (!password && !chat.manners().ask_secret)
    co_return report_refused("no_password", std::string(password_missing) + ": /delete-account PASSWORD");
  if (!password) co_return not_given();
  json::object params;
  params["password"] = *password;
  Report report = co_await chat.submit("account.delete", std::move(params));
  if (report.outcome.done()) {
    chat.forget_login();
    report.lines.emplace_back("the account is deleted; its messages stay");
  }
  co_return report;
}

awaitable<Report> users_command(Chat& chat, Arguments arguments) {
  json::object params;
  if (arguments.count() == 1) params["pattern"] = plain_name(arguments.word(0));
  params["limit"] = 200;
  Report report = co_await chat.call("account.list", std::move(params));
  const auto* result = report.outcome.result.if_object();
  const auto* accounts = result ? array_field(*result, "accounts") : nullptr;
  if (accounts == nullptr) co_return report;
  for (const auto& account : *accounts) {
    if (const auto* fields = account.if_object())
      report.lines.push_back("@" + text_field(*fields, "name") + (flag_field(*fields, "online") ? "  online" : ""));
  }
  if (accounts->empty()) report.lines.emplace_back("nobody");
  if (flag_field(*result, "more")) report.lines.emplace_back("... and more: /users PATTERN narrows it down");
  co_return report;
}

awaitable<Report> who_command(Chat& chat, Arguments) {
  Report report = co_await chat.call("who", json::object());
  const auto* result = report.outcome.result.if_object();
  const auto* online = result ? array_field(*result, "online") : nullptr;
  if (online == nullptr) co_return report;
  for (const auto& name : *online) {
    if (const auto* text = name.if_string()) report.lines.push_back("@" + to_text(*text));
  }
  if (online->empty()) report.lines.emplace_back("nobody is logged in");
  co_return report;
}

}  // namespace parley::cli
