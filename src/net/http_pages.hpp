#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/network.hpp"

namespace parley::net {

inline constexpr std::size_t http_head_max = 8 * 1024;   // bytes of request line and header fields

// What to answer to the first request on a client port; pure, and any bytes may be given. `head` ends with the blank
// line; bytes beyond it belong to a body. nullopt: a WebSocket handshake at rpc_path. Else the whole HTTP/1.1
// response, after which the connection ends: one of `pages`, 404, 405 (only GET), 426 (rpc_path without an upgrade),
// 403 (a WebSocket opened by a web page of another origin, RFC 6455, 10.2), 400.
std::optional<std::string> answer_http(std::string_view head, const HttpPages& pages);

std::string http_response(const HttpReply& reply);

}  // namespace parley::net
