#include "node/methods.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "node/freshness.hpp"

namespace parley::node {

namespace json = boost::json;

Methods::Methods(Services& services) : services_(services) {
  const std::span<const Method> duties[] = {account_methods(), talk_methods(),  room_methods(),
                                            read_methods(),    admin_methods(), cluster_methods(),
                                            member_methods(),  backup_methods()};
  for (const auto& rows : duties) {
    for (const auto& row : rows) {
      const bool is_new = table_.emplace(row.name, &row).second;
      PARLEY_ASSERT(is_new, "one row a method");
    }
  }
}

void Methods::handle(const std::shared_ptr<Session>& session, std::string text) {
  auto request = wire::decode_request(text);
  auto call = std::make_shared<Call>();
  call->session = session;
  if (!request) {
    session->begin_request();
    call->id = request.error().id;
    answer(call, request.error().error);
    return;
  }
  if (!request->id) return;  // a notification: it wants no answer, and we know none
  session->begin_request();
  call->id = std::move(*request->id);
  call->params = std::move(request->params);
  call->account = session->account;
  const auto row = table_.find(request->method);
  if (row == table_.end()) {
    wire::RpcError error;
    error.code = wire::RpcCode::no_such_method;
    error.message = "no such method: " + request->method.substr(0, 64);
    answer(call, std::move(error));
    return;
  }
  call->method = row->second;
  dispatch(call);
}

void Methods::dispatch(const CallPtr& call) {
  const auto& method = *call->method;
  if (call->session->retiring()) return answer(call, later("busy", retry_after_busy));
  const bool anonymous = call->account == chat::AccountId{};
  if (anonymous && !services_.anonymous.take(call->session->address(), services_.now())) {
    return answer(call, later("too_many_requests", retry_after_busy));
  }
  if (method.build) return dispatch_sequenced(call);
  if (method.needs_login && anonymous) return answer(call, refused(chat::Code::not_logged_in));
  if (method.direct && !method.fresh) return answer(call, method.direct(services_, *call));
  services_.tasks.spawn(read(call));
}

net::awaitable<void> Methods::read(CallPtr call) {
  const auto& method = *call->method;
  Freshness freshness;
  if (method.fresh) {
    freshness = co_await confirm_fresh(services_);
    if (too_old(services_, freshness)) {
      answer(call, later("no_leader", retry_after_no_leader));
      co_return;
    }
    // What was applied meanwhile may have ended its login.
    if (method.needs_login && call->session->account != call->account) {
      answer(call, refused(chat::Code::not_logged_in));
      co_return;
    }
  }
  Answer result;
  if (method.direct) {
    result = method.direct(services_, *call);
  } else {
    result = co_await method.reading(services_, call);
  }
  if (auto* object = std::get_if<json::object>(&result); object != nullptr && method.fresh) {
    mark_stale(freshness, *object);
  }
  answer(call, std::move(result));
}

void Methods::dispatch_sequenced(const CallPtr& call) {
  auto& session = *call->session;
  if (!session.client) {
    return answer(call, refused("not_attached", "open or attach a client session first (client.open, client.attach)"));
  }
  Params order(call->params);
  const chat::Sequence sequence{order.number("seq")};
  const chat::Sequence first{order.number("first")};
  if (sequence == chat::Sequence{}) order.refuse("seq", "expected a number from 1");
  if (first == chat::Sequence{} || first > sequence) order.refuse("first", "expected a number from 1 to \"seq\"");
  for (const auto& member : call->params) order.known(std::string_view(member.key().data(), member.key().size()));
  if (auto error = order.error()) return answer(call, std::move(*error));

  auto built = call->method->build(services_, call);
  if (auto* error = std::get_if<wire::RpcError>(&built)) return answer(call, std::move(*error));
  const auto payload = payload_digest(call->method->name, call->params);
  const auto known = chat::look_up(services_.state(), *session.client, sequence, payload);
  using Kind = chat::SequenceView::Kind;
  if (known.kind == Kind::answered) return reply(call, known.reply);
  if (known.kind == Kind::conflict) return answer(call, refused(chat::Code::conflict));
  if (known.kind == Kind::forgotten) return answer(call, refused(chat::Code::forgotten));
  if (known.kind == Kind::unknown_client) return answer(call, refused(chat::Code::unknown_client));
  if (services_.archiver.is_behind()) {
    return answer(call, later("busy", retry_after_busy));
  }

  Ask ask;
  ask.client = *session.client;
  ask.sequence = sequence;
  ask.first_outstanding = first;
  ask.payload = payload;
  ask.login = session.login;
  ask.by_operator = session.is_operator;
  if (auto* request = std::get_if<chat::Request>(&built)) {
    ask.request = std::move(*request);
  } else {
    ask.request = std::move(std::get<Prepare>(built));
  }
  services_.proposals.submit(std::move(ask), [this, call](const Settled& settled) { settle(call, settled); });
}

void Methods::settle(const CallPtr& call, const Settled& settled) {
  switch (settled.kind) {
    case Settled::Kind::replied:
      return reply(call, settled.reply);
    case Settled::Kind::later:
      return answer(call, later(settled.reason, settled.retry_after));
    case Settled::Kind::too_large:
      return answer(call, refused("text_too_long", "this is too much for one request"));
    case Settled::Kind::unknown:
      break;
  }
  wire::RpcError error;
  error.code = wire::RpcCode::unknown;
  error.message = "it may or may not happen: send the same again, with the same number";
  error.data["outcome"] = "unknown";
  error.data["reason"] = settled.reason;
  answer(call, std::move(error));
}

void Methods::reply(const CallPtr& call, const chat::Reply& reply) {
  if (reply.code == chat::Code::done) {
    if (call->method->done) call->method->done(services_, *call, reply);
    return answer(call, call->method->render(services_, *call, reply));
  }
  auto error = refused(reply.code, reply.text);
  if (reply.code == chat::Code::wrong_sequence) error.data["expected"] = reply.number.value;
  answer(call, std::move(error));
}

namespace {

Outcome outcome_of(const Answer& answer) {
  const auto* error = std::get_if<wire::RpcError>(&answer);
  if (!error) return Outcome::done;
  switch (error->code) {
    case wire::RpcCode::refused:
      return Outcome::refused;
    case wire::RpcCode::later:
      return Outcome::later;
    case wire::RpcCode::unknown:
      return Outcome::unknown;
    default:
      return Outcome::invalid;
  }
}

}  // namespace

void Methods::answer(const CallPtr& call, Answer answer) {
  const auto outcome = outcome_of(answer);
  const std::string_view name = call->method ? call->method->name : std::string_view("none");
  ++services_.requests[{name, outcome}];
  wire::RpcResponse response;
  response.id = std::move(call->id);
  if (auto* object = std::get_if<json::object>(&answer)) {
    response.outcome = json::value(std::move(*object));
  } else {
    response.outcome = std::move(std::get<wire::RpcError>(answer));
  }
  call->session->push(std::make_shared<const std::string>(wire::encode(response)));
  call->session->end_request();
}

bool may_administer(const Services& services, const Call& call) {
  if (call.session->is_operator) return true;
  const auto account = chat::find_account(services.state(), call.account);
  return account && account->administrator && !account->banned;
}

wire::RpcError not_an_administrator() {
  return refused(chat::Code::forbidden, "for operators (`operator` with this node's token) and administrators");
}

json::object in_place(Services& services, const Call& call, const chat::Reply& reply) {
  auto place = chat::place_name(services.state(), reply.conversation, call.account);
  if (place.empty()) {  // it went with its last member
    const std::string_view room = call.params.at("room").as_string();
    place = room.starts_with('#') ? std::string(room) : "#" + std::string(room);
  }
  json::object result;
  result["in"] = place;
  return result;
}

}  // namespace parley::node
