#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.hpp"

namespace parley::wire {

namespace json = boost::json;

inline constexpr std::size_t json_depth_max = 16;

enum class RpcCode : int {
  parse_error = -32700, invalid_request = -32600, no_such_method = -32601, invalid_parameters = -32602,
  internal = -32603, refused = -32000, later = -32001, unknown = -32002
};

struct RpcError {
  RpcCode code = RpcCode::internal;
  std::string message;      // for people
  json::object data;        // outcome, reason, retry_after_ms … (docs/PROTOCOL.md)
};

// The id of a request: a number, a string or (in an answer to what could not be read) null.
using RpcId = json::value;

struct RpcRequest {         // without id: a notification
  std::optional<RpcId> id;
  std::string method;
  json::object params;
};
struct RpcResponse {
  RpcId id;
  std::variant<json::value, RpcError> outcome;
};

std::string encode(const RpcRequest& request);
std::string encode(const RpcResponse& response);

// A client's message, of any bytes. On failure: the error to answer with and the id if it could be read.
struct BadRequest {
  RpcId id;
  RpcError error;
};
Result<RpcRequest, BadRequest> decode_request(std::string_view text);

// A node's message: a response or a notification.
Result<std::variant<RpcRequest, RpcResponse>> decode_from_node(std::string_view text);

}  // namespace parley::wire
