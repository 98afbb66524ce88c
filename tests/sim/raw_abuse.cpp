// What a raw client does with logins that have ended, with accounts, and to the grammar of the protocol.
#include <array>
#include <utility>

#include "sim/raw_client.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

}  // namespace

// -- K11: logins that were ended ------------------------------------------------------------------------------------

awaitable<void> RawClient::revoked_tokens() {
  std::string token = make_token();
  const bool done = co_await log_in_by(token);
  if (!done) co_return;
  for (int i = 0; i < 2; ++i) {
    const std::uint32_t node = some_node();
    const LinkPtr link = co_await link_to(node);
    if (link) co_await resume(link, token);
  }
  if (random_.chance(0.5)) {   // from a connection with the main token: it ends all others
    std::string fresh = "another raw password " + std::to_string(random_.below(1000));
    json::object params{{"password", password_}, {"new_password", fresh}};
    other_password_ = fresh;
    RawRequest request = numbered("account.password", std::move(params));
    const std::uint64_t number = co_await carry_out(std::move(request));
    if (exchange(number).ending == RawExchange::Ending::done) std::swap(password_, other_password_);
  } else {
    json::object params;
    if (random_.chance(0.3)) params["everywhere"] = true;
    RawRequest request = numbered("logout", std::move(params));
    co_await carry_out(std::move(request));
  }
  co_await use_everywhere(token);
}

// Whatever the token still opens, on every node.
awaitable<void> RawClient::use_everywhere(std::string token) {
  RawRequest unread;
  unread.method = "unread";
  co_await ask_everywhere(unread);
  RawRequest request;
  request.method = "resume";
  request.params["token"] = token;
  co_await ask_everywhere(std::move(request));
  co_await ask_everywhere(std::move(unread));
}

// An account ends while others talk to it; another one gets its name.
awaitable<void> RawClient::dies() {
  for (std::uint64_t i = random_.between(1, 3); i > 0; --i) {
    RawRequest request = make_send();
    co_await settle(std::move(request));
  }
  const std::string token = token_;
  json::object params{{"password", password_}};
  RawRequest request = numbered("account.delete", std::move(params));
  co_await carry_out(std::move(request));
  recent_.clear();
  if (!token.empty()) co_await use_everywhere(token);   // its login may have been found ended before
  const auto time = milliseconds(static_cast<std::int64_t>(random_.below(3000)));
  co_await pause(time);
  token_.clear();
  co_await sign_up();
}

// -- K6, K8: nonsense -----------------------------------------------------------------------------------------------

awaitable<void> RawClient::nonsense() {
  struct Row {
    const char* text;
    int code;
  };
  static constexpr std::array<Row, 9> rows = {{
      {R"({"jsonrpc":"2.0","id":7,"meth)", -32700},
      {R"(17)", -32600},
      {R"([])", -32600},
      {R"({"jsonrpc":"2.0","id":$,"method":"no.such"})", -32601},
      {R"({"jsonrpc":"2.0","id":$,"method":"hello","params":{"protocol":"one"}})", -32602},
      {R"({"jsonrpc":"2.0","id":$,"method":"client.open","params":{"key":5}})", -32602},
      {R"({"jsonrpc":"2.0","id":$,"method":"outcome","params":{"client":-1}})", -32602},
      {R"({"jsonrpc":"2.0","id":$,"method":"send","params":{"to":"#raw","text":7,"seq":1,"first":1}})", -32602},
      {R"({"jsonrpc":"2.0","id":$,"method":"send","params":{"to":"#raw","text":"x","seq":1,"first":2}})", -32602},
  }};
  const std::uint32_t node = some_node();
  const LinkPtr link = co_await link_to(node);
  if (!link || link->attached == 0 || link->presence == nullptr) co_return;
  for (int i = 0; i < 4 && link->open(); ++i) {
    const Row& row = rows.at(random_.below(rows.size()));
    std::string text = row.text;
    co_await one_nonsense(link, std::move(text), row.code);
  }
}

// Then an ordinary question: the connection stays.
awaitable<void> RawClient::one_nonsense(LinkPtr link, std::string text, int wanted_code) {
  std::uint64_t id = 0;   // answered under null
  if (const auto dollar = text.find('$'); dollar != std::string::npos) {
    id = ++rpc_ids_;
    text.replace(dollar, 1, std::to_string(id));
  }
  RawRequest request;
  request.method = "nonsense";
  request.wanted_code = wanted_code;
  RawExchange& made = begin(link->node(), request, *link);
  made.reason = text;
  const auto waiting = co_await link->send(std::move(text), id);
  if (!waiting) co_return;
  RawRequest status;
  status.method = "status";
  const std::uint64_t number = co_await ask_over(link, std::move(status));
  if (waiting->response) take(made, *waiting->response);
  else if (exchange(number).answered()) made.returned = world_.now();   // it went on, without a word about this
}

}  // namespace parley::sim
