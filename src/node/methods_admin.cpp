#include <array>
#include <utility>

#include "node/methods.hpp"

namespace parley::node {
namespace {

// Administrators' and operators' requests. Who may is apply's to say (R18).

std::string account_of(Params& params) {
  auto account = params.text("account", 1, 256);
  if (account.starts_with('@')) account.erase(0, 1);
  return account;
}

Built build_set(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::ChangeSetting request;
  request.name = params.text("name", 1, 256);
  request.value = params.text("value", 0, 1024);
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

Built build_invite(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::CreateInvitation request;
  request.code = digest(params.text("code", 8, 256));
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{request};
}

Built build_admin(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::SetAdministrator request;
  request.account = account_of(params);
  request.administrator = params.flag("administrator");
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

Built build_ban(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::SetBanned request;
  request.account = account_of(params);
  request.banned = params.flag("banned");
  if (auto error = params.error()) return std::move(*error);
  return chat::Request{std::move(request)};
}

net::awaitable<Prepared> prepare_password(Services* services, chat::ResetPassword request, std::string password) {
  auto phc = co_await services->passwords.hash(std::move(password));
  if (!phc) co_return Settled::later("busy", retry_after_busy);
  request.phc = std::move(*phc);
  co_return chat::Request{std::move(request)};
}

Built build_password(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  chat::ResetPassword request;
  request.account = account_of(params);
  const auto password = params.text("new_password", 0);
  const auto weakness = password_weakness(password, request.account);
  if (!weakness.empty()) params.refuse("new_password", weakness);
  if (auto error = params.error()) {
    if (!weakness.empty()) error->data["reason"] = "weak_password";
    return std::move(*error);
  }
  return Prepare([services = &services, request, password] { return prepare_password(services, request, password); });
}

const std::array<Method, 5> rows{{
    {.name = "admin.set", .build = build_set, .render = nothing},
    {.name = "admin.invite", .build = build_invite, .render = nothing},
    {.name = "admin.admin", .build = build_admin, .render = nothing},
    {.name = "admin.password", .build = build_password, .render = nothing},
    {.name = "admin.ban", .build = build_ban, .render = nothing},
}};

}  // namespace

std::span<const Method> admin_methods() { return rows; }

}  // namespace parley::node
