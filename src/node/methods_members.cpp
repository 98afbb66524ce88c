#include <array>
#include <boost/json/array.hpp>
#include <utility>

#include "net/address.hpp"
#include "node/methods.hpp"
#include "node/status.hpp"
#include "wire/raft_codec.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

// Members and the leadership: for operators and administrators. The leader carries it out, whoever is asked; nothing of
// it goes through apply, so who may is looked at here.

json::object member_json(const Services& services, const raft::Status& status, const raft::Member& member) {
  const bool self = member.id.node == services.self.id;
  json::object row;
  row["node"] = member.id.node.value;
  row["voter"] = member.voter;
  row["leader"] = status.leader == member.id.node;
  row["peer"] = member.peer_address;
  row["client"] = member.client_address;
  row["started"] = member.id.incarnation != Incarnation(0);
  row["connected"] = self || services.replication->connected(member.id.node);
  row["match"] = nullptr;
  if (const auto* peer = peer_of(status, member.id)) row["match"] = peer->match_index.value;
  if (self) row["match"] = status.persisted_index.value;
  return row;
}

Answer list(Services& services, Call& call) {
  Params params(call.params);
  if (auto error = params.error()) return std::move(*error);
  if (!may_administer(services, call)) return not_an_administrator();
  const auto status = services.replication->status();
  json::array members;
  if (status.configuration) {
    for (const auto& member : status.configuration->members) members.push_back(member_json(services, status, member));
  }
  json::object result;
  result["node"] = services.self.id.value;
  result["leader"] = nullptr;
  if (status.leader) result["leader"] = status.leader->value;
  result["min_voters"] = min_voters(services);
  result["members"] = std::move(members);
  return result;
}

Answer answer_of(wire::MemberReply reply) {
  using Outcome = wire::MemberReply::Outcome;
  if (reply.outcome == Outcome::done) {
    json::object result;
    result["text"] = reply.text;
    return result;
  }
  if (reply.outcome == Outcome::refused) return refused("member_refused", std::move(reply.text));
  auto error = later("busy", retry_after_member);
  if (reply.outcome == Outcome::unknown) {
    error.code = wire::RpcCode::unknown;
    error.data["outcome"] = "unknown";
  }
  error.message = std::move(reply.text);
  return error;
}

std::string address(Params& params, std::string_view name) {
  auto text = params.maybe_text(name, wire::address_max).value_or(std::string());
  if (!text.empty() && !net::parse_address(text).ok()) params.refuse(name, "expected \"host:port\"");
  return text;
}

net::awaitable<Answer> administer(Services& services, CallPtr call, wire::MemberAction action) {
  Params params(call->params);
  wire::MemberRequest request;
  request.action = action;
  const auto node = params.number("node");
  if (node == 0 || node > wire::node_id_max) params.refuse("node", "expected a node's number");
  request.node = NodeId(static_cast<std::uint32_t>(node));
  if (action == wire::MemberAction::add) {
    request.peer_address = address(params, "peer");
    request.client_address = address(params, "client");
  }
  if (action == wire::MemberAction::remove) request.force = params.flag_or("force", false);
  if (auto error = params.error()) co_return std::move(*error);
  if (!may_administer(services, *call)) co_return not_an_administrator();
  auto reply = co_await services.replication->administer(std::move(request));
  co_return answer_of(std::move(reply));
}

net::awaitable<Answer> add(Services& services, CallPtr call) {
  return administer(services, std::move(call), wire::MemberAction::add);
}
net::awaitable<Answer> remove(Services& services, CallPtr call) {
  return administer(services, std::move(call), wire::MemberAction::remove);
}
net::awaitable<Answer> promote(Services& services, CallPtr call) {
  return administer(services, std::move(call), wire::MemberAction::promote);
}
net::awaitable<Answer> transfer(Services& services, CallPtr call) {
  return administer(services, std::move(call), wire::MemberAction::transfer);
}

const std::array<Method, 5> rows{{
    {.name = "cluster.members", .direct = list},
    {.name = "cluster.add", .reading = add},
    {.name = "cluster.remove", .reading = remove},
    {.name = "cluster.promote", .reading = promote},
    {.name = "cluster.transfer", .reading = transfer},
}};

}  // namespace

std::span<const Method> member_methods() { return rows; }

}  // namespace parley::node
