#include "wire/rpc.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <limits>

#include "base/random.hpp"

namespace parley::wire {
namespace {

BadRequest refused(std::string_view text) {
  auto decoded = decode_request(text);
  EXPECT_FALSE(decoded.ok()) << text;
  return decoded.ok() ? BadRequest{} : decoded.error();
}

std::string nested(std::size_t depth) {   // `depth` counts the envelope and params too
  std::string value = "1";
  for (std::size_t i = 2; i < depth; ++i) value = "[" + value + "]";
  return R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"x":)" + value + "}}";
}

RpcResponse response_in(std::string_view text) {
  auto decoded = decode_from_node(text);
  EXPECT_TRUE(decoded.ok()) << text;
  return std::get<RpcResponse>(*decoded);
}

TEST(RpcRequest, is_read_with_its_id_method_and_params) {
  const auto request = decode_request(R"({"jsonrpc":"2.0","id":7,"method":"send","params":{"to":"#a","seq":1}})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->id, RpcId(7));
  EXPECT_EQ(request->method, "send");
  EXPECT_EQ(request->params.at("to"), json::value("#a"));
  EXPECT_EQ(request->params.at("seq"), json::value(1));
}

TEST(RpcRequest, may_lack_params_and_id) {
  const auto request = decode_request(R"({"jsonrpc":"2.0","method":"status"})");
  ASSERT_TRUE(request.ok());
  EXPECT_FALSE(request->id.has_value());
  EXPECT_TRUE(request->params.empty());
}

TEST(RpcRequest, survives_a_round_trip) {
  RpcRequest request;
  request.id = RpcId("a\"\n\u00e9");
  request.method = "x.y";
  request.params["long"] = std::string(10'000, 'z');
  request.params["deep"] = json::parse(R"([[{"a":[null,true,-1,18446744073709551615,1.5]}]])");
  const auto again = decode_request(encode(request));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, request.id);
  EXPECT_EQ(again->method, request.method);
  EXPECT_EQ(again->params, request.params);
}

TEST(RpcRequest, keeps_64_bit_ids_exactly) {
  const auto request = decode_request(R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"m"})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->id, RpcId(std::numeric_limits<std::uint64_t>::max()));
}

TEST(RpcRequest, that_is_not_json_is_a_parse_error_with_null_id) {
  for (const char* text : {"", " ", "{", "nonsense", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"", "{} {}",
                           "{\"a\":1,}", "{'a':1}", "{\"a\":01}", "// comment\n{}", "\xef\xbb\xbf{}"}) {
    const auto bad = refused(text);
    EXPECT_EQ(bad.error.code, RpcCode::parse_error) << text;
    EXPECT_TRUE(bad.id.is_null()) << text;
    EXPECT_FALSE(bad.error.message.empty());
  }
}

TEST(RpcRequest, with_invalid_utf8_is_a_parse_error) {
  for (const char* bytes : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\\ud800"}) {
    const auto in_value = std::string(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"t":")") + bytes + "\"}}";
    const auto in_key = std::string(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{")") + bytes + "\":1}}";
    EXPECT_EQ(refused(in_value).error.code, RpcCode::parse_error) << in_value;
    EXPECT_EQ(refused(in_key).error.code, RpcCode::parse_error) << in_key;
  }
}

TEST(RpcRequest, may_nest_sixteen_deep_and_no_deeper) {
  EXPECT_TRUE(decode_request(nested(json_depth_max)).ok());
  const auto bad = refused(nested(json_depth_max + 1));
  EXPECT_EQ(bad.error.code, RpcCode::parse_error);
  EXPECT_NE(bad.error.message.find("deeper than 16"), std::string::npos);
  EXPECT_EQ(refused(std::string(60'000, '[')).error.code, RpcCode::parse_error);
}

TEST(RpcRequest, that_is_not_an_object_is_refused_with_null_id) {
  for (const char* text : {"[]", "1", "null", "\"text\"", R"([{"jsonrpc":"2.0","id":1,"method":"m"}])"}) {
    const auto bad = refused(text);
    EXPECT_EQ(bad.error.code, RpcCode::invalid_request) << text;
    EXPECT_TRUE(bad.id.is_null()) << text;
  }
}

TEST(RpcRequest, with_a_key_twice_is_refused_at_any_depth) {
  for (const char* text : {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})",
                           R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"to":"@a","to":"@b"}})",
                           R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"x":[{"a":1,"\u0061":2}]}})"}) {
    const auto bad = refused(text);
    EXPECT_EQ(bad.error.code, RpcCode::invalid_request) << text;
    EXPECT_NE(bad.error.message.find("twice"), std::string::npos);
  }
  EXPECT_TRUE(decode_request(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"x":[{"a":1},{"a":2}]}})").ok());
}

TEST(RpcRequest, with_a_number_that_json_can_not_write_back_is_refused_at_any_depth) {   // found by a fuzzer
  for (const char* number : {"1e999", "-1e999", "18E46774"}) {
    const auto bad = refused(std::string(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"x":[)") + number + "]}}");
    EXPECT_EQ(bad.error.code, RpcCode::invalid_request) << number;
    EXPECT_NE(bad.error.message.find("too large"), std::string::npos) << bad.error.message;
  }
  EXPECT_TRUE(decode_request(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"x":[1e308,1e-999]}})").ok());
}

TEST(RpcRequest, with_an_id_that_is_neither_number_nor_string_is_refused_with_null_id) {
  for (const char* id : {"null", "true", "[]", "{}", "[1]", "1e999"}) {
    const auto bad = refused(std::string(R"({"jsonrpc":"2.0","method":"m","id":)") + id + "}");
    EXPECT_EQ(bad.error.code, RpcCode::invalid_request) << id;
    EXPECT_TRUE(bad.id.is_null()) << id;
  }
}

TEST(RpcRequest, that_is_wrong_otherwise_is_answered_under_its_own_id) {
  const auto code_of = [](const char* text) {
    const auto bad = refused(text);
    EXPECT_EQ(bad.id, RpcId("q")) << text;
    return bad.error.code;
  };
  EXPECT_EQ(code_of(R"({"id":"q","method":"m"})"), RpcCode::invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"1.0","id":"q","method":"m"})"), RpcCode::invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":2.0,"id":"q","method":"m"})"), RpcCode::invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":"q"})"), RpcCode::invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":"q","method":5})"), RpcCode::invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":"q","method":""})"), RpcCode::invalid_request);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":"q","method":"m","params":[1]})"), RpcCode::invalid_parameters);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":"q","method":"m","params":null})"), RpcCode::invalid_parameters);
}

TEST(RpcRequest, is_never_read_from_a_prefix_of_itself) {
  const std::string whole =
      R"({"jsonrpc":"2.0","id":1,"method":"send","params":{"to":"#a","text":"h\u00e9llo","seq":1,"first":1}})";
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode_request(whole.substr(0, size)).ok());
  EXPECT_TRUE(decode_request(whole).ok());
}

TEST(RpcRequest, bytes_of_any_kind_are_harmless_in_both_directions) {
  Random random(1);
  const std::string request = R"({"jsonrpc":"2.0","id":"a","method":"m","params":{"x":[1,2.5e3,{"y":null}]}})";
  const std::string answer = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no","data":{"a":[true]}}})";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 3 == 0 ? request : answer;
    if (round % 3 == 2) text.assign(random.below(40), ' ');
    const auto changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes && !text.empty(); ++i)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    if (const auto decoded = decode_request(text); decoded.ok()) {
      EXPECT_TRUE(decode_request(encode(*decoded)).ok()) << text;
    }
    if (const auto decoded = decode_from_node(text); decoded.ok()) {
      const auto again = std::visit([](const auto& message) { return encode(message); }, *decoded);
      EXPECT_TRUE(decode_from_node(again).ok()) << text;
    }
  }
}

TEST(RpcResponse, carries_a_result_or_an_error) {
  RpcResponse done;
  done.id = 3;
  done.outcome = json::parse(R"({"number":5})");
  const auto done_again = response_in(encode(done));
  EXPECT_EQ(done_again.id, RpcId(3));
  EXPECT_EQ(std::get<json::value>(done_again.outcome).at("number"), json::value(5));

  RpcError error;
  error.code = RpcCode::later;
  error.message = "no \"leader\"";
  error.data["retry_after_ms"] = 50;
  RpcResponse failed;
  failed.outcome = error;
  const auto failed_again = response_in(encode(failed));
  EXPECT_TRUE(failed_again.id.is_null());
  EXPECT_EQ(std::get<RpcError>(failed_again.outcome).code, RpcCode::later);
  EXPECT_EQ(std::get<RpcError>(failed_again.outcome).message, error.message);
  EXPECT_EQ(std::get<RpcError>(failed_again.outcome).data, error.data);
}

TEST(RpcResponse, leaves_out_error_data_that_is_empty) {
  RpcError error;
  error.code = RpcCode::no_such_method;
  error.message = "no such method";
  RpcResponse response;
  response.id = 1;
  response.outcome = error;
  EXPECT_EQ(encode(response), R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}})");
}

TEST(RpcResponse, with_an_unknown_error_code_is_still_an_error) {
  const auto response = response_in(R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"new kind"}})");
  EXPECT_EQ(static_cast<int>(std::get<RpcError>(response.outcome).code), -1);
}

TEST(RpcFromNode, a_message_without_id_is_a_notification) {
  const auto decoded = decode_from_node(R"({"jsonrpc":"2.0","method":"leader","params":{"node":null}})");
  ASSERT_TRUE(decoded.ok());
  const auto& notification = std::get<RpcRequest>(*decoded);
  EXPECT_EQ(notification.method, "leader");
  EXPECT_FALSE(notification.id.has_value());
}

TEST(RpcFromNode, anything_else_is_an_error) {
  for (const char* text :
       {"", "[]", "{}", R"({"jsonrpc":"2.0","id":1,"method":"m"})", R"({"jsonrpc":"2.0","id":1})",
        R"({"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}})", R"({"id":1,"result":1})",
        R"({"jsonrpc":"2.0","id":[],"result":1})", R"({"jsonrpc":"2.0","id":1,"error":1})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":"x","message":""}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":99999999999,"message":""}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})", R"({"jsonrpc":"2.0","result":1})"})
    EXPECT_FALSE(decode_from_node(text).ok()) << text;
}

}  // namespace
}  // namespace parley::wire
