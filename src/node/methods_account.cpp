#include <array>
#include <boost/json/array.hpp>
#include <utility>

#include "node/methods.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

constexpr std::size_t token_least = 32;  // a login token: 43 characters of base64url
constexpr std::size_t token_most = 128;
constexpr milliseconds look_again_at_most{2000};

// Reads a password that an account is to have from now on.
std::string new_password(Params& params, std::string_view parameter, std::string_view account) {
  auto password = params.text(parameter, 0);
  if (const auto weakness = password_weakness(password, account); !weakness.empty()) params.refuse(parameter, weakness);
  return password;
}

wire::RpcError with_weak_password(wire::RpcError error) {
  const auto* parameter = error.data.if_contains("parameter");
  if (parameter && (*parameter == "password" || *parameter == "new_password")) error.data["reason"] = "weak_password";
  return error;
}

Settled too_many_jobs() { return Settled::later("busy", retry_after_busy); }

// -- account.register -------------------------------------------------------------------------------------------

net::awaitable<Prepared> prepare_register(Services* services, chat::Register request, std::string password) {
  auto phc = co_await services->passwords.hash(std::move(password));
  if (!phc) co_return too_many_jobs();
  request.phc = std::move(*phc);
  co_return chat::Request{std::move(request)};
}

Built build_register(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::Register request;
  request.name = params.text("name", 1, 256);
  auto password = new_password(params, "password", request.name);
  if (const auto code = params.maybe_text("invitation", 256)) request.invitation = digest(*code);
  if (auto error = params.error()) return with_weak_password(std::move(*error));
  return Prepare([services = &services, request, password] { return prepare_register(services, request, password); });
}

json::object render_account(Services&, const Call&, const chat::Reply& reply) {
  json::object result;
  result["account"] = reply.account.value;
  return result;
}

// -- login, resume, logout --------------------------------------------------------------------------------------

struct Credentials {
  std::string name;
  std::string password;
  std::string address;
};

// What the password was verified against, so that apply can tell whether it still counts (R18).
struct Verified {
  bool done = false;        // else: too busy, or no leader
  chat::AccountId account;  // 0: wrong
  std::uint64_t version = 0;
};

// A refusal takes the number (R15), so it must not rest on a state that is behind: before it says no, the node makes
// sure that it has applied all there is, and looks again if that changed anything.
net::awaitable<Verified> verify(Services* services, Credentials given) {
  Verified verified;
  bool caught_up = false;
  std::optional<std::uint64_t> tried;
  for (;;) {
    const auto account = chat::find_account(services->state(), given.name);
    const std::uint64_t version = account ? account->credential_version : 0;
    if (tried == version) break;
    tried = version;
    std::string phc;
    if (account) phc = account->phc;
    const auto fits = co_await services->passwords.verify(std::move(phc), given.password);
    if (!fits) co_return verified;
    if (*fits && account) {
      verified.account = account->id;
      verified.version = version;
      break;
    }
    if (caught_up) break;
    caught_up = co_await catch_up(*services, look_again_at_most);
    if (!caught_up) co_return verified;
  }
  verified.done = true;
  auto& passwords = services->passwords;
  if (verified.account == chat::AccountId{}) {
    passwords.by_account.failed(given.name, services->now());
    passwords.by_address.failed(given.address, services->now());
  } else {
    passwords.by_account.succeeded(given.name);
  }
  co_return verified;
}

// Zero: may try a password now.
milliseconds password_wait(Services& services, const std::string& name, const std::string& address) {
  const auto now = services.now();
  return std::max(services.passwords.by_account.wait(name, now), services.passwords.by_address.wait(address, now));
}

net::awaitable<Prepared> prepare_login(Services* services, Credentials given, chat::LoginId login) {
  const auto wait = password_wait(*services, given.name, given.address);
  if (wait > milliseconds{0}) co_return Settled::later("too_many_requests", wait);
  const auto verified = co_await verify(services, std::move(given));
  if (!verified.done) co_return too_many_jobs();
  chat::Login request;
  request.account = verified.account;
  request.credential_version = verified.version;
  request.login = login;
  co_return chat::Request{request};
}

Built build_login(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  Credentials given;
  given.name = params.text("name", 1, 256);
  given.password = params.text("password", 0, password_max);
  given.address = call->session->address();
  const auto token = params.text("token", token_least, token_most);
  if (auto error = params.error()) return std::move(*error);
  const auto login = digest(token);
  return Prepare([services = &services, given, login] { return prepare_login(services, given, login); });
}

// The token is the caller's secret; that the login it names is alive is looked up anew, as the answer may be an old
// one that is only repeated.
void done_login(Services& services, Call& call, const chat::Reply& reply) {
  const auto login = digest(std::string_view(call.params.at("token").as_string()));
  const auto account = chat::authenticate(services.state(), login);
  if (account && *account == reply.account) services.sessions.log_in(call.session, login, *account);
}

json::object who_it_is(Services& services, chat::AccountId account) {
  json::object result;
  result["account"] = account.value;
  result["name"] = chat::account_name(services.state(), account);
  return result;
}

json::object render_login(Services& services, const Call&, const chat::Reply& reply) {
  return who_it_is(services, reply.account);
}

net::awaitable<Answer> resume(Services& services, CallPtr call) {
  Params params(call->params);
  const auto token = params.text("token", token_least, token_most);
  if (auto error = params.error()) co_return std::move(*error);
  auto& by_address = services.passwords.by_address;
  const auto& address = call->session->address();
  const auto wait = by_address.wait(address, services.now());
  if (wait > milliseconds{0}) co_return later("too_many_requests", wait);
  const auto login = digest(token);
  auto account = chat::authenticate(services.state(), login);
  if (!account) {  // made elsewhere a moment ago, perhaps
    const bool caught_up = co_await catch_up(services, look_again_at_most);
    account = chat::authenticate(services.state(), login);
    if (!account && !caught_up) co_return later("no_leader", retry_after_no_leader);
  }
  if (!account) {
    by_address.failed(address, services.now());
    co_return refused("not_logged_in", "this login has ended: log in again");
  }
  services.sessions.log_in(call->session, login, *account);
  services.markers.note_login(login);
  co_return who_it_is(services, *account);
}

Built build_logout(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::Logout request;
  request.everywhere = params.flag_or("everywhere", false);
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{request};
}

// Before the other connections of the login are cut, so that this one gets its answer and lives on.
void done_logout(Services& services, Call& call, const chat::Reply&) { services.sessions.log_out(call.session); }

// -- the password and the end of an account ---------------------------------------------------------------------

// Of the account that the session is logged in to; `done` with account 0 where the password is wrong or nobody is.
net::awaitable<Verified> verify_own(Services* services, CallPtr call, std::string password) {
  Verified verified;
  const auto account = chat::find_account(services->state(), call->account);
  if (!account) {
    verified.done = true;  // apply refuses it: not_logged_in
    co_return verified;
  }
  Credentials given;
  given.name = account->name;
  given.password = std::move(password);
  given.address = call->session->address();
  verified = co_await verify(services, std::move(given));
  co_return verified;
}

net::awaitable<Prepared> prepare_password(Services* services, CallPtr call, std::string password, std::string fresh) {
  const auto name = chat::account_name(services->state(), call->account);
  const auto wait = password_wait(*services, name, call->session->address());
  if (wait > milliseconds{0}) co_return Settled::later("too_many_requests", wait);
  const auto verified = co_await verify_own(services, call, std::move(password));
  if (!verified.done) co_return too_many_jobs();
  chat::ChangePassword request;
  request.credential_version = verified.version;
  if (verified.version != 0) {
    auto phc = co_await services->passwords.hash(std::move(fresh));
    if (!phc) co_return too_many_jobs();
    request.phc = std::move(*phc);
  }
  co_return chat::Request{std::move(request)};
}

Built build_password(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  const auto password = params.text("password", 0, password_max);
  const auto fresh = new_password(params, "new_password", chat::account_name(services.state(), call->account));
  if (auto error = params.error()) return with_weak_password(std::move(*error));
  return Prepare(
      [services = &services, call, password, fresh] { return prepare_password(services, call, password, fresh); });
}

net::awaitable<Prepared> prepare_delete(Services* services, CallPtr call, std::string password) {
  const auto name = chat::account_name(services->state(), call->account);
  const auto wait = password_wait(*services, name, call->session->address());
  if (wait > milliseconds{0}) co_return Settled::later("too_many_requests", wait);
  const auto verified = co_await verify_own(services, call, std::move(password));
  if (!verified.done) co_return too_many_jobs();
  chat::DeleteAccount request;
  request.credential_version = verified.version;
  co_return chat::Request{request};
}

Built build_delete(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  const auto password = params.text("password", 0, password_max);
  if (auto error = params.error()) return std::move(*error);
  return Prepare([services = &services, call, password] { return prepare_delete(services, call, password); });
}

// -- account.list -----------------------------------------------------------------------------------------------

Answer list(Services& services, Call& call) {
  Params params(call.params);
  const auto pattern = params.text_or("pattern", "", 256);
  const auto after = params.text_or("after", "", 256);
  const auto limit = params.limit(chat::list_max, chat::list_max);
  if (auto error = params.error()) return std::move(*error);
  const auto page = chat::list_accounts(services.state(), pattern, after, limit);
  json::array accounts;
  for (const auto& [id, name] : page.accounts) {
    json::object account;
    account["name"] = name;
    account["online"] = services.presence.online(id);
    accounts.push_back(std::move(account));
  }
  json::object result;
  result["accounts"] = std::move(accounts);
  result["more"] = page.more;
  return result;
}

const std::array<Method, 7> rows{{
    {.name = "account.register", .build = build_register, .render = render_account},
    {.name = "login", .build = build_login, .render = render_login, .done = done_login},
    {.name = "resume", .reading = resume},
    {.name = "logout", .build = build_logout, .render = nothing, .done = done_logout},
    {.name = "account.password", .build = build_password, .render = nothing},
    {.name = "account.delete", .build = build_delete, .render = nothing, .done = done_logout},
    {.name = "account.list", .needs_login = true, .direct = list, .fresh = true},
}};

}  // namespace

std::span<const Method> account_methods() { return rows; }

}  // namespace parley::node
