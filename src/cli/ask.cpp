#include "cli/ask.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <utility>

#include "net/before.hpp"
#include "wire/rpc.hpp"

namespace parley::cli {
namespace {

constexpr std::int64_t hello_id = 1;
constexpr std::int64_t question_id = 2;

// The answer to the question, if this is it; notifications and the answer to hello are passed over.
std::optional<Result<json::object>> answer_in(const std::string& text, const std::string& address) {
  auto decoded = wire::decode_from_node(text);
  if (!decoded.ok()) return Result<json::object>(Error{address + " answered what is not the protocol"});
  auto* response = std::get_if<wire::RpcResponse>(&*decoded);
  if (response == nullptr || response->id != wire::RpcId(question_id)) return std::nullopt;
  if (const auto* error = std::get_if<wire::RpcError>(&response->outcome)) {
    return Result<json::object>(Error{address + ": " + error->message});
  }
  auto& value = std::get<json::value>(response->outcome);
  if (!value.is_object()) return Result<json::object>(Error{address + " answered what is not the protocol"});
  return Result<json::object>(std::move(value.as_object()));
}

awaitable<Result<json::object>> converse(std::shared_ptr<net::Connection> connection, std::string address,
                                         std::string question) {
  json::object hello;
  hello["protocol"] = 1;
  std::string greeting = encode_request(hello_id, "hello", std::move(hello));
  co_await connection->write(std::move(greeting));
  co_await connection->write(std::move(question));
  for (;;) {
    auto text = co_await connection->read();
    if (!text) co_return Error{address + " closed the connection without an answer"};
    auto answer = answer_in(*text, address);
    if (answer) co_return std::move(*answer);
  }
}

std::uint64_t number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return 0;
  const auto converted = json::try_value_to<std::uint64_t>(*value);
  return converted.has_value() ? *converted : 0;
}

std::string text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

std::string encode_request(std::int64_t id, std::string method, json::object params) {
  wire::RpcRequest request;
  request.id = wire::RpcId(id);
  request.method = std::move(method);
  request.params = std::move(params);
  return wire::encode(request);
}

awaitable<Result<json::object>> ask(ClientSeams seams, std::string address, std::string method, json::object params,
                                    TimePoint deadline) {
  auto connected = co_await seams.network.connect(net::Transport::client, address, deadline);
  if (!connected.connection) co_return Error{connected.detail};
  std::string question = encode_request(question_id, std::move(method), std::move(params));
  auto conversation = converse(connected.connection, address, std::move(question));
  auto answer = co_await net::before(seams.clock, deadline, std::move(conversation));
  connected.connection->close();
  if (!answer) co_return Error{address + " did not answer in time"};
  co_return std::move(*answer);
}

awaitable<Result<NodeView>> ask_view(ClientSeams seams, std::string address, TimePoint deadline) {
  json::object nothing;
  auto answer = co_await ask(seams, std::move(address), "status", std::move(nothing), deadline);
  if (!answer.ok()) co_return answer.error();
  NodeView view;
  view.node = static_cast<std::uint32_t>(number(*answer, "node"));
  if (const auto leader = number(*answer, "leader"); leader != 0) view.leader = static_cast<std::uint32_t>(leader);
  view.role = text(*answer, "role");
  view.term = number(*answer, "term");
  view.commit = number(*answer, "commit");
  view.applied = number(*answer, "applied");
  if (const auto* voters = answer->if_contains("voters"); voters != nullptr && voters->is_array()) {
    for (const auto& voter : voters->as_array()) {
      if (!voter.is_object()) continue;
      const auto id = static_cast<std::uint32_t>(number(voter.as_object(), "node"));
      view.voters.push_back(id);
      const auto* connected = voter.as_object().if_contains("connected");
      if (connected != nullptr && connected->is_bool() && connected->as_bool()) view.connected.push_back(id);
    }
  }
  view.copies = number(*answer, "copies");
  view.bearable = text(*answer, "bearable");
  if (view.bearable == "soon") view.bearable = "in " + std::to_string(number(*answer, "bearable_in_ms")) + " ms";
  view.digest = text(*answer, "digest");
  if (const auto* chain = answer->if_contains("chain"); chain != nullptr && chain->is_object()) {
    view.chain_index = number(chain->as_object(), "index");
    view.chain = text(chain->as_object(), "digest");
  }
  co_return view;
}

}  // namespace parley::cli
