#include "chat/change.hpp"

// Logins: an account on one device, known by the digest of a token that only that device has.

namespace parley::chat {
namespace {

void tell_login_ended(Change& change, AccountId account, std::optional<LoginId> login, std::optional<LoginId> except,
                      std::string_view reason) {
  change.deliver({account}, LoginEnded{account, login, except, std::string(reason)});
}

}  // namespace

// The proposing node has checked all this before; between then and now the login may have ended (R18).
Actor find_actor(const State::Tables& tables, const Sequenced& command) {
  Actor actor;
  actor.administers = command.by_operator;
  actor.client = command.client;
  actor.sequence = command.sequence;
  if (!command.login) return actor;
  const auto found = tables.logins.find(*command.login);
  if (found == tables.logins.end() || tables.login_expired(found->second)) return actor;
  const auto* account = tables.account(found->second.account);
  if (account->banned) return actor;
  actor.account = found->second.account;
  actor.login = *command.login;
  actor.administers = actor.administers || account->administrator;
  return actor;
}

void end_login(Change& change, LoginId login) {
  change.tables.drop_login(login);
  change.erase(RecordKind::login, login);
}

void end_logins(Change& change, AccountId account, const LoginId* except, std::string_view reason) {
  const auto logins = change.tables.account(account)->logins;
  for (const auto& [opened, login] : logins) {
    if (!except || login != *except) end_login(change, login);
  }
  tell_login_ended(change, account, std::nullopt, except ? std::optional(*except) : std::nullopt, reason);
}

void keep_login_alive(Change& change, const LoginId& login) {
  auto& tables = change.tables;
  const auto found = tables.logins.find(login);
  if (found == tables.logins.end() || tables.login_expired(found->second)) return;
  if (change.now().ms - found->second.last_used.ms < use_granularity_ms) return;
  tables.use_login(login, change.now());
  change.save(login_record(login, found->second));
}

// Name and password were compared by the proposing node; the credential version says against which password.
Reply carry_out(Change& change, const Actor&, const Login& request) {
  auto& tables = change.tables;
  const auto* account = tables.account(request.account);
  if (!account || request.credential_version != account->credential_version) {
    return refuse(Code::wrong_credentials, "");
  }
  if (account->banned) return refuse(Code::banned, account->name);
  Reply reply;
  reply.account = request.account;
  const auto found = tables.logins.find(request.login);
  if (found != tables.logins.end()) {   // the same token again: harmless for its owner, of no use to anybody else
    if (found->second.account != request.account) return refuse(Code::wrong_credentials, "");
    tables.use_login(request.login, change.now());
    change.save(login_record(request.login, found->second));
    return reply;
  }
  while (account->logins.size() >= tables.settings[Setting::logins_per_account_max]) {
    const auto oldest = account->logins.begin()->second;
    end_login(change, oldest);
    tell_login_ended(change, request.account, oldest, std::nullopt, "too_many_logins");
  }
  const LoginRow row{request.account, change.index, change.now()};
  tables.add_login(request.login, row);
  change.save(login_record(request.login, row));
  return reply;
}

Reply carry_out(Change& change, const Actor& actor, const Logout& request) {
  if (actor.account.value == 0) return refuse(Code::not_logged_in, "");
  if (request.everywhere) {
    end_logins(change, actor.account, nullptr, "logged_out");
  } else {
    end_login(change, actor.login);
    tell_login_ended(change, actor.account, actor.login, std::nullopt, "logged_out");
  }
  return Reply{};
}

}  // namespace parley::chat
