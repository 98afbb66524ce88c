#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/machine.hpp"
#include "node/machine_fakes.hpp"
#include "sim/seams.hpp"
#include "sim/world.hpp"
#include "store/memory_disk.hpp"

namespace parley::node::test {

namespace json = boost::json;

class MachineTest;

// A client as a dialogue: says requests, keeps what it hears.
class TestClient {
 public:
  TestClient(MachineTest& test, std::shared_ptr<FakeConnection> connection);

  // Sends and waits for the answer to it: {"result": …} or {"error": …}.
  json::object ask(const std::string& method, json::object params = {});
  json::object result(const std::string& method, json::object params = {});  // fails the test if it is an error
  json::object error(const std::string& method, json::object params = {});   // fails the test if it is a result
  std::string reason(const std::string& method, json::object params = {});   // error.data.reason

  // The same for sequenced methods: adds "seq" and "first".
  json::object do_result(const std::string& method, json::object params = {});
  json::object do_error(const std::string& method, json::object params = {});
  std::string do_reason(const std::string& method, json::object params = {});
  json::object sequenced(json::object params);

  std::uint64_t send(const std::string& method, json::object params);  // does not wait; the request's id
  std::optional<json::object> answer(std::uint64_t id);                // if it has come
  json::object wait(std::uint64_t id);

  void open(const std::string& key = "a-key-that-only-i-know");  // a client session
  void enter(const std::string& name);                           // opens, registers and logs in
  std::string token() const { return token_; }

  std::vector<json::object> notifications(const std::string& method);  // params, so far
  FakeConnection& connection() { return *connection_; }

  std::uint64_t client = 0;
  std::uint64_t next = 1;

 private:
  void listen();
  MachineTest& test_;
  std::shared_ptr<FakeConnection> connection_;
  std::size_t heard_ = 0;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, json::object> answers_;
  std::vector<json::object> notifications_;
  std::string token_;
};

// One machine over a real archive in a disk in memory, with virtual time and a scripted consensus side.
class MachineTest : public ::testing::Test {
 public:
  MachineTest();
  ~MachineTest() override;

  void start();
  void stop();  // as SIGTERM: everything is archived, the loops end
  void kill();  // as SIGKILL
  TestClient connect(std::string from = "127.0.0.1:5000");
  TestClient member(const std::string& name);  // connected, registered, logged in

  bool run_until(const std::function<bool()>& condition, Duration at_most = std::chrono::seconds(30));
  void run_for(Duration duration) { world.run_for(duration); }

  sim::World world{1};
  store::MemoryDisk disk;
  ClusterConfig cluster;
  NodeConfig self;
  std::unique_ptr<FakeReplication> replication;
  std::vector<std::string> log_lines;

  struct Parts;
  std::unique_ptr<Parts> parts;
  Machine& machine();
  FakeNetwork& network();
  sim::SimHasher& hasher();
};

inline std::uint64_t number(const json::object& object, const char* name) {
  return object.at(name).to_number<std::uint64_t>();
}
inline std::string text(const json::object& object, const char* name) {
  return std::string(object.at(name).as_string());
}
inline int code(const json::object& error) { return error.at("code").to_number<int>(); }

}  // namespace parley::node::test
