#include <algorithm>
#include <utility>

#include "cli/client_core.hpp"
#include "cli/json_fields.hpp"

namespace parley::cli {
namespace {

constexpr std::uint64_t protocol_version = 1;
constexpr std::uint64_t sync_limit = 500;
constexpr std::size_t session_key_bytes = 16;
constexpr unsigned moves_max = 3;                  // to leaders named by others, before staying where we are
constexpr milliseconds session_retry{500};
constexpr milliseconds unkept_session_retry{5000};   // each try opens one more, so not often
constexpr milliseconds default_retry{100};         // after a `later` that names no time

}  // namespace

// The three questions leave together: one round trip.
awaitable<void> Client::Core::join() {
  json::object hello_params{{"protocol", protocol_version}, {"client_name", options_.client_name}};
  const auto hello = begin_ask("hello", std::move(hello_params));
  std::shared_ptr<Ask> attach;
  std::shared_ptr<Ask> resume;
  if (session_.client != 0) attach = begin_ask("client.attach", attach_params());
  if (!options_.operator_token.empty()) begin_ask("operator", {{"token", options_.operator_token}});
  if (!session_.token.empty()) resume = begin_ask("resume", {{"token", session_.token}});

  const bool welcome = co_await take_hello(hello);
  if (!welcome) co_return;
  if (attach && session_.client != 0) {   // meeting another generation ends the client session
    const bool known = co_await take_attach(attach);
    if (!known) co_return;
  }
  if (resume) {
    const bool alive = co_await take_resume(resume);
    if (!alive) co_return;
  }
  ready_since_ = seams_.clock.now();
  moves_ = 0;
  set_phase(Phase::ready);
  pump();
  look_after_calls(seams_.clock.now());
}

std::shared_ptr<Client::Core::Ask> Client::Core::begin_ask(std::string method, json::object params) {
  auto ask = std::make_shared<Ask>();
  ask->alarm = seams_.clock.make_alarm();
  if (!link_) {
    ask->lost = true;
    return ask;
  }
  wire::RpcRequest request;
  ask->rpc_id = ++last_rpc_id_;
  request.id = ask->rpc_id;
  request.method = std::move(method);
  request.params = std::move(params);
  InFlight in_flight;
  in_flight.ask = ask;
  in_flight.sent_at = seams_.clock.now();
  in_flight_.emplace(ask->rpc_id, std::move(in_flight));
  send_frame(wire::encode(request));
  return ask;
}

awaitable<bool> Client::Core::answered(std::shared_ptr<Ask> ask) {
  const TimePoint deadline = seams_.clock.now() + options_.ask_timeout;
  while (!ask->answer && !ask->lost && seams_.clock.now() < deadline) co_await ask->alarm->wait_until(deadline);
  if (ask->answer && link_ && !stopping_) co_return true;
  if (!ask->answer && !ask->lost) lose_link(state_.address + " does not answer", Loss::failed);
  co_return false;
}

awaitable<bool> Client::Core::take_hello(std::shared_ptr<Ask> ask) {
  const bool came = co_await answered(ask);
  if (!came) co_return false;
  const auto* hello = ask->answer->result.if_object();
  if (ask->answer->kind != Answer::Kind::done || hello == nullptr) {
    const std::string reason = ask->answer->message.empty() ? "its hello can't be read" : ask->answer->message;
    lose_link(state_.address + " refused the hello: " + reason, Loss::failed);
    co_return false;
  }
  co_return accept_hello(*hello);
}

bool Client::Core::accept_hello(const json::object& hello) {
  if (number_field(hello, "protocol").value_or(protocol_version) != protocol_version) {
    lose_link(state_.address + " speaks another version of the protocol, we speak 1: update the older of the two",
              Loss::failed);
    return false;
  }
  state_.node = static_cast<std::uint32_t>(number_field(hello, "node").value_or(0));
  state_.cluster = text_field(hello, "cluster");
  if (const auto cluster = number_field(hello, "cluster"); cluster && *cluster != 0)
    state_.cluster = std::to_string(*cluster);
  hello_cursor_ = number_field(hello, "cursor").value_or(0);
  if (const auto* addresses = object_field(hello, "addresses")) {
    std::vector<std::string> learned;
    for (const auto& member : *addresses) {
      if (member.value().is_string()) learned.push_back(to_text(member.value().get_string()));
    }
    servers_.learn(learned);
  }
  const auto leader = static_cast<std::uint32_t>(number_field(hello, "leader").value_or(0));
  leader_unknown_since_ = seams_.clock.now();
  set_leader(leader, text_field(hello, "leader_address"), number_field(hello, "term").value_or(0));
  set_copies(hello);
  meet_generation(number_field(hello, "generation").value_or(0), hello_cursor_);

  const bool elsewhere = leader != 0 && leader != state_.node && !leader_.address.empty();
  if (elsewhere && options_.follow_leader && moves_ < moves_max &&
      servers_.worth_moving_to(leader_.address, seams_.clock.now())) {
    ++moves_;
    servers_.prefer(leader_.address);
    lose_link("moving to the leader, node " + std::to_string(leader), Loss::meant);
    return false;
  }
  return link_ != nullptr;
}

// Asks again while the answer is `later`. A node says no only when it has applied all there is, so a no is believed.
// Null: the link is gone.
awaitable<std::shared_ptr<Client::Core::Ask>> Client::Core::insist(std::shared_ptr<Ask> ask, std::string method,
                                                                   json::object params) {
  const TimePoint give_up_at = seams_.clock.now() + options_.ask_timeout;
  for (;;) {
    const bool came = co_await answered(ask);
    if (!came) co_return nullptr;
    const Answer& answer = *ask->answer;
    if (answer.kind != Answer::Kind::later && answer.kind != Answer::Kind::unknown) co_return ask;
    if (seams_.clock.now() >= give_up_at) {
      lose_link(state_.address + " puts us off: " + answer.message, Loss::failed);
      co_return nullptr;
    }
    const milliseconds delay = answer.retry_after.count() > 0 ? answer.retry_after : default_retry;
    co_await pause(delay);
    ask = begin_ask(method, params);
  }
}

json::object Client::Core::attach_params() const { return {{"client", session_.client}, {"key", session_.key}}; }

awaitable<bool> Client::Core::take_attach(std::shared_ptr<Ask> ask) {
  json::object params = attach_params();
  ask = co_await insist(ask, "client.attach", std::move(params));
  if (!ask) co_return false;
  if (ask->answer->kind != Answer::Kind::done) {
    rollover_ = Rollover::expired;   // client_sessions.cpp finds out what became of the requests
    co_return true;
  }
  attached_ = true;
  if (const auto* result = ask->answer->result.if_object())
    outbox_.raise_next(number_field(*result, "last").value_or(0) + 1);
  co_return true;
}

awaitable<bool> Client::Core::take_resume(std::shared_ptr<Ask> ask) {
  json::object params{{"token", session_.token}};
  ask = co_await insist(ask, "resume", std::move(params));
  if (!ask) co_return false;
  if (ask->answer->kind == Answer::Kind::done) {
    logged_in_ = true;
    if (!feed_.placed() && options_.receive) feed_.place(Cursor{session_.generation, hello_cursor_});
    sync_wanted_ = options_.receive;
  } else {
    login_is_over(ask->answer->message);
  }
  co_return link_ != nullptr;
}

void Client::Core::login_is_over(const std::string& message) {
  const std::string account = std::exchange(session_.account, {});
  session_.token.clear();
  logged_in_ = sync_wanted_ = false;
  feed_.unplace();
  keep_everything();
  observer_.on_login_ended(account.empty() ? message : "logged out as " + account + ": " + message);
}

awaitable<void> Client::Core::open_session() {
  const std::string key = random_token(seams_.entropy, session_key_bytes);
  json::object params{{"key", key}};
  const auto ask = begin_ask("client.open", std::move(params));
  const bool came = co_await answered(ask);
  if (!came) co_return;
  const auto* result = ask->answer->result.if_object();
  const auto client = result ? number_field(*result, "client") : std::nullopt;
  if (ask->answer->kind != Answer::Kind::done || !client) {
    const auto delay = ask->answer->retry_after.count() > 0 ? ask->answer->retry_after : session_retry;
    session_retry_at_ = seams_.clock.now() + delay;
    co_return;
  }
  session_.client = *client;
  session_.key = key;
  if (!keep_everything()) {   // the next run would not know where to ask what became of its requests
    session_.client = 0;
    session_.key.clear();
    session_retry_at_ = seams_.clock.now() + unkept_session_retry;
    co_return;
  }
  attached_ = true;
  pump();
}

// Everything changed since the cursor, page by page; pushes wait meanwhile (MessageFeed).
awaitable<void> Client::Core::synchronise() {
  if (!feed_.holding()) feed_.hold();   // wanted in the middle of a connection: else pushes overtake the page
  const Cursor from = feed_.cursor();
  const std::uint64_t placement = feed_.placement();
  json::object params{{"generation", from.generation}, {"cursor", from.index}, {"limit", sync_limit}};
  const auto ask = begin_ask("sync", std::move(params));
  const bool came = co_await answered(ask);
  if (!came || feed_.placement() != placement) co_return;   // of a login that is over
  const Answer& answer = *ask->answer;
  if (answer.kind == Answer::Kind::generation) {
    lose_link("the cluster was restored");
    co_return;
  }
  if (answer.kind == Answer::Kind::refused || answer.kind == Answer::Kind::invalid) {   // not logged in any more
    sync_wanted_ = false;
    co_return;
  }
  const auto* page = answer.result.if_object();
  if (answer.kind != Answer::Kind::done || page == nullptr) {
    put_off_until_ = seams_.clock.now() + (answer.retry_after.count() > 0 ? answer.retry_after : default_retry);
    co_return;
  }
  std::vector<Message> messages;
  if (const auto* rows = array_field(*page, "messages")) {
    for (const auto& row : *rows) {
      if (auto message = parse_message(row)) messages.push_back(std::move(*message));
    }
  }
  const std::uint64_t cursor = number_field(*page, "cursor").value_or(from.index);
  const bool more = flag_field(*page, "more") && cursor > from.index;   // no progress: not asked again for ever
  deliver(feed_.page(std::move(messages), cursor));
  if (more || !link_) co_return;
  auto held = feed_.release();
  if (!held) co_return;   // too many were pushed meanwhile: once more
  sync_wanted_ = false;
  deliver(*held);
}

}  // namespace parley::cli
