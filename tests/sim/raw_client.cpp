#include "sim/raw_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "net/spawn.hpp"
#include "wire/rpc.hpp"

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr Duration connect_patience = 1s;
constexpr Duration answer_patience = 6s;      // a node says something within five seconds
constexpr std::size_t episodes_max = 4;       // waiting; beyond: one is left out
constexpr std::uint64_t answers_kept = 8;     // numbers that may be asked for again

RawExchange::Ending ending_of(const std::string& outcome) {
  if (outcome == "refused") return RawExchange::Ending::refused;
  if (outcome == "later") return RawExchange::Ending::later;
  if (outcome == "unknown") return RawExchange::Ending::unknown;
  return RawExchange::Ending::invalid;
}

}  // namespace

struct RawClient::Parts {
  Parts(World& world, Fabric& fabric, Life its_life, Host host, std::uint64_t seed)
      : machine(world),
        life(its_life),
        clock(world, life, machine),
        network(world, fabric, life, host),
        entropy(seed) {}
  MachineClock machine;
  Life life;
  SimClock clock;
  SimNetwork network;
  SimEntropy entropy;
};

struct RawClient::Gather {
  std::unique_ptr<net::Alarm> alarm;
  std::size_t open = 0;
};

RawClient::RawClient(SimCluster& cluster, Host host, std::string name, std::uint64_t seed, History& history)
    : cluster_(cluster),
      world_(cluster.world()),
      host_(host),
      name_(std::move(name)),
      random_(seed),
      history_(history),
      password_("a raw password"),
      other_password_(password_) {}

RawClient::~RawClient() {
  if (parts_) world_.end_life(parts_->life);
  links_.clear();
}

void RawClient::arrive(std::string operator_token) {
  const Life life = world_.begin_life(name_);
  parts_ = std::make_unique<Parts>(world_, cluster_.fabric(), life, host_, random_.next());
  net::spawn(world_.context(life).get_executor(), live(std::move(operator_token)));
}

bool RawClient::tell(Fault episode, std::uint64_t seed) {
  if (finishing_ || episodes_.size() >= episodes_max) return false;
  episodes_.push_back({episode, seed});
  return true;
}

void RawClient::finish() {
  finishing_ = true;
  episodes_.clear();
}

bool RawClient::settled() const { return !busy_ && episodes_.empty(); }

std::string RawClient::outstanding() const { return settled() ? std::string() : name_ + " is at something"; }

awaitable<void> RawClient::live(std::string operator_token) {
  co_await settle_in(std::move(operator_token));
  for (;;) {
    busy_ = false;
    while (episodes_.empty()) co_await pause(20ms);
    busy_ = true;
    const Episode episode = episodes_.front();
    episodes_.pop_front();
    random_ = Random(episode.seed);
    world_.trace(name_ + " plays " + std::string(info(episode.fault).name));
    co_await play(episode.fault);
  }
}

awaitable<void> RawClient::pause(Duration time) {
  const auto alarm = parts_->clock.make_alarm();
  const TimePoint until = parts_->clock.now() + time;
  while (parts_->clock.now() < until) co_await alarm->wait_until(until);
}

// -- connections ----------------------------------------------------------------------------------------------------

// A connection that is introduced: attached to the client session and logged in, as far as there are such.
awaitable<RawClient::LinkPtr> RawClient::link_to(std::uint32_t node) {
  LinkPtr link = links_[node];
  if (!link || !link->open()) {
    link = co_await connect(node);
    if (!link) co_return nullptr;
    links_[node] = link;
  }
  co_await introduce(link);
  if (!link->open()) co_return nullptr;
  co_return link;
}

awaitable<RawClient::LinkPtr> RawClient::connect(std::uint32_t node) {
  const std::string address = cluster_.servers().at(node - 1);
  const TimePoint deadline = parts_->clock.now() + connect_patience;
  const auto result = co_await parts_->network.connect(net::Transport::client, address, deadline);
  if (!result.connection) co_return nullptr;
  auto link = std::make_shared<RawLink>(world_, parts_->clock, node, result.connection);
  net::spawn(world_.context(parts_->life).get_executor(), RawLink::read_loop(link));
  RawRequest hello;
  hello.method = "hello";
  hello.params["protocol"] = 1;
  co_await ask_over(link, std::move(hello));
  if (!link->open()) co_return nullptr;
  co_return link;
}

awaitable<void> RawClient::introduce(LinkPtr link) {
  if (link->open() && client_ != 0 && !expired_ && link->attached != client_) co_await attach(link);
  // What is numbered must not arrive as of the client session before.
  if (link->attached != 0 && link->attached != client_) link->close();
  if (link->open() && !token_.empty() && link->presence == nullptr) {
    std::string token = token_;
    co_await resume(link, std::move(token));
  }
}

awaitable<void> RawClient::attach(LinkPtr link) {
  const std::uint64_t client = client_;
  RawRequest request;
  request.method = "client.attach";
  request.params["client"] = client;
  request.params["key"] = key_;
  const std::uint64_t number = co_await ask_over(link, std::move(request));
  if (exchange(number).ending == RawExchange::Ending::done) link->attached = client;
  if (exchange(number).refused_as("unknown_client") && client == client_) expired_ = true;
}

awaitable<void> RawClient::resume(LinkPtr link, std::string token) {
  RawRequest request;
  request.method = "resume";
  request.params["token"] = token;
  const std::uint64_t number = co_await ask_over(link, std::move(request));
  if (exchange(number).refused_as("not_logged_in") && token == token_) token_.clear();
}

// What an answer makes of the connection.
void RawClient::note_login(const LinkPtr& link, const RawExchange& answer, const std::string& token) {
  if (answer.method == "login" || answer.method == "resume") log_in_link(link, digest(token));
  if (answer.method == "logout" || answer.method == "account.delete") log_out_link(link);
}

void RawClient::log_in_link(const LinkPtr& link, const chat::LoginId& login) {
  if (!link->open() || (link->presence != nullptr && link->presence->login == login)) return;
  log_out_link(link);
  RawPresence presence;
  presence.who = name_;
  presence.node = link->node();
  presence.connected = link->connected();
  presence.login = login;
  presence.since = world_.now();
  history_.raw().presences.push_back(std::move(presence));
  link->presence = &history_.raw().presences.back();
}

void RawClient::log_out_link(const LinkPtr& link) {
  if (link->presence != nullptr) link->presence->until = world_.now();
  link->presence = nullptr;
}

std::string RawClient::make_token() { return cli::random_token(parts_->entropy, 32); }

// -- questions ------------------------------------------------------------------------------------------------------

RawExchange& RawClient::begin(std::uint32_t node, const RawRequest& request, const RawLink& link) {
  RawExchange made;
  made.who = name_;
  made.method = request.method;
  made.node = node;
  made.called = world_.now();
  SimNode& machine = cluster_.node(node);
  if (machine.running() && !machine.node().between_lives()) {
    made.applied = machine.node().replication().status().applied_index;
  }
  made.sequence = request.sequence;
  made.first = request.first;
  made.operation = request.operation;
  made.wanted_code = request.wanted_code;
  if (link.presence != nullptr) made.login = link.presence->login;
  if (request.method == "resume") made.login = digest(cli::text_field(request.params, "token"));
  made.client = link.attached;
  if (request.method == "outcome") made.sequence = cli::number_field(request.params, "seq").value_or(0);
  const bool names_client = request.method == "outcome" || request.method == "client.attach";
  if (names_client) made.client = cli::number_field(request.params, "client").value_or(0);
  history_.raw().exchanges.push_back(std::move(made));
  return history_.raw().exchanges.back();
}

void RawClient::take(RawExchange& exchange, const json::object& response) {
  exchange.returned = world_.now();
  if (const auto* error = cli::object_field(response, "error")) {
    const json::object nothing;
    const auto* data = cli::object_field(*error, "data");
    if (data == nullptr) data = &nothing;
    exchange.ending = ending_of(cli::text_field(*data, "outcome"));
    exchange.reason = cli::text_field(*data, "reason");
    exchange.expected = cli::number_field(*data, "expected").value_or(0);
    const auto* code = error->if_contains("code");
    if (code != nullptr && code->is_int64()) exchange.code = static_cast<int>(code->as_int64());
    return;
  }
  exchange.ending = RawExchange::Ending::done;
  const auto* result = cli::object_field(response, "result");
  if (result == nullptr) return;
  exchange.result = json::serialize(*result);
  exchange.message = cli::number_field(*result, "id").value_or(0);
  const char* number = exchange.method == "outcome" ? "conversation_number" : "number";
  exchange.number = cli::number_field(*result, number).value_or(0);
  exchange.sent = cli::flag_field(*result, "sent");
}

awaitable<std::uint64_t> RawClient::ask(std::uint32_t node, RawRequest request) {
  const LinkPtr link = co_await link_to(node);
  answers_ = 0;
  if (!link) {
    RawExchange unsent;
    unsent.who = name_;
    unsent.method = request.method;
    history_.raw().exchanges.push_back(std::move(unsent));
    co_return history_.raw().exchanges.size() - 1;
  }
  const std::uint64_t number = co_await ask_over(link, std::move(request));
  // A node that is cut off can neither attach nor resume what is new.
  const RawExchange& answer = exchange(number);
  const bool of_the_link = answer.refused_as("not_attached") || answer.refused_as("not_logged_in");
  if (answer.is_final() && !of_the_link) answers_ = node;
  co_return number;
}

// Who is not answered gives the connection up.
awaitable<std::uint64_t> RawClient::ask_over(LinkPtr link, RawRequest request) {
  const Duration patience = request.patience == Duration{} ? answer_patience : request.patience;
  if (request.sequence != 0) {
    if (request.first == 0) request.first = request.sequence > answers_kept ? request.sequence - answers_kept : 1;
    request.params["seq"] = request.sequence;
    request.params["first"] = request.first;
  }
  RawExchange& made = begin(link->node(), request, *link);
  const std::uint64_t number = history_.raw().exchanges.size() - 1;
  const std::string token = cli::text_field(request.params, "token");
  wire::RpcRequest rpc;
  const std::uint64_t id = ++rpc_ids_;
  rpc.id = id;
  rpc.method = request.method;
  rpc.params = std::move(request.params);
  std::string text = wire::encode(rpc);
  const auto waiting = co_await link->send(std::move(text), id);
  if (!waiting) co_return number;
  co_await link->wait(waiting, patience);
  if (!waiting->response) link->close();
  else take(made, *waiting->response);
  if (made.ending == RawExchange::Ending::done) note_login(link, made, token);
  world_.trace(describe(made));
  if (made.refused_as("unknown_client") && made.client == client_) expired_ = true;
  co_return number;
}

awaitable<void> RawClient::ask_in(std::shared_ptr<Gather> gather, std::uint32_t node, RawRequest request) {
  co_await ask(node, std::move(request));
  --gather->open;
  gather->alarm->ring();
}

awaitable<void> RawClient::ask_everywhere(RawRequest request) {
  std::map<std::uint32_t, RawRequest> questions;
  for (std::uint32_t node = 1; node <= cluster_.size(); ++node) questions[node] = request;
  co_await ask_all(std::move(questions));
}

awaitable<void> RawClient::ask_all(std::map<std::uint32_t, RawRequest> questions) {
  auto gather = std::make_shared<Gather>();
  gather->alarm = parts_->clock.make_alarm();
  gather->open = questions.size();
  for (auto& [node, request] : questions) {
    net::spawn(world_.context(parts_->life).get_executor(), ask_in(gather, node, std::move(request)));
  }
  while (gather->open > 0) co_await gather->alarm->wait_until(never);
}

// -- client sessions ------------------------------------------------------------------------------------------------

awaitable<void> RawClient::open_session() {
  key_ = cli::random_token(parts_->entropy, 16);
  client_ = 0;
  recent_.clear();
  for (;;) {
    RawRequest request;
    request.method = "client.open";
    request.params["key"] = key_;
    const std::uint32_t node = some_node();
    const std::uint64_t number = co_await ask(node, std::move(request));
    const RawExchange& answer = exchange(number);
    if (answer.ending == RawExchange::Ending::done) {
      client_ = cli::number_field(json::parse(answer.result).as_object(), "client").value_or(0);
      history_.raw().sessions.push_back({name_, client_, answer.returned});
      if (links_[node]) links_[node]->attached = client_;
      next_ = 1;
      expired_ = false;
      co_return;
    }
    co_await pause(100ms);
  }
}

// The same again, to one node after the other, until the outcome is final. What the client session's end leaves open is
// asked for, and only what was not sent goes out once more, under a new session (R16).
// An episode is many requests, and one to a node that is cut off takes seconds to be answered `later`.
std::uint32_t RawClient::some_node() {
  if (finishing_ && answers_ != 0) return answers_;
  if (finishing_) return 1 + static_cast<std::uint32_t>(turn_++ % cluster_.size());   // perhaps one alone is well
  return 1 + static_cast<std::uint32_t>(random_.below(cluster_.size()));
}

awaitable<std::uint64_t> RawClient::carry_out(RawRequest request) {
  for (;;) {
    RawRequest copy = request;
    const std::uint32_t node = some_node();
    std::uint64_t number = co_await ask(node, std::move(copy));
    const bool over = expired_ || exchange(number).refused_as("unknown_client");
    const bool on_its_way = exchange(number).refused_as("not_attached");
    if (exchange(number).is_final() && !over && !on_its_way) co_return number;
    if (exchange(number).ending == RawExchange::Ending::done) co_return number;
    if (exchange(number).ending == RawExchange::Ending::invalid) co_return number;
    if (over) {
      const std::uint64_t before = client_;
      if (client_ != 0) co_await open_session();
      if (request.gives_up) co_return number;
      if (request.method == "send") {
        number = co_await find_out(before, request.sequence);
        if (exchange(number).sent) co_return number;
      }
      request.sequence = next_++;
      request.first = 0;
      continue;
    }
    const auto time = milliseconds(static_cast<std::int64_t>(random_.between(20, 200)));
    co_await pause(time);
  }
}

// What became of a number of a client session that is over. Somebody else's answer would be no answer.
awaitable<std::uint64_t> RawClient::find_out(std::uint64_t client, std::uint64_t sequence) {
  for (;;) {
    if (token_.empty()) co_await log_in();
    RawRequest request;
    request.method = "outcome";
    request.params["client"] = client;
    request.params["seq"] = sequence;
    const std::uint32_t node = some_node();
    const std::uint64_t number = co_await ask(node, std::move(request));
    if (exchange(number).ending == RawExchange::Ending::done) co_return number;
    co_await pause(100ms);
  }
}

}  // namespace parley::sim
