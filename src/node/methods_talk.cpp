#include <algorithm>
#include <array>
#include <utility>

#include "node/methods.hpp"

namespace parley::node {
namespace {

namespace json = boost::json;

constexpr milliseconds look_again_at_most{2000};

// -- send -------------------------------------------------------------------------------------------------------

Built build_send(Services&, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  const auto to = params.text("to", 1, 256);
  auto text = params.text("text", 0);  // its length is apply's to judge: that answer takes the number
  if (!to.empty() && to.front() != '#' && to.front() != '@') params.refuse("to", "expected \"#room\" or \"@name\"");
  if (auto error = params.error()) return std::move(*error);
  if (to.front() == '#') {
    chat::SendRoom request;
    request.room = to.substr(1);
    request.text = std::move(text);
    return chat::Request{std::move(request)};
  }
  chat::SendDirect request;
  request.to = to.substr(1);
  request.text = std::move(text);
  return chat::Request{std::move(request)};
}

json::object render_send(Services& services, const Call& call, const chat::Reply& reply) {
  json::object result;
  result["id"] = reply.message.value;
  auto place = chat::place_name(services.state(), reply.conversation, call.account);
  if (place.empty()) place = std::string_view(call.params.at("to").as_string());   // asked again by who is logged out
  result["in"] = place;
  result["number"] = reply.number.value;
  result["time"] = reply.time.ms;
  return result;
}

// -- edit and delete: the facts travel with the command (R17) -----------------------------------------------------

struct Facts {
  bool busy = false;
  std::vector<chat::MessageFacts> facts;  // in the order of the ids
  Index seen_at;
};

std::vector<chat::MessageFacts> facts_in_order(const std::vector<chat::MessageId>& ids,
                                               const std::vector<chat::MessageRow>& rows) {
  std::vector<chat::MessageFacts> result;
  for (const auto id : ids) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& candidate) { return candidate.id == id; });
    if (row != rows.end()) {
      result.push_back(chat::facts_of(*row));
    } else {
      result.emplace_back().id = id;  // not found: apply says so, or look_again
    }
  }
  return result;
}

// A message that is not here may have been made elsewhere a moment ago: before saying no, catch up and look again.
net::awaitable<Facts> facts_for(Services* services, std::vector<chat::MessageId> ids) {
  Facts result;
  auto found = co_await services->reads.by_id(ids);
  if (found && found->rows.size() < ids.size()) {
    const bool caught_up = co_await catch_up(*services, look_again_at_most);
    if (caught_up) found = co_await services->reads.by_id(ids);
    if (!caught_up) found.reset();
  }
  if (!found) {
    result.busy = true;
    co_return result;
  }
  result.facts = facts_in_order(ids, found->rows);
  result.seen_at = found->seen_at;
  co_return result;
}

net::awaitable<Prepared> prepare_edit(Services* services, chat::MessageId id, std::string text) {
  std::vector<chat::MessageId> ids(1, id);
  auto facts = co_await facts_for(services, std::move(ids));
  if (facts.busy) co_return Settled::later("busy", retry_after_busy);
  chat::EditMessage request;
  request.facts = std::move(facts.facts.front());
  request.seen_at = facts.seen_at;
  request.text = std::move(text);
  co_return chat::Request{std::move(request)};
}

Built build_edit(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  const chat::MessageId id{params.number("message")};
  const auto text = params.text("text", 0);
  if (auto error = params.error()) return std::move(*error);
  return Prepare([services = &services, id, text] { return prepare_edit(services, id, text); });
}

json::object render_edit(Services& services, const Call& call, const chat::Reply& reply) {
  json::object result;
  result["id"] = reply.message.value;
  const auto place = chat::place_name(services.state(), reply.conversation, call.account);
  if (!place.empty()) result["in"] = place;   // a pair of people has no name for who is logged out
  result["number"] = reply.number.value;
  return result;
}

net::awaitable<Prepared> prepare_delete(Services* services, std::vector<chat::MessageId> ids) {
  auto facts = co_await facts_for(services, std::move(ids));
  if (facts.busy) co_return Settled::later("busy", retry_after_busy);
  chat::DeleteMessages request;
  request.facts = std::move(facts.facts);
  request.seen_at = facts.seen_at;
  co_return chat::Request{std::move(request)};
}

Built build_delete(Services& services, const CallPtr& call) {
  Params params(call->params);
  params.known("seq"), params.known("first");
  std::vector<chat::MessageId> ids;
  for (const auto id : params.numbers("messages", chat::delete_ids_max)) ids.emplace_back(id);
  if (auto error = params.error()) return std::move(*error);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return Prepare([services = &services, ids] { return prepare_delete(services, ids); });
}

json::object render_delete(Services&, const Call&, const chat::Reply& reply) {
  json::object result;
  result["deleted"] = reply.count;
  return result;
}

const std::array<Method, 3> rows{{
    {.name = "send", .build = build_send, .render = render_send},
    {.name = "edit", .build = build_edit, .render = render_edit},
    {.name = "delete", .build = build_delete, .render = render_delete},
}};

}  // namespace

std::span<const Method> talk_methods() { return rows; }

}  // namespace parley::node
