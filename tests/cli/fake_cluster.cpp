#include "cli/fake_cluster.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/assert.hpp"
#include "cli/json_fields.hpp"

namespace parley::cli {

class FakeConnection final : public net::Connection, public std::enable_shared_from_this<FakeConnection> {
 public:
  FakeConnection(FakeWorld& world, FakeNode& node) : node_(node), alarm_(world.make_alarm()), remote_(node.address()) {}

  net::awaitable<std::optional<std::string>> read() override {
    while (incoming_.empty() && open_) co_await alarm_->wait_until(never);
    if (incoming_.empty()) co_return std::nullopt;
    std::string text = std::move(incoming_.front());
    incoming_.pop_front();
    co_return text;
  }
  net::awaitable<bool> write(std::string message) override {
    if (!open_) co_return false;
    node_.take(shared_from_this(), message);
    co_return true;
  }
  void close(std::string_view = {}) override {
    open_ = false;
    alarm_->ring();
  }
  const std::string& remote() const override { return remote_; }

  void give(std::string text) {
    if (!open_) return;
    incoming_.push_back(std::move(text));
    alarm_->ring();
  }
  void cut() {   // what was not read yet is lost with it
    incoming_.clear();
    close();
  }

  bool open_ = true;
  std::uint64_t client = 0;
  std::string account;

 private:
  FakeNode& node_;
  std::unique_ptr<net::Alarm> alarm_;
  std::string remote_;
  std::deque<std::string> incoming_;
};

namespace {

wire::RpcResponse result_of(const wire::RpcRequest& request, json::object result) {
  wire::RpcResponse response;
  response.id = *request.id;
  response.outcome = json::value(std::move(result));
  return response;
}

wire::RpcResponse refusal_of(const wire::RpcRequest& request, std::string reason, json::object data = {}) {
  wire::RpcError error;
  error.code = wire::RpcCode::refused;
  error.message = reason;
  error.data = std::move(data);
  error.data["outcome"] = "refused";
  error.data["reason"] = reason;
  wire::RpcResponse response;
  response.id = *request.id;
  response.outcome = std::move(error);
  return response;
}

std::string describe(const wire::RpcRequest& request) {
  std::string text = request.method;
  for (const char* name : {"client", "seq", "first", "generation", "cursor"}) {
    const auto value = number_field(request.params, name);
    if (value) text += std::string(" ") + name + "=" + std::to_string(*value);
  }
  return text;
}

}  // namespace

void FakeNode::Expectation::reply_with(json::value result) {
  Twist twist;
  twist.result = std::move(result);
  twists_.push_back(std::move(twist));
}
void FakeNode::Expectation::add_error(wire::RpcCode code, std::string outcome, std::string reason, json::object data) {
  Twist twist;
  twist.kind = Twist::Kind::error;
  twist.error.code = code;
  twist.error.message = reason;
  twist.error.data = std::move(data);
  if (!outcome.empty()) twist.error.data["outcome"] = outcome;
  twist.error.data["reason"] = reason;
  twists_.push_back(std::move(twist));
}
void FakeNode::Expectation::refuse(std::string reason, json::object data) {
  add_error(wire::RpcCode::refused, "refused", std::move(reason), std::move(data));
}
void FakeNode::Expectation::later(milliseconds retry_after, std::string reason) {
  json::object data;
  data["retry_after_ms"] = retry_after.count();
  add_error(wire::RpcCode::later, "later", std::move(reason), std::move(data));
}
void FakeNode::Expectation::unknown() { add_error(wire::RpcCode::unknown, "unknown", "leadership_lost", {}); }
void FakeNode::Expectation::invalid() {
  add_error(wire::RpcCode::invalid_parameters, "", "text: expected a string", {});
}
void FakeNode::Expectation::drop_before_it_is_carried_out() {
  twists_.emplace_back().kind = Twist::Kind::drop_before;
}
void FakeNode::Expectation::drop_after_it_was_carried_out() { twists_.emplace_back().kind = Twist::Kind::drop_after; }
void FakeNode::Expectation::never_answer() { twists_.emplace_back().kind = Twist::Kind::swallow; }

void FakeNode::go_down() {
  up_ = false;
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock()) connection->cut();
  }
}

void FakeNode::say(const std::string& text) {
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock()) connection->give(text);
  }
}

void FakeNode::notify(const std::string& method, json::object params) {
  wire::RpcRequest notification;
  notification.method = method;
  notification.params = std::move(params);
  say(wire::encode(notification));
}

std::size_t FakeNode::connections() const {
  std::size_t open = 0;
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock(); connection && connection->open_) ++open;
  }
  return open;
}

std::vector<std::string> FakeNode::requests(const std::string& method) const {
  std::vector<std::string> found;
  for (const auto& request : requests_) {
    if (request == method || request.starts_with(method + " ")) found.push_back(request);
  }
  return found;
}

void FakeNode::take(const std::shared_ptr<FakeConnection>& connection, const std::string& text) {
  const auto request = wire::decode_request(text);
  PARLEY_ASSERT(request.ok(), "the client sent what a node can not read");
  if (cluster_.cut_after != ~std::size_t{0} && cluster_.cut_after-- == 0) {
    cluster_.cut_after = ~std::size_t{0};
    return connection->cut();
  }
  requests_.push_back(describe(*request));
  if (!powered_) return;
  auto& twists = twists_[request->method];
  if (twists.empty()) {
    connection->give(wire::encode(cluster_.carry_out(*this, *connection, *request)));
    return;
  }
  Twist twist = std::move(twists.front());
  twists.pop_front();
  wire::RpcResponse response;
  response.id = *request->id;
  switch (twist.kind) {
    case Twist::Kind::swallow: unanswered_ = response.id; return;
    case Twist::Kind::drop_before: return connection->cut();
    case Twist::Kind::drop_after:
      cluster_.carry_out(*this, *connection, *request);
      return connection->cut();
    case Twist::Kind::answer: response.outcome = std::move(twist.result); break;
    case Twist::Kind::error: response.outcome = std::move(twist.error); break;
  }
  connection->give(wire::encode(response));
}

FakeCluster::FakeCluster(FakeWorld& world) : world_(world) {
  for (std::uint32_t id = 1; id <= 3; ++id)
    nodes_.push_back(std::make_unique<FakeNode>(*this, id, "node" + std::to_string(id) + ":1"));
}

std::vector<std::string> FakeCluster::addresses() const {
  std::vector<std::string> all;
  for (const auto& node : nodes_) all.push_back(node->address());
  return all;
}

net::awaitable<net::ConnectResult> FakeCluster::connect(net::Transport, std::string address, TimePoint) {
  net::ConnectResult result;
  for (const auto& node : nodes_) {
    if (node->address() != address || !node->up() || !node->powered_) continue;
    auto connection = std::make_shared<FakeConnection>(world_, *node);
    node->connections_.push_back(connection);
    result.connection = std::move(connection);
    co_return result;
  }
  result.failure = net::ConnectFailure::refused;
  result.detail = address + " refused the connection";
  co_return result;
}

Result<std::unique_ptr<net::Listener>> FakeCluster::listen(net::Transport, std::string address, net::HttpPages) {
  return Error{address + ": a fake network has no listeners"};
}

json::object FakeCluster::hello(const FakeNode& node) const {
  json::object result;
  result["protocol"] = 1;
  result["node"] = node.id();
  result["cluster"] = "c0ffee";
  result["generation"] = generation;
  result["term"] = 7;
  result["leader"] = nullptr;
  result["leader_address"] = nullptr;
  if (leader_ != 0) {
    result["leader"] = leader_;
    result["leader_address"] = nodes_.at(leader_ - 1)->address();
  }
  if (node.id() == leader_) result.insert(copies.begin(), copies.end());
  json::object all;
  for (const auto& each : nodes_) all[std::to_string(each->id())] = each->address();
  result["addresses"] = std::move(all);
  result["cursor"] = applied;
  return result;
}

json::object FakeCluster::sync(const json::object& params) const {
  const auto cursor = number_field(params, "cursor").value_or(0);
  json::array found;
  for (const auto& stored : messages) {
    if (stored.changed > cursor) found.push_back(stored.message);
  }
  json::object result;
  result["generation"] = generation;
  result["cursor"] = std::max(cursor, applied);
  result["messages"] = std::move(found);
  result["more"] = false;
  return result;
}

wire::RpcResponse FakeCluster::carry_out(FakeNode& node, FakeConnection& connection, const wire::RpcRequest& request) {
  const auto& params = request.params;
  if (request.method == "hello") return result_of(request, hello(node));
  if (request.method == "status") return result_of(request, {{"node", node.id()}, {"applied", applied}});
  if (request.method == "sync") return result_of(request, sync(params));
  if (request.method == "client.open") {
    connection.client = ++applied;
    clients_[connection.client].key = text_field(params, "key");
    return result_of(request, {{"client", connection.client}});
  }
  if (request.method == "client.attach") {
    const auto id = number_field(params, "client").value_or(0);
    const auto at = clients_.find(id);
    const bool known = at != clients_.end() && at->second.key == text_field(params, "key");
    if (!known) return refusal_of(request, "unknown_client");
    connection.client = id;
    return result_of(request, {{"client", id}, {"last", at->second.last}});
  }
  if (request.method == "resume") {
    const auto at = logins.find(text_field(params, "token"));
    if (at == logins.end()) return refusal_of(request, "not_logged_in");
    connection.account = at->second;
    return result_of(request, {{"account", 1}, {"name", at->second}});
  }
  if (params.contains("seq") && params.contains("first")) return carry_out_sequenced(connection, request);
  return result_of(request, {{"asked", request.method}});
}

wire::RpcResponse FakeCluster::carry_out_sequenced(FakeConnection& connection, const wire::RpcRequest& request) {
  const auto at = clients_.find(connection.client);
  if (connection.client == 0) return refusal_of(request, "not_attached");
  if (at == clients_.end()) return refusal_of(request, "unknown_client");
  auto& record = at->second;
  const auto sequence = number_field(request.params, "seq").value_or(0);
  json::object bare = request.params;
  bare.erase("first");
  const std::string payload = request.method + json::serialize(bare);
  if (sequence <= record.last) {
    const auto known = record.answers.find(sequence);
    if (known == record.answers.end()) return refusal_of(request, "forgotten");
    if (known->second.first != payload) return refusal_of(request, "conflict");
    wire::RpcResponse again = known->second.second;
    again.id = *request.id;
    if (request.method == "login") connection.account = text_field(request.params, "name");
    return again;
  }
  if (sequence != record.last + 1) return refusal_of(request, "wrong_sequence", {{"expected", record.last + 1}});
  record.answers.erase(record.answers.begin(),
                       record.answers.lower_bound(number_field(request.params, "first").value_or(0)));
  record.last = sequence;
  ++applied;
  auto response = execute(connection, request);
  record.answers[sequence] = {payload, response};
  return response;
}

wire::RpcResponse FakeCluster::execute(FakeConnection& connection, const wire::RpcRequest& request) {
  if (request.method == "login") {
    connection.account = text_field(request.params, "name");
    logins[text_field(request.params, "token")] = connection.account;
    executed.push_back("login " + connection.account);
    return result_of(request, {{"account", 1}, {"name", connection.account}});
  }
  const std::string text = text_field(request.params, "text");
  executed.push_back(request.method + " " + text);
  return result_of(request, {{"id", applied}, {"in", "#room"}, {"number", executed.size()}, {"time", 0}});
}

void FakeCluster::add_message(const std::string& text) {
  StoredMessage stored;
  stored.changed = ++applied;
  stored.message["id"] = applied;
  stored.message["in"] = "#room";
  stored.message["number"] = messages.size() + 1;
  stored.message["from"] = "bea";
  stored.message["time"] = 0;
  stored.message["text"] = text;
  messages.push_back(stored);
  json::object pushed = stored.message;
  pushed["cursor"] = stored.changed;
  for (const auto& node : nodes_) {
    for (const auto& weak : node->connections_) {
      const auto connection = weak.lock();
      if (!connection || connection->account.empty()) continue;
      wire::RpcRequest notification;
      notification.method = "message";
      notification.params = pushed;
      connection->give(wire::encode(notification));
    }
  }
}

}  // namespace parley::cli
