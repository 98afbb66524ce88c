#include "cli/member_command.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "cli/ask.hpp"
#include "cli/client.hpp"
#include "cli/complaint.hpp"
#include "cli/json_fields.hpp"
#include "cli/operator_door.hpp"
#include "net/before.hpp"
#include "net/steady_clock.hpp"
#include "net/system_entropy.hpp"
#include "net/tcp_network.hpp"
#include "wire/rpc.hpp"

namespace parley::cli {
namespace {

constexpr Duration answer_patience = milliseconds(7000);   // a node waits for the leader for 5 s
constexpr Duration retry_pause = milliseconds(200);

struct Reply {
  bool final = false;       // done or refused; else ask again
  bool done = false;
  json::object result;
  std::string message;
};

std::vector<std::string> questions(const MemberOptions& options, const std::string& token) {
  static constexpr std::string_view methods[] = {"cluster.members", "cluster.add", "cluster.remove", "cluster.promote",
                                                 "cluster.transfer"};
  using Action = MemberOptions::Action;
  json::object params;
  if (options.action != Action::list) params["node"] = options.node;
  if (options.action == Action::add && !options.peer.empty()) params["peer"] = options.peer;
  if (options.action == Action::add && !options.client.empty()) params["client"] = options.client;
  if (options.action == Action::remove && options.force) params["force"] = true;
  json::object hello;
  hello["protocol"] = 1;
  json::object secret;
  secret["token"] = token;
  const std::string method(methods[static_cast<std::size_t>(options.action)]);
  return {encode_request(1, "hello", std::move(hello)), encode_request(2, "operator", std::move(secret)),
          encode_request(3, method, std::move(params))};
}

// The answer to the question, or to the token if that was not taken.
std::optional<Reply> reply_in(const std::string& text) {
  auto decoded = wire::decode_from_node(text);
  if (!decoded.ok()) return std::nullopt;
  auto* response = std::get_if<wire::RpcResponse>(&*decoded);
  if (response == nullptr || response->id == wire::RpcId(std::int64_t{1})) return std::nullopt;
  Reply reply;
  if (const auto* error = std::get_if<wire::RpcError>(&response->outcome)) {
    reply.final = error->code != wire::RpcCode::later;
    reply.message = error->message;
    return reply;
  }
  if (response->id == wire::RpcId(std::int64_t{2})) return std::nullopt;
  reply.final = reply.done = true;
  auto& value = std::get<json::value>(response->outcome);
  if (value.is_object()) reply.result = std::move(value.as_object());
  return reply;
}

awaitable<Reply> converse(std::shared_ptr<net::Connection> connection, std::vector<std::string> words) {
  for (auto& word : words) co_await connection->write(std::move(word));
  for (;;) {
    auto text = co_await connection->read();
    Reply reply;
    reply.message = "the connection ended without an answer";
    if (!text) co_return reply;
    auto answer = reply_in(*text);
    if (answer) co_return std::move(*answer);
  }
}

awaitable<Reply> ask_once(ClientSeams seams, Door door, MemberOptions options, TimePoint deadline) {
  Reply failed;
  auto connected = co_await seams.network.connect(net::Transport::client, door.address, deadline);
  failed.message = door.address + ": " + connected.detail;
  if (!connected.connection) co_return failed;
  auto conversation = converse(connected.connection, questions(options, door.token));
  auto reply = co_await net::before(seams.clock, deadline, std::move(conversation));
  connected.connection->close();
  failed.message = door.address + " did not answer in time";
  if (!reply) co_return failed;
  co_return std::move(*reply);
}

// One door after the other, again and again, until one of them has a final answer.
awaitable<void> ask(ClientSeams seams, std::vector<Door> doors, MemberOptions options, Reply& reply) {
  const auto alarm = seams.clock.make_alarm();
  const TimePoint deadline = seams.clock.now() + options.timeout;
  for (std::size_t turn = 0; !reply.final && seams.clock.now() < deadline; ++turn) {
    const TimePoint until = std::min(deadline, seams.clock.now() + answer_patience);
    const Door& door = doors[turn % doors.size()];
    reply = co_await ask_once(seams, door, options, until);
    if (reply.final) break;
    const TimePoint again = std::min(deadline, seams.clock.now() + retry_pause);
    while (seams.clock.now() < again) co_await alarm->wait_until(again);
  }
}

void print_list(const json::object& result) {
  std::printf("node  part      connected  holds      peer                   client\n");
  const auto* members = array_field(result, "members");
  for (std::size_t i = 0; members != nullptr && i < members->size(); ++i) {
    const auto* row = (*members)[i].if_object();
    if (row == nullptr) continue;
    const auto match = number_field(*row, "match");
    const char* part = flag_field(*row, "leader") ? "leader" : flag_field(*row, "voter") ? "voter" : "learner";
    std::printf("%-5llu %-9s %-10s %-10s %-22s %s\n",
                static_cast<unsigned long long>(number_field(*row, "node").value_or(0)), part,
                flag_field(*row, "connected") ? "yes" : "no", match ? std::to_string(*match).c_str() : "-",
                text_field(*row, "peer").c_str(), text_field(*row, "client").c_str());
  }
}

}  // namespace

int member_command(const MemberOptions& options) {
  DoorOptions where;
  where.config_file = options.config_file;
  auto doors = find_doors(where);
  if (!doors.ok()) return complain("member", doors.error().message, exit_wrong);
  boost::asio::io_context context{1};
  net::SteadyClock clock(context.get_executor());
  net::TcpNetwork network(context.get_executor());
  net::SystemEntropy entropy;
  const ClientSeams seams{context.get_executor(), clock, network, entropy};
  Reply reply;
  boost::asio::co_spawn(context, ask(seams, std::move(*doors), options, reply), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  context.run();
  if (!reply.done) return complain("member", reply.message, exit_failed);
  if (options.json) std::printf("%s\n", json::serialize(reply.result).c_str());
  else if (options.action == MemberOptions::Action::list) print_list(reply.result);
  else std::printf("%s\n", text_field(reply.result, "text").c_str());
  return 0;
}

}  // namespace parley::cli
