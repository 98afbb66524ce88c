#include "wire/rpc.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>

namespace parley::wire {
namespace {

// Builds a value like json::parser does, and counts the keys besides: an object that ends up with fewer members than
// keys were read had a duplicate, which json::parser would pass over in silence (the last one winning), so that two
// readers of one message could disagree about what it says.
struct CountingHandler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  using Text = json::string_view;
  using Code = json::error_code;

  CountingHandler(unsigned char* buffer, std::size_t size) : stack({}, buffer, size) {}

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t count, Code&) { return keys += count, stack.push_object(count), true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t count, Code&) { return stack.push_array(count), true; }
  bool on_key_part(Text part, std::size_t, Code&) { return stack.push_chars(part), true; }
  bool on_key(Text part, std::size_t, Code&) { return stack.push_key(part), true; }
  bool on_string_part(Text part, std::size_t, Code&) { return stack.push_chars(part), true; }
  bool on_string(Text part, std::size_t, Code&) { return stack.push_string(part), true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t number, Text, Code&) { return stack.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Code&) { return stack.push_uint64(number), true; }
  bool on_double(double number, Text, Code&) {
    too_large |= !std::isfinite(number);
    return stack.push_double(number), true;
  }
  bool on_bool(bool truth, Code&) { return stack.push_bool(truth), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

  json::value_stack stack;
  std::size_t keys = 0;
  bool too_large = false;   // a number beyond what a double holds: 1e999 reads as infinity, which JSON can't write back
};

std::size_t count_members(const json::value& value) {   // recursion bounded by json_depth_max
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += count_members(element);
  }
  return count;
}

struct Fault {
  RpcCode code;
  std::string message;
};

// The document, whole: syntax, UTF-8 and depth are the parser's to check, duplicate keys ours.
Result<json::value, Fault> parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  std::array<unsigned char, 2048> scratch;   // the parser's working space; only longer messages make it allocate
  json::basic_parser<CountingHandler> parser(options, scratch.data(), scratch.size());

  json::error_code failure;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
  if (!failure && read < text.size()) failure = json::error::extra_data;
  if (failure == json::error::too_deep)
    return Fault{RpcCode::parse_error, "nested deeper than " + std::to_string(json_depth_max)};
  if (failure) {
    return Fault{RpcCode::parse_error,
                 "not JSON in UTF-8: " + failure.message() + " near byte " + std::to_string(read)};
  }
  json::value value = parser.handler().stack.release();
  if (count_members(value) != parser.handler().keys)
    return Fault{RpcCode::invalid_request, "a key occurs twice in one object"};
  if (parser.handler().too_large) return Fault{RpcCode::invalid_request, "a number is too large"};
  return value;
}

bool is_id(const json::value& value) { return value.is_string() || value.is_number(); }

bool has_version(const json::object& envelope) {
  const auto* version = envelope.if_contains("jsonrpc");
  return version && version->is_string() && version->get_string() == "2.0";
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// The part that both directions share: method and params of an envelope whose id was looked at already.
Result<RpcRequest, Fault> take_call(json::object& envelope) {
  auto* method = envelope.if_contains("method");
  if (!method || !method->is_string() || method->get_string().empty())
    return Fault{RpcCode::invalid_request, "`method` must be a string that isn't empty"};
  auto* params = envelope.if_contains("params");
  if (params && !params->is_object()) return Fault{RpcCode::invalid_parameters, "`params` must be an object"};
  RpcRequest request;
  request.method = view(method->get_string());
  if (params) request.params = std::move(params->get_object());   // same storage: moved, not copied
  return request;
}

// Appends without the intermediate string that json::serialize would make.
void append(std::string& out, json::serializer& serializer) {
  std::array<char, 4096> piece;
  while (!serializer.done()) {
    const auto text = serializer.read(piece.data(), piece.size());
    out.append(text.data(), text.size());
  }
}
void append(std::string& out, const json::object& object) {
  json::serializer serializer;
  serializer.reset(&object);
  append(out, serializer);
}
void append(std::string& out, const json::value& value) {
  json::serializer serializer;
  serializer.reset(&value);
  append(out, serializer);
}
void append_string(std::string& out, std::string_view text) {
  json::serializer serializer;
  serializer.reset(json::string_view(text.data(), text.size()));
  append(out, serializer);
}

void append(std::string& out, const RpcError& error) {
  out += R"(,"error":{"code":)";
  out += std::to_string(static_cast<int>(error.code));
  out += R"(,"message":)";
  append_string(out, error.message);
  if (!error.data.empty()) {
    out += R"(,"data":)";
    append(out, error.data);
  }
  out += '}';
}

Result<RpcError> take_error(json::value& value) {
  auto* object = value.if_object();
  if (!object) return Error{"`error` is not an object"};
  const auto* code = object->if_contains("code");
  const auto* message = object->if_contains("message");
  auto* data = object->if_contains("data");
  if (!code || !code->is_int64() || code->get_int64() < INT32_MIN || code->get_int64() > INT32_MAX)
    return Error{"`error.code` is not a whole number"};
  if (!message || !message->is_string()) return Error{"`error.message` is not a string"};
  RpcError error;
  error.code = static_cast<RpcCode>(code->get_int64());   // one we don't know is still an error
  error.message = view(message->get_string());
  if (data && data->is_object()) error.data = std::move(data->get_object());
  return error;
}

using FromNode = std::variant<RpcRequest, RpcResponse>;

Result<FromNode> take_response(json::object& envelope, json::value& id) {
  if (!id.is_null() && !is_id(id)) return Error{"`id` is neither a number, a string nor null"};
  auto* result = envelope.if_contains("result");
  auto* error = envelope.if_contains("error");
  if ((result != nullptr) == (error != nullptr)) return Error{"a response has either `result` or `error`"};
  RpcResponse response;
  response.id = std::move(id);
  if (result) {
    response.outcome = std::move(*result);
    return FromNode(std::move(response));
  }
  auto taken = take_error(*error);
  if (!taken) return taken.error();
  response.outcome = std::move(*taken);
  return FromNode(std::move(response));
}

}  // namespace

std::string encode(const RpcRequest& request) {
  std::string out;
  out.reserve(256);
  out += R"({"jsonrpc":"2.0")";
  if (request.id) {
    out += R"(,"id":)";
    append(out, *request.id);
  }
  out += R"(,"method":)";
  append_string(out, request.method);
  out += R"(,"params":)";
  append(out, request.params);
  out += '}';
  return out;
}

std::string encode(const RpcResponse& response) {
  std::string out;
  out.reserve(256);
  out += R"({"jsonrpc":"2.0","id":)";
  append(out, response.id);
  if (const auto* error = std::get_if<RpcError>(&response.outcome)) {
    append(out, *error);
  } else {
    out += R"(,"result":)";
    append(out, std::get<json::value>(response.outcome));
  }
  out += '}';
  return out;
}

Result<RpcRequest, BadRequest> decode_request(std::string_view text) {
  RpcId id = nullptr;
  auto refuse = [&id](RpcCode code, std::string message) {
    BadRequest bad;
    bad.id = std::move(id);
    bad.error.code = code;
    bad.error.message = std::move(message);
    return bad;
  };
  auto parsed = parse(text);
  if (!parsed) return refuse(parsed.error().code, parsed.error().message);
  auto* envelope = parsed->if_object();
  if (!envelope) return refuse(RpcCode::invalid_request, "a request is one JSON object (no batches)");

  auto* given = envelope->if_contains("id");
  if (given && !is_id(*given)) return refuse(RpcCode::invalid_request, "`id` must be a number or a string");
  if (given) id = std::move(*given);
  if (!has_version(*envelope)) return refuse(RpcCode::invalid_request, "`jsonrpc` must be \"2.0\"");
  auto request = take_call(*envelope);
  if (!request) return refuse(request.error().code, request.error().message);
  if (given) request->id = std::move(id);
  return std::move(request).value();
}

Result<FromNode> decode_from_node(std::string_view text) {
  auto parsed = parse(text);
  if (!parsed) return Error{parsed.error().message};
  auto* envelope = parsed->if_object();
  if (!envelope) return Error{"not a JSON object"};
  if (!has_version(*envelope)) return Error{"`jsonrpc` is not \"2.0\""};
  auto* id = envelope->if_contains("id");
  const bool call = envelope->contains("method");
  if (id && call) return Error{"a node sends responses and notifications, not requests"};
  if (id) return take_response(*envelope, *id);
  auto notification = take_call(*envelope);
  if (!notification) return Error{notification.error().message};
  return FromNode(std::move(notification).value());
}

}  // namespace parley::wire
