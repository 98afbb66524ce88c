// What clients send and what nodes send to clients, as JSON-RPC: any bytes are read or refused with an answer that can
// be sent, and what was read is written again so that it reads as the same. Parameters are then taken out of the
// request in every way that the methods of a session do.
#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <string>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "node/methods_params.hpp"
#include "wire/rpc.hpp"

namespace parley::fuzz {
namespace {

namespace json = wire::json;
using wire::RpcRequest;
using wire::RpcResponse;

// Equal, but for the last digits of numbers with a fraction: Boost.JSON 1.81 does not read them to the last bit.
bool same(const json::value& a, const json::value& b) {   // recursion bounded by json_depth_max
  if (a.is_number() && b.is_number()) {
    if (!a.is_double() && !b.is_double()) return a == b;
    const double one = a.to_number<double>();
    const double other = b.to_number<double>();
    return std::abs(one - other) <= 1e-12 * std::abs(one) + 1e-300;
  }
  if (a.is_object() && b.is_object()) {
    const auto& other = b.get_object();
    const auto in_both = [&other](const auto& member) {
      const auto* found = other.if_contains(member.key());
      return found != nullptr && same(member.value(), *found);
    };
    return a.get_object().size() == other.size() && std::ranges::all_of(a.get_object(), in_both);
  }
  if (a.is_array() && b.is_array()) {
    const auto& one = a.get_array();
    const auto& other = b.get_array();
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), same);
  }
  return a == b;
}

void take_parameters(const RpcRequest& request) {
  node::Params params(request.params);
  params.text("a");
  params.text_or("b", "otherwise", 8);
  params.maybe_text("c");
  params.number("d");
  params.maybe_number("e");
  params.limit(50, 1000);
  params.flag_or("f", true);
  params.flag("g");
  params.numbers("h", 4);
  if (const auto error = params.error()) {
    PARLEY_ASSERT(!error->message.empty(), "a refusal names the parameter");
    wire::encode(RpcResponse{json::value(nullptr), *error});
  }
}

void from_client(std::string_view bytes) {
  const auto request = wire::decode_request(bytes);
  if (!request.ok()) {
    const std::string answer = wire::encode(RpcResponse{request.error().id, request.error().error});
    PARLEY_ASSERT(wire::decode_from_node(answer).ok(), "a client can read the answer to what could not be read");
    return;
  }
  const auto again = wire::decode_request(wire::encode(*request));
  PARLEY_ASSERT(again.ok(), "a request that was read is written so that it can be read");
  PARLEY_ASSERT(again->method == request->method && again->id.has_value() == request->id.has_value() &&
                    same(again->id.value_or(nullptr), request->id.value_or(nullptr)) &&
                    same(again->params, request->params),
                "and is the same then");
  take_parameters(*request);
}

void from_node(std::string_view bytes) {
  const auto said = wire::decode_from_node(bytes);
  if (!said.ok()) {
    PARLEY_ASSERT(!said.error().message.empty(), "a refusal has a text");
    return;
  }
  const std::string once = std::visit([](const auto& message) { return wire::encode(message); }, *said);
  PARLEY_ASSERT(wire::decode_from_node(once).ok(), "what was read is written so that it can be read");
}

}  // namespace
}  // namespace parley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = parley::fuzz::Input(data, size).rest();
  parley::fuzz::from_client(bytes);
  parley::fuzz::from_node(bytes);
  return 0;
}
