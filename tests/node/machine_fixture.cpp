#include "node/machine_fixture.hpp"

#include "net/spawn.hpp"

namespace parley::node::test {

using namespace std::chrono_literals;

namespace {

const std::map<net::Lane, sim::LaneDelay> lane_delays = {
    {net::Lane::log, {1ms, 1ms}},    {net::Lane::archive, {2ms, 2ms}},    {net::Lane::pages, {1ms, 1ms}},
    {net::Lane::search, {1ms, 1ms}}, {net::Lane::password, {50ms, 50ms}},
};

}  // namespace

// -- the client ---------------------------------------------------------------------------------------------------

TestClient::TestClient(MachineTest& test, std::shared_ptr<FakeConnection> connection)
    : test_(test), connection_(std::move(connection)) {}

void TestClient::listen() {
  for (; heard_ < connection_->heard.size(); ++heard_) {
    auto message = json::parse(connection_->heard[heard_]).as_object();
    if (!message.contains("id")) {
      notifications_.push_back(std::move(message));
    } else if (!message.at("id").is_null()) {
      answers_[message.at("id").to_number<std::uint64_t>()] = std::move(message);
    } else {
      answers_[0] = std::move(message);
    }
  }
}

std::uint64_t TestClient::send(const std::string& method, json::object params) {
  json::object request{{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", std::move(params)}};
  connection_->say(json::serialize(request));
  return last_id_;
}

std::optional<json::object> TestClient::answer(std::uint64_t id) {
  listen();
  const auto found = answers_.find(id);
  if (found == answers_.end()) return std::nullopt;
  return found->second;
}

json::object TestClient::wait(std::uint64_t id) {
  const bool came = test_.run_until([&] { return answer(id).has_value(); });
  if (!came) ADD_FAILURE() << "no answer to request " << id;
  return came ? *answer(id) : json::object();
}

json::object TestClient::ask(const std::string& method, json::object params) {
  return wait(send(method, std::move(params)));
}

json::object TestClient::result(const std::string& method, json::object params) {
  auto answer = ask(method, std::move(params));
  if (answer.contains("result")) return answer.at("result").as_object();
  ADD_FAILURE() << method << ": " << json::serialize(answer);
  return {};
}

json::object TestClient::error(const std::string& method, json::object params) {
  auto answer = ask(method, std::move(params));
  if (answer.contains("error")) return answer.at("error").as_object();
  ADD_FAILURE() << method << ": " << json::serialize(answer);
  return {};
}

namespace {

std::string reason_in(const json::object& error) {
  const auto* data = error.if_contains("data");
  const auto* reason = data && data->is_object() ? data->get_object().if_contains("reason") : nullptr;
  return reason ? std::string(reason->as_string()) : "(none)";
}

}  // namespace

std::string TestClient::reason(const std::string& method, json::object params) {
  return reason_in(error(method, std::move(params)));
}

json::object TestClient::sequenced(json::object params) {
  params["seq"] = next;
  params["first"] = next;
  ++next;
  return params;
}

json::object TestClient::do_result(const std::string& method, json::object params) {
  return result(method, sequenced(std::move(params)));
}

json::object TestClient::do_error(const std::string& method, json::object params) {
  return error(method, sequenced(std::move(params)));
}

std::string TestClient::do_reason(const std::string& method, json::object params) {
  return reason_in(do_error(method, std::move(params)));
}

void TestClient::open(const std::string& key) {
  client = result("client.open", {{"key", key}}).at("client").to_number<std::uint64_t>();
  next = 1;
}

void TestClient::enter(const std::string& name) {
  if (client == 0) open(name + "-has-a-key-of-enough-length");
  token_ = name + "-token-0123456789012345678901234567890";
  do_result("account.register", {{"name", name}, {"password", "secret of " + name}});
  do_result("login", {{"name", name}, {"password", "secret of " + name}, {"token", token_}});
}

std::vector<json::object> TestClient::notifications(const std::string& method) {
  listen();
  std::vector<json::object> result;
  for (const auto& message : notifications_) {
    if (message.at("method").as_string() == method) result.push_back(message.at("params").as_object());
  }
  return result;
}

// -- the machine --------------------------------------------------------------------------------------------------

struct MachineTest::Parts {
  explicit Parts(MachineTest& test)
      : life(test.world.begin_life("node")),
        clock(test.world, life, milliseconds(1'700'000'000'000)),
        network(clock),
        workers(test.world, life, lane_delays),
        entropy(42),
        logger(make_sink_logger([&test](LogLevel, std::string_view event, std::string_view text) {
          test.log_lines.push_back(std::string(event) + ": " + std::string(text));
        })) {}

  sim::Life life;
  sim::SimClock clock;
  FakeNetwork network;
  sim::SimWorkers workers;
  sim::SimEntropy entropy;
  sim::SimHasher hasher;
  std::unique_ptr<Logger> logger;
  std::unique_ptr<Machine> machine;
};

MachineTest::MachineTest() {
  self.id = NodeId{1};
  self.client.listen = self.client.advertise = "fake:7201";
  cluster.nodes.push_back(self);
  replication = std::make_unique<FakeReplication>(self.id);
}

MachineTest::~MachineTest() { kill(); }

void MachineTest::start() {
  parts = std::make_unique<Parts>(*this);
  replication->begin(parts->clock);
  auto opened = store::Archive::open(disk, "archive");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Seams seams{world.context(parts->life).get_executor(),
              parts->clock,
              parts->network,
              parts->workers,
              parts->entropy,
              parts->hasher,
              disk,
              *parts->logger};
  auto made = make_machine(seams, cluster, self, std::move(*opened));
  ASSERT_TRUE(made.ok()) << made.error().message;
  parts->machine = std::move(*made);
  net::spawn(seams.executor, parts->machine->run(*replication));
  world.run_for(10ms);
}

void MachineTest::stop() {
  parts->machine->stop();
  replication->stop();
  world.run_for(10s);
  const bool ended = world.context(parts->life).stopped();
  EXPECT_TRUE(ended) << "all loops end when the machine is stopped";
  world.end_life(parts->life);
  parts.reset();
}

void MachineTest::kill() {
  if (!parts) return;
  world.end_life(parts->life);
  parts.reset();
  disk.kill();
}

Machine& MachineTest::machine() { return *parts->machine; }
FakeNetwork& MachineTest::network() { return parts->network; }
sim::SimHasher& MachineTest::hasher() { return parts->hasher; }

TestClient MachineTest::connect(std::string from) { return TestClient(*this, network().dial(std::move(from))); }

TestClient MachineTest::member(const std::string& name) {
  auto client = connect();
  client.enter(name);
  return client;
}

bool MachineTest::run_until(const std::function<bool()>& condition, Duration at_most) {
  return world.run_until(condition, at_most);
}

}  // namespace parley::node::test
