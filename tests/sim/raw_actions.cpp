// What a raw client does, an episode at a time. Each ends with every number's outcome final.
#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/parse.hpp>

#include "sim/raw_client.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::size_t recent_max = 6;         // below answers_kept of raw_client.cpp: none of them is forgotten
constexpr unsigned operator_tries = 10;
constexpr std::uint64_t far_ahead = 1000;     // numbers of a gap: never reached, so no copy of it ever has its turn
constexpr int rounds_of_outcomes = 3;
constexpr std::uint64_t largest_cursor = std::uint64_t{1} << 52;

}  // namespace

awaitable<void> RawClient::play(Fault episode) {
  if (token_.empty()) co_await log_in();
  switch (episode) {
    case Fault::raw_retries: co_return co_await retries();
    case Fault::raw_conflicts: co_return co_await conflicts();
    case Fault::raw_disconnects: co_return co_await disconnects();
    case Fault::outcomes: co_return co_await outcomes();
    case Fault::cursor_reuse: co_return co_await cursors();
    case Fault::revoked_tokens: co_return co_await revoked_tokens();
    case Fault::raw_nonsense: co_return co_await nonsense();
    case Fault::deleted_accounts: co_return co_await dies();
    default: co_return;
  }
}

// -- arriving -------------------------------------------------------------------------------------------------------

awaitable<void> RawClient::settle_in(std::string operator_token) {
  co_await open_session();
  if (!operator_token.empty()) {
    std::string token = std::move(operator_token);
    co_await keep_logins(std::move(token));
  }
  co_await sign_up();
}

// So that logins outlive client sessions, and `outcome` can be asked by who comes back.
awaitable<void> RawClient::keep_logins(std::string token) {
  json::object params{{"name", "login_idle_days"}, {"value", "365"}};
  const RawRequest request = numbered("admin.set", std::move(params));
  for (unsigned i = 0; i < operator_tries; ++i) {
    RawRequest proof;
    proof.method = "operator";
    proof.params["token"] = token;
    co_await ask(1, std::move(proof));
    RawRequest copy = request;
    const std::uint64_t number = co_await ask(1, std::move(copy));
    if (exchange(number).is_final()) co_return;
    co_await pause(300ms);
  }
  RawRequest copy = request;
  co_await carry_out(std::move(copy));
}

// The name may be theirs already: a client session that ended leaves open what became of the first try.
awaitable<void> RawClient::sign_up() {
  json::object params{{"name", name_}, {"password", password_}};
  RawRequest request = numbered("account.register", std::move(params));
  co_await carry_out(std::move(request));
  co_await log_in();
  for (const char* room : {"#raw", "#open0"}) {
    json::object of_room{{"room", room}};
    json::object again = of_room;
    RawRequest create = numbered("room.create", std::move(of_room));
    co_await carry_out(std::move(create));
    RawRequest join = numbered("room.join", std::move(again));
    co_await carry_out(std::move(join));
  }
}

awaitable<void> RawClient::log_in() {
  for (int i = 0; i < 4 && token_.empty(); ++i) {
    std::string token = make_token();
    const bool done = co_await log_in_by(token);
    if (done) token_ = token;
    else std::swap(password_, other_password_);
  }
}

// On whichever connection it is answered.
awaitable<bool> RawClient::log_in_by(std::string token) {
  json::object params{{"name", name_}, {"password", password_}, {"token", token}};
  RawRequest request = numbered("login", std::move(params));
  const std::uint64_t number = co_await carry_out(std::move(request));
  const RawExchange& answer = exchange(number);
  if (answer.ending != RawExchange::Ending::done) co_return false;
  const auto account = cli::number_field(json::parse(answer.result).as_object(), "account").value_or(0);
  account_ = chat::AccountId(account);
  // Not since the first try: that login may have come to be, and have ended by its age, before it was begun anew.
  history_.raw().logins.push_back({name_, digest(token), account_, answer.called, answer.returned});
  co_return true;
}

// -- requests -------------------------------------------------------------------------------------------------------

RawRequest RawClient::numbered(std::string method, json::object params) {
  RawRequest request;
  request.method = std::move(method);
  request.params = std::move(params);
  request.sequence = next_++;
  return request;
}

// Another text under the same number is another request.
RawRequest RawClient::make_send() {
  Operation& operation = history_.begin(name_, "send", world_.now());
  const auto& people = history_.people();
  operation.place = random_.chance(0.5) ? "#raw" : "#open0";
  if (!people.empty() && random_.chance(0.3)) operation.place = "@" + people[random_.below(people.size())];
  operation.text = name_ + " " + std::to_string(++texts_);
  json::object params{{"to", operation.place}, {"text", operation.text}};
  RawRequest request = numbered("send", std::move(params));
  request.operation = operation.id;
  return request;
}

RawRequest RawClient::under_the_same_number(const RawRequest& first) {
  RawRequest other = make_send();
  --next_;
  other.sequence = first.sequence;
  return other;
}

// The outcome that its last answer brought.
void RawClient::conclude(std::uint64_t id, std::uint64_t number) {
  Operation& operation = history_.operation(id);
  const RawExchange& answer = exchange(number);
  operation.returned = answer.returned == never ? world_.now() : answer.returned;
  operation.node = answer.node;
  operation.connected = answer.called;   // of the same process, if it answered
  operation.reason = answer.reason;
  const bool not_sent = answer.method == "outcome" && !answer.sent;
  operation.ending = Operation::Ending::unknown;
  // Of the connection or the client session, not of the request: an earlier copy may have been carried out.
  const bool of_another = answer.reason == "unknown_client" || answer.reason == "not_attached";
  if (answer.ending == RawExchange::Ending::refused && !of_another) {
    operation.ending = Operation::Ending::refused;
  } else if (answer.ending == RawExchange::Ending::done && !not_sent) {
    operation.ending = Operation::Ending::done;
    operation.message = answer.message;
    operation.number = answer.number;
  }
}

awaitable<void> RawClient::settle(RawRequest request) {
  RawRequest copy = request;
  const std::uint64_t number = co_await carry_out(std::move(copy));
  conclude(request.operation, number);
  if (exchange(number).method != "send" || exchange(number).sequence != request.sequence) co_return;
  recent_.push_back(std::move(request));
  if (recent_.size() > recent_max) recent_.pop_front();
}

// -- K1, K2: the same again -----------------------------------------------------------------------------------------

// At once on several nodes, then on each, then an older one; some with a lower `first` than was said before.
awaitable<void> RawClient::retries() {
  const std::uint64_t client = client_;
  RawRequest request = make_send();
  co_await ask_everywhere(request);
  co_await settle(request);
  if (client_ != client) co_return;   // numbers mean something else now
  const bool lower = random_.chance(0.5);
  if (lower) request.first = 1;
  co_await ask_everywhere(request);
  if (recent_.empty()) co_return;
  RawRequest older = recent_[random_.below(recent_.size())];
  co_await ask_everywhere(std::move(older));
}

// -- K3: another request under a number -----------------------------------------------------------------------------

awaitable<void> RawClient::conflicts() {
  if (random_.chance(0.3)) co_return co_await gap();
  const std::uint64_t client = client_;
  RawRequest request = make_send();
  const bool at_once = random_.chance(0.5);
  if (!at_once) co_await settle(request);
  if (client_ != client) co_return;
  RawRequest other = under_the_same_number(request);
  request.gives_up = other.gives_up = true;   // what `outcome` tells of the number may be the other one
  std::map<std::uint32_t, RawRequest> questions;
  for (std::uint32_t node = 1; node <= cluster_.size(); ++node) {
    questions[node] = at_once && random_.chance(0.5) ? request : other;
  }
  co_await ask_all(std::move(questions));
  if (at_once) {
    RawRequest copy = request;
    const std::uint64_t number = co_await carry_out(std::move(copy));
    conclude(request.operation, number);
    if (client_ != client) co_return conclude(other.operation, number);
  }
  RawRequest copy = other;
  const std::uint64_t number = co_await carry_out(std::move(copy));
  conclude(other.operation, number);
}

awaitable<void> RawClient::gap() {
  RawRequest request = make_send();
  --next_;
  request.sequence = next_ + far_ahead + random_.below(far_ahead);
  request.first = 1;
  co_await ask_everywhere(request);
  request.gives_up = true;
  RawRequest copy = request;
  const std::uint64_t number = co_await carry_out(std::move(copy));
  conclude(request.operation, number);
}

// -- K4, K12: gone before the answer, and asking what became of it --------------------------------------------------

awaitable<void> RawClient::disconnects() {
  RawRequest request = make_send();
  RawRequest hasty = request;
  const std::array<Duration, 4> patiences = {1us, 1ms, 5ms, 30ms};
  hasty.patience = patiences.at(random_.below(patiences.size()));
  const std::uint64_t client = client_;
  const std::uint32_t node = some_node();
  co_await ask(node, std::move(hasty));
  co_await ask_outcomes(client, request.sequence);
  co_await settle(request);
  co_await ask_outcomes(client, request.sequence);
}

// What has just been acknowledged is known wherever it is asked for, though the asked node be behind, or cut off.
awaitable<void> RawClient::outcomes() {
  for (int i = 0; i < rounds_of_outcomes && !finishing_; ++i) {
    RawRequest request = make_send();
    co_await settle(request);
    co_await ask_outcomes(client_, request.sequence);
    const auto time = milliseconds(static_cast<std::int64_t>(random_.below(300)));
    co_await pause(time);
  }
  if (random_.chance(0.5)) co_await open_session();
  if (random_.chance(0.5)) {
    std::string token = make_token();
    const bool done = co_await log_in_by(token);
    if (done) token_ = token;
  }
  for (auto& [node, link] : links_) {
    if (link) log_out_link(link);   // each is to resume by the new token
  }
  RawRequest nothing;
  nothing.method = "unread";
  co_await ask_everywhere(std::move(nothing));
}

awaitable<void> RawClient::ask_outcomes(std::uint64_t client, std::uint64_t sequence) {
  RawRequest request;
  request.method = "outcome";
  request.params["client"] = client;
  request.params["seq"] = sequence;
  co_await ask_everywhere(std::move(request));
}

// -- K5: cursors ----------------------------------------------------------------------------------------------------

awaitable<void> RawClient::cursors() {
  const std::uint64_t old = cursors_.empty() ? 0 : cursors_[random_.below(cursors_.size())];
  co_await one_sync(1, old);
  co_await one_sync(1, old);
  const std::uint64_t newest = cursors_.empty() ? 0 : cursors_.back();
  const std::uint64_t to_come = newest + 1 + random_.below(100'000);
  co_await one_sync(1, to_come);
  co_await one_sync(1, largest_cursor);
  const std::uint64_t another = 2 + random_.below(100);
  co_await one_sync(another, old);
  co_await one_sync(0, old);
}

awaitable<void> RawClient::one_sync(std::uint64_t generation, std::uint64_t cursor) {
  Operation& operation = history_.begin(name_, "sync", world_.now());
  operation.asked = cursor;
  operation.limit = random_.between(1, 100);
  RawRequest request;
  request.method = "sync";
  request.params = {{"generation", generation}, {"cursor", cursor}, {"limit", operation.limit}};
  if (generation != 1) request.wanted_code = -32000;
  const std::uint32_t node = some_node();
  const std::uint64_t number = co_await ask(node, std::move(request));
  const RawExchange& answer = exchange(number);
  operation.returned = answer.returned == never ? world_.now() : answer.returned;
  operation.node = answer.node;
  operation.connected = answer.called;   // of the same process, if it answered
  operation.ending = Operation::Ending::unknown;
  if (answer.ending != RawExchange::Ending::done) co_return;
  operation.ending = Operation::Ending::done;
  const auto page = json::parse(answer.result).as_object();
  operation.cursor = cli::number_field(page, "cursor").value_or(0);
  operation.more = cli::flag_field(page, "more");
  operation.stale = cli::flag_field(page, "stale");
  if (const auto* rows = cli::array_field(page, "messages")) {
    for (const auto& row : *rows) {
      if (auto message = cli::parse_message(row)) operation.page.push_back(std::move(*message));
    }
  }
  if (operation.cursor > operation.asked) cursors_.push_back(operation.cursor);
}

}  // namespace parley::sim
