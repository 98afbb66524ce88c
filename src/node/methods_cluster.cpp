#include <array>
#include <utility>

#include "node/methods.hpp"
#include "node/status.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

constexpr std::uint64_t protocol_version = 1;
constexpr std::size_t key_least = 22;  // 128 bits of base64url
constexpr std::size_t key_most = 128;
constexpr milliseconds attach_at_most{2000};

Answer hello(Services& services, Call& call) {
  Params params(call.params);
  const auto protocol = params.number("protocol");
  params.maybe_text("client_name", 256);
  if (protocol != protocol_version) {
    params.refuse("protocol", "this node speaks version 1, the client asked for " + std::to_string(protocol));
  }
  if (auto error = params.error()) return std::move(*error);
  call.session->greeted = true;
  return hello_json(services);
}

// Whoever waits for a word of this node hears one: it needs no log and no disk.
Answer ping(Services&, Call& call) {
  Params params(call.params);
  if (auto error = params.error()) return std::move(*error);
  return json::object();
}

Answer status(Services& services, Call& call) {
  Params params(call.params);
  if (auto error = params.error()) return std::move(*error);
  return status_json(services);
}

Answer become_operator(Services& services, Call& call) {
  Params params(call.params);
  const auto token = params.text("token", 1, 256);
  if (auto error = params.error()) return std::move(*error);
  auto& throttle = services.passwords.by_address;
  const auto& address = call.session->address();
  const auto wait = throttle.wait(address, services.now());
  if (wait > milliseconds{0}) return later("too_many_requests", wait);
  // Digests are compared, so the time it takes tells nothing of use about the token.
  if (digest(token) != services.operator_token) {
    throttle.failed(address, services.now());
    return refused(chat::Code::wrong_credentials, "not this node's operator.token");
  }
  call.session->is_operator = true;
  return json::object();
}

// -- client sessions (R15, R16) -----------------------------------------------------------------------------------

net::awaitable<Answer> open_client(Services& services, CallPtr call) {
  Params params(call->params);
  const auto key = params.text("key", key_least, key_most);
  if (auto error = params.error()) co_return std::move(*error);
  chat::OpenClient request;
  request.key = digest(key);
  chat::Command command{request};
  const auto settled = co_await services.proposals.propose(std::move(command));
  if (settled.kind == Settled::Kind::later) co_return later(settled.reason, settled.retry_after);
  if (settled.kind != Settled::Kind::replied) co_return later("no_leader", retry_after_no_leader);
  if (settled.reply.code != chat::Code::done) co_return refused(settled.reply.code, settled.reply.text);
  call->session->client = settled.reply.client;
  json::object result;
  result["client"] = settled.reply.client.value;
  co_return result;
}

net::awaitable<Answer> attach_client(Services& services, CallPtr call) {
  Params params(call->params);
  const chat::ClientId client{params.number("client")};
  const auto key = params.text("key", key_least, key_most);
  if (auto error = params.error()) co_return std::move(*error);
  const auto secret = digest(key);
  bool fits = chat::client_key_fits(services.state(), client, secret);
  if (!fits) {  // opened elsewhere a moment ago, perhaps
    const bool caught_up = co_await catch_up(services, attach_at_most);
    fits = chat::client_key_fits(services.state(), client, secret);
    if (!fits && !caught_up) co_return later("no_leader", retry_after_no_leader);
  }
  if (!fits) co_return refused(chat::Code::unknown_client);
  call->session->client = client;
  services.markers.note_client(client);
  json::object result;
  result["client"] = client.value;
  result["last"] = chat::find_client(services.state(), client)->last.value;
  co_return result;
}

const std::array<Method, 6> rows{{
    {.name = "hello", .direct = hello},
    {.name = "ping", .direct = ping},
    {.name = "status", .direct = status},
    {.name = "operator", .direct = become_operator},
    {.name = "client.open", .reading = open_client},
    {.name = "client.attach", .reading = attach_client},
}};

}  // namespace

std::span<const Method> cluster_methods() { return rows; }

}  // namespace parley::node
