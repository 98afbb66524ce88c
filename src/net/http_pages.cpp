// One of the two files that include Beast: only its HTTP parser here.
#include "net/http_pages.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <exception>

#include "net/websocket_connection.hpp"

namespace parley::net {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

using Request = http::request<http::empty_body>;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

HttpReply plain(int status, std::string text) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(text) + "\n";
  return reply;
}

std::string respond(const HttpReply& reply, std::string_view more_fields) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(reply.status));
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  out += view(reason);
  out += "\r\nContent-Type: " + reply.content_type + "\r\nContent-Length: " + std::to_string(reply.body.size());
  out += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  out += more_fields;
  out += "Connection: close\r\n\r\n" + reply.body;
  return out;
}

bool wants_websocket(const Request& request) {
  return http::token_list(request[http::field::connection]).exists("upgrade") &&
         beast::iequals(request[http::field::upgrade], "websocket");
}

// A browser names the page that opens a WebSocket; no other client sends the field.
bool is_foreign_origin(const Request& request) {
  const auto origin = request.find(http::field::origin);
  if (origin == request.end()) return false;
  const auto scheme_end = view(origin->value()).find("://");
  if (scheme_end == std::string_view::npos) return true;   // "null" too
  return !beast::iequals(origin->value().substr(scheme_end + 3), request[http::field::host]);
}

std::string answer_page(std::string_view path, const HttpPages& pages) {
  try {
    const auto reply = pages ? pages(path) : std::nullopt;
    return http_response(reply ? *reply : plain(404, "there is no such page"));
  } catch (const std::exception&) {   // a page that fails doesn't end the node
    return http_response(plain(500, "the page could not be made"));
  }
}

}  // namespace

std::string http_response(const HttpReply& reply) { return respond(reply, {}); }

std::optional<std::string> answer_http(std::string_view head, const HttpPages& pages) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(http_head_max);
  parser.skip(true);   // a body is not looked at
  beast::error_code failure;
  const auto used = parser.put(boost::asio::buffer(head.data(), head.size()), failure);
  if (failure || !parser.is_header_done()) return http_response(plain(400, "this is no HTTP/1.1 request"));

  const Request& request = parser.get();
  const auto target = view(request.target());
  const auto path = target.substr(0, target.find('?'));
  if (request.method() != http::verb::get) return respond(plain(405, "only GET is served here"), "Allow: GET\r\n");
  if (path != rpc_path) return answer_page(path, pages);
  if (!wants_websocket(request)) {
    return respond(plain(426, "this is a WebSocket (docs/PROTOCOL.md)"),
                   "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  if (is_foreign_origin(request)) return http_response(plain(403, "a web page of another origin may not connect"));
  if (used < head.size()) return http_response(plain(400, "nothing may follow the handshake before its answer"));
  return std::nullopt;
}

}  // namespace parley::net
