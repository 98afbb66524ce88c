// What clients send and what nodes send to clients, as JSON-RPC: any bytes are read or refused with an answer that can
// be sent, and what was read is written again so that it reads as the same. Parameters are then taken out of the
// request in every way that the methods of a session do.
#include <string>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "node/methods_params.hpp"
#include "wire/rpc.hpp"

namespace parley::fuzz {
namespace {

using wire::RpcRequest;
using wire::RpcResponse;

// Not by ==: a double that JSON writes and reads again may differ in its last bit from the first on, not after.
std::string settled(const RpcRequest& request) {
  const auto again = wire::decode_request(wire::encode(request));
  PARLEY_ASSERT(again.ok(), "a request that was read is written so that it can be read");
  PARLEY_ASSERT(again->method == request.method && again->id.has_value() == request.id.has_value(), "the same request");
  return wire::encode(*again);
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
    wire::encode(RpcResponse{wire::json::value(nullptr), *error});
  }
}

void from_client(std::string_view bytes) {
  const auto request = wire::decode_request(bytes);
  if (!request.ok()) {
    const std::string answer = wire::encode(RpcResponse{request.error().id, request.error().error});
    PARLEY_ASSERT(wire::decode_from_node(answer).ok(), "a client can read the answer to what could not be read");
    return;
  }
  const std::string once = settled(*request);
  const auto again = wire::decode_request(once);
  PARLEY_ASSERT(again.ok() && wire::encode(*again) == once, "what was written once is written the same ever after");
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
